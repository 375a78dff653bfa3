"""What all tests share: no window opens, no figure is left, and property tests are the same on every run."""

import hypothesis
import matplotlib
import matplotlib.pyplot as plt
import pytest

matplotlib.use("Agg")
hypothesis.settings.register_profile("book", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.load_profile("book")


@pytest.fixture(autouse=True)
def no_figure_is_left():
    """Close what a test drew, so that another may count what it leaves open."""
    yield
    plt.close("all")
