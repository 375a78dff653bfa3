"""A pretend accelerator, `torch.device("fake")`: it finds a lesson's device bugs where there is no GPU.

Importing this module registers it as torch's device "PrivateUse1" for the rest of the process (before the
first backward pass, as torch counts its devices then). Its tensors are plain `torch.Tensor`s, so that
autograd, optimizers, hooks, saving and printing are torch's own; each kernel is computed by the CPU's.

Emulated, with CUDA's exceptions: tensors of two devices do not mix, except where torch allows it (a CPU
tensor without dimensions in elementwise arithmetic, CPU indices, copies); NumPy and matplotlib refuse its
tensors; a CPU generator cannot draw there; what it draws itself differs from what the CPU draws from the same
seed; and, while `without_float64()` lasts, float64 is refused as on Apple's GPUs (lessons run so).
`counted()` gives what a test may ask for: `kernels` launched; `reads`, for which the host waits (`item`,
`cpu`, `bool`, `tolist`, `nonzero`, boolean masks); `writes`, tensors copied there from the host.

Not emulated: real asynchrony, rounding and speed; limits on memory; `torch.Generator("fake")`; labels out of
bounds that a GPU reports late; operations that a GPU lacks; `nn.LSTM` and `nn.GRU`, pinned memory, autocast
and `torch.compile`; several devices.

`python -m tools.fake_accelerator NOTEBOOK…` runs lessons on it, claims included, in two to three times the
time that they take on the CPU. With `--quick` each pass over a DataLoader ends after eight batches, and what
is claimed is computed but need not hold: every cell still meets the device. (Solutions that compute with the
results of training may not run so.) `--cpu` runs them on the CPU.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import itertools
import sys
import time
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import torch
from IPython.core.interactiveshell import InteractiveShell
from torch.utils import backend_registration
from torch.utils.data import DataLoader

from utils import training

aten = torch.ops.aten
counts = Counter(kernels=0, reads=0, writes=0)
_refused = set()  # dtypes
_generator = torch.Generator()
_AS_CPU = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)


class _Module(backend_registration._DummyBackendModule):
    """What torch calls `torch.fake`."""

    def manual_seed_all(self, seed):
        _generator.manual_seed(seed ^ 0xFA4E)


backend_registration._setup_privateuseone_for_python_backend("fake", backend_module=_Module())
DEVICE = torch.device("fake", 0)


@contextlib.contextmanager
def without_float64():
    """Refuse float64 on the device, as Apple's GPUs do."""
    _refused.add(torch.float64)
    try:
        yield
    finally:
        _refused.clear()


@contextlib.contextmanager
def counted():
    """Give a Counter of the kernels, reads and writes inside the `with`; it is filled at its end."""
    before, found = counts.copy(), Counter()
    try:
        yield found
    finally:
        found.update({name: counts[name] - before[name] for name in counts})


def _on_device(storage):
    """The same memory, as a storage of the device; it keeps the CPU's storage alive."""
    twin = torch._C._construct_storage_from_data_pointer(storage.data_ptr(), DEVICE, storage.nbytes())
    twin._cpu = storage
    return twin


def _place(tensor, cpu):
    """Let a tensor of the device show the memory of a CPU tensor."""
    where = _on_device(cpu.untyped_storage()), cpu.storage_offset(), cpu.size(), cpu.stride()
    return aten.set_.source_Storage_storage_offset.redispatch(_AS_CPU, tensor, *where)


def _to_device(cpu):
    if cpu.dtype in _refused:
        raise TypeError(
            "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            " Please use float32 instead."
        )
    return _place(torch._C._acc.create_empty_tensor((0,), cpu.dtype), cpu)


def _to_cpu(tensor):
    """The same memory, as a CPU tensor."""
    where = tensor.untyped_storage()._cpu, tensor.storage_offset(), tensor.size(), tensor.stride()
    return torch.empty(0, dtype=tensor.dtype).set_(*where)


