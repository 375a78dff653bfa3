"""The grader is not installed: it is found beside the tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))


@pytest.fixture(scope="session")
def averages():
    """The plain example sheet."""
    from handed_in import EXAMPLE

    from homework.grader import sheets

    return sheets.read("averages", EXAMPLE)
