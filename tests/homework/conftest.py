"""What the tests of homework share."""

import pytest


@pytest.fixture(scope="session")
def averages():
    """The plain example sheet."""
    from handed_in import EXAMPLE

    from homework.grader import sheets

    return sheets.read("averages", EXAMPLE)