class _Traits:
    """What `_kernel` must know of an operation."""

    # These look at sizes and storage only: the CPU's kernel makes a tensor of the same device.
    METADATA = (aten.view.default, aten.as_strided.default, aten._reshape_alias.default, aten.unfold.default)
    METADATA += (aten.set_.source_Storage, aten.set_.source_Storage_storage_offset)
    INDEXING = aten.index.Tensor, aten.index.Tensor_out, aten._index_put_impl_.default
    WAITING = torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape

    def __init__(self, op):
        self.is_metadata = op in self.METADATA
        self.is_copy = op is aten._copy_from.default
        self.indices = 1 if op in self.INDEXING else None  # the argument that may be on the CPU
        self.takes_numbers = torch.Tag.pointwise in op.tags or op in self.INDEXING
        self.waits = any(tag in op.tags for tag in self.WAITING)
        self.tensors = [isinstance(argument.type, torch.TensorType) for argument in op._schema.arguments]
        self.draws = torch.Tag.nondeterministic_seeded in op.tags


_traits = {}  # by the id of an operation, as its hash is slow


def _kernel(op, *args, **kwargs):
    """Compute any operation of the device."""
    traits = _traits.get(id(op)) or _traits.setdefault(id(op), _Traits(op))
    if traits.is_metadata:
        return op.redispatch(_AS_CPU, *args, **kwargs)
    counts["kernels"] += 1
    counts["reads"] += traits.waits
    if traits.is_copy:
        return _copy(*args[:2])
    pairs = []  # of a CPU tensor and the tensor of the device that it stands for

    def cpu(value, is_index=False):
        if isinstance(value, torch.Tensor):
            if value.is_cpu:
                if not (is_index or (traits.takes_numbers and value.dim() == 0)):
                    raise RuntimeError(
                        "Expected all tensors to be on the same device, but found at least two devices,"
                        f" {DEVICE} and cpu! (when checking arguments of {op})"
                    )
                return value
            twin = _to_cpu(value)
            pairs.append((twin, value))
            return twin
        if isinstance(value, (list, tuple)):
            return [cpu(part, is_index) for part in value]
        if type(value) is torch.Generator:
            raise RuntimeError(f"Expected a '{DEVICE.type}' device type for generator but found 'cpu'")
        return "cpu" if type(value) is torch.device else value

    def device(value):
        if isinstance(value, torch.Tensor):
            original = next((original for twin, original in pairs if twin is value), None)
            return _to_device(value) if original is None else original
        return type(value)(map(device, value)) if isinstance(value, (list, tuple)) else value

    args = [cpu(value, position == traits.indices) for position, value in enumerate(args)]
    for position, value in enumerate(args):  # the dispatcher hands over 2 for a tensor that was a number
        if traits.tensors[position] and isinstance(value, (bool, int, float, complex)):
            like = next((tensor.dtype for tensor, _ in pairs if tensor.is_floating_point()), None)
            args[position] = torch.tensor(value, dtype=None if isinstance(value, complex) else like)
    kwargs = {name: cpu(value) for name, value in kwargs.items()}
    with _own_random_numbers() if traits.draws else contextlib.nullcontext():
        result = op(*args, **kwargs)
    for twin, original in pairs:  # an output may have been given its size by the operation
        if twin.size() != original.size() or twin.data_ptr() != original.data_ptr():
            _place(original, twin)
    return device(result)


@contextlib.contextmanager
def _own_random_numbers():
    state = torch.get_rng_state()
    torch.set_rng_state(_generator.get_state())
    yield
    _generator.set_state(torch.get_rng_state())
    torch.set_rng_state(state)


def _copy(source, target):
    """Copy between two tensors, of which at least one is of the device."""
    counts["reads"] += target.is_cpu
    counts["writes"] += source.is_cpu
    (target if target.is_cpu else _to_cpu(target)).copy_(source if source.is_cpu else _to_cpu(source))
    return target


def _convolution(*args):
    return _kernel(aten.convolution.default, *args)


