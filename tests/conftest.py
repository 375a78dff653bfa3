"""What all tests share: one browser, no window, no figure that is left, property tests that repeat."""

from collections import defaultdict

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


@pytest.fixture(scope="session")
def browser():
    """Yield a running Chromium, one for all tests of a worker."""
    from tools.browser import chromium  # where there is no Playwright, the other tests run

    with chromium() as running:
        yield running


def pytest_collection_modifyitems(items):
    """Put large groups first and browsers last: once Playwright runs, no other test can use asyncio.

    tools/build.py keeps pytest-xdist from an order of its own. Coverage takes a third of a test's time, and
    what is drawn for a browser is covered without it.
    """
    groups = defaultdict(list)
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.no_cover)
        mark = item.get_closest_marker("xdist_group")
        groups[mark.args[0] if mark else item.nodeid].append(item)
    ordered = sorted(
        groups.values(), key=lambda group: (any("browser" in one.fixturenames for one in group), -len(group))
    )
    items[:] = [item for group in ordered for item in group]
