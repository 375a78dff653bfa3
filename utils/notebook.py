"""What is known of whoever runs a notebook."""

import sys


def has_reader():
    """Return whether a front end with a reader runs this cell, in a kernel that can answer later questions.

    Such a front end (JupyterLab, Notebook, VS Code, Colab) says in each request that it could also be asked
    for `input()`. What executes notebooks unseen says that it could not: nbclient, and so jupyter-cache,
    nbconvert and papermill; nbval.
    """
    kernel = getattr(shell(), "kernel", None)
    return bool(kernel and kernel.get_parent().get("content", {}).get("allow_stdin", False))


def shell():
    """Return IPython's shell, or None outside of it; IPython is not imported for that."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