def _convolution_backward(gradient, X, weight, stride, padding, dilation, transposed, shift, groups, mask):
    settings = stride, padding, dilation, transposed, shift, groups, mask
    return _kernel(aten.convolution_backward.default, gradient, X, weight, None, *settings)


def _load(storage, location):
    """Let torch.load put what was saved on the device back there; other locations are not ours."""
    return _on_device(storage) if location.startswith(DEVICE.type) else None


def _clone_storage(storage):
    """For copy.deepcopy: torch would ask the device for memory."""
    return _on_device(storage._cpu.clone()) if storage.device.type == DEVICE.type else _clone(storage)


def _set_data(tensor, value):
    """`tensor.data = value`, which `Module.to(device)` uses so that parameters stay the same objects."""
    if tensor.device.type == value.device.type:
        _data.__set__(tensor, value)
        return
    twin = value.detach().requires_grad_(tensor.requires_grad)
    twin.grad = None if tensor.grad is None else tensor.grad.to(value.device)
    torch._C._swap_tensor_impl(tensor, twin)


_data = torch._C.TensorBase.data
torch.Tensor.data = property(_data.__get__, _set_data)
_clone = torch.storage._StorageBase.clone
torch.storage._StorageBase.clone = _clone_storage
torch._has_compatible_shallow_copy_type = lambda *args: True  # as between CPU and CUDA
_libraries = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
_libraries[0].fallback(_kernel, "PrivateUse1")
_libraries[1].impl("convolution_overrideable", _convolution, "PrivateUse1")
_libraries[1].impl("convolution_backward_overrideable", _convolution_backward, "PrivateUse1")
torch.serialization.register_package(0, lambda storage: None, _load)


class _ComputeOnly(ast.NodeTransformer):
    """Make an assert compute its condition, whatever comes out."""

    def visit_Assert(self, node):
        condition = ast.Call(ast.Name("bool", ast.Load()), [node.test], [])
        return ast.copy_location(ast.Expr(condition), node)


def _shorten(shell, batches=8):
    """Let each pass over a DataLoader end early, and claims fail: most of the time is spent in training."""
    whole = DataLoader.__iter__
    DataLoader.__iter__ = lambda loader: itertools.islice(whole(loader), batches)
    shell.ast_transformers.append(_ComputeOnly())


def run_lesson(path, shell, device):
    """Run a notebook's code cells in order, but for set-up cells, with `pick_device` returning `device`.

    Returns whether every cell did what it should; IPython has printed the error of the one that did not.
    """
    training.pick_device = lambda: device
    shell.reset()
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or "setup" in tags:
            continue
        with contextlib.redirect_stdout(io.StringIO()) as output:
            succeeded = shell.run_cell(cell.source).success
        plt.close("all")
        if not succeeded and "raises-exception" not in tags:
            print(output.getvalue(), f"{path}: cell {number} fails on {device}:", cell.source, sep="\n")
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description="Run lessons on a pretend accelerator.")
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", type=Path)
    parser.add_argument("--cpu", action="store_true", help="run them on the CPU instead")
    parser.add_argument("--quick", action="store_true", help="eight batches for each pass; claims may fail")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the kernels are small, and others may compute here
    plt.switch_backend("Agg")
    shell = InteractiveShell.instance(colors="NoColor")
    if options.quick:
        _shorten(shell)
    passed = True
    for path in options.notebooks:
        start = time.process_time()
        with without_float64(), counted() as found:
            succeeded = run_lesson(path, shell, torch.device("cpu") if options.cpu else DEVICE)
        if succeeded and not (options.cpu or found["kernels"]):
            print(f"{path}: nothing was computed on the device: take it from utils.training.pick_device().")
            succeeded = False
        passed &= succeeded
        found["seconds of CPU"] = round(time.process_time() - start)
        numbers = ", ".join(f"{count} {name}" for name, count in found.items())
        print(f"{path}: {numbers}: {'passed' if succeeded else 'FAILED'}")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
