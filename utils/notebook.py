"""What is known of whoever runs a notebook."""

import sys


def shell():
    """Return the IPython shell of a notebook's kernel, or None elsewhere; IPython isn't imported for it."""
    found = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return found if hasattr(found, "kernel") else None


def has_reader():
    """Return whether a front end with a reader runs this cell, in a kernel that can answer later questions.

    Such a front end (JupyterLab, Notebook, VS Code, Colab) says in each request that it could also be asked
    for `input()`. What executes notebooks unseen says that it could not: nbclient, and so jupyter-cache,
    nbconvert and papermill; nbval.
    """
    return bool(shell()) and shell().kernel.get_parent().get("content", {}).get("allow_stdin", False)
