"""What the tests of homework share."""

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture(autouse=True)
def no_shell_is_left():
    """Leave no IPython behind, which others would take for a notebook's."""
    yield
    if InteractiveShell.initialized():
        type(InteractiveShell.instance()).clear_instance()


@pytest.fixture(scope="session")
def averages():
    """The plain example sheet."""
    from handed_in import EXAMPLE

    from homework.grader import sheets

    return sheets.read("averages", EXAMPLE)
