"""Data between grader and student's process: JSON with tensors in base64, never pickle: it cannot act.

Also read inside the sandbox, where no other part of the grader is. Torch is imported only if it is used.
"""

import base64
import math
import sys

SIZES = {  # bytes of one number
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8,
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8,
}  # fmt: skip
BYTES = 24 << 20  # of one tensor
AXES = 64  # numpy has no more


def encode(value: object) -> object:
    """Return `value` as what json can write. Raises TypeError for what is no data."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch and isinstance(value, torch.Tensor):
        # a copy: contiguous() keeps odd strides where a dimension is 1
        raw = value.detach().cpu().reshape(-1).clone(memory_format=torch.contiguous_format)
        raw = raw.view(torch.uint8).numpy().tobytes() if raw.numel() else b""
        return _encode_array("tensor", str(value.dtype).removeprefix("torch."), value.shape, raw)
    if numpy and isinstance(value, numpy.generic):
        value = value.item()
    if numpy and isinstance(value, numpy.ndarray):
        return _encode_array("array", str(value.dtype), value.shape, value.tobytes())
    if value is None or type(value) in (bool, int, float, str):
        return value
    for kind in (list, tuple):
        if isinstance(value, kind):
            return {"kind": kind.__name__, "items": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"kind": "dict", "items": [[encode(key), encode(item)] for key, item in value.items()]}
    name = type(value).__name__
    raise TypeError(f"a {name} is no tensor, array, number or text, nor a list, tuple or dict of these")


def _encode_array(kind: str, dtype: str, shape: tuple, raw: bytes) -> dict:
    if dtype not in SIZES:
        raise TypeError(f"a {kind} of {dtype} cannot be sent")
    return {"kind": kind, "dtype": dtype, "shape": list(shape), "data": base64.b64encode(raw).decode()}


def decode(item: object) -> object:
    """Return the value that `encode` was given. Raises ValueError for all that `encode` does not write."""
    try:
        return _decode(item)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as problem:
        raise ValueError(f"this is no encoded data: {type(problem).__name__}") from None


def _decode(item: object) -> object:
    if item is None or type(item) in (bool, int, float, str):
        return item
    kind = item["kind"]
    if kind == "list":
        return [_decode(one) for one in item["items"]]
    if kind == "tuple":
        return tuple(_decode(one) for one in item["items"])
    if kind == "dict":
        return {_decode(key): _decode(one) for key, one in item["items"]}
    if kind not in ("tensor", "array"):
        raise ValueError(kind)
    return _decode_array(kind, item["dtype"], item["shape"], base64.b64decode(item["data"], validate=True))


def _decode_array(kind: str, dtype: str, shape: list[int], raw: bytes) -> object:
    if len(shape) > AXES or any(type(size) is not int or size < 0 for size in shape):
        raise ValueError(shape)
    if math.prod(size or 1 for size in shape) >= 1 << 62:
        raise ValueError(shape)  # also of an empty tensor the strides must fit in 64 bits
    if len(raw) > BYTES or math.prod(shape) * SIZES[dtype] != len(raw):
        raise ValueError(len(raw))  # never more than was sent: the rest would be the grader's own memory
    if kind == "array":
        import numpy

        return numpy.frombuffer(bytearray(raw), dtype).reshape(shape)
    import torch

    if not raw:
        return torch.zeros(shape, dtype=getattr(torch, dtype))
    return torch.frombuffer(bytearray(raw), dtype=getattr(torch, dtype)).reshape(shape)
