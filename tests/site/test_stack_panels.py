"""How wide pictures are cut into pieces that a telephone stacks: as `pytest tests/site`, without a site."""

import matplotlib.pyplot as plt
import pytest
import torch

from _ext.stack_panels import PICTURE, in_pieces
from utils.plotting import show_images, style


def save(figure, folder):
    """Save a figure as a notebook shows it, in a page's folder of pictures."""
    (folder / "_images").mkdir(exist_ok=True)
    figure.savefig(folder / "_images/figure.png", bbox_inches="tight")
    plt.close(figure)
    return PICTURE.search('<img alt="A &amp; B" src="_images/figure.png" />'), folder / "page.html"


def curves(n, **options):
    with style():
        figure, axes = plt.subplots(1, n, **options, squeeze=False)
        for ax in axes[0]:
            ax.plot([0, 1])
            ax.set(xlabel="epoch", ylabel="accuracy")
    return figure


@pytest.mark.parametrize(("panels", "width"), [(2, 7), (3, 7.6), (2, 6)])
def test_each_panel_is_a_piece(panels, width, tmp_path):
    html = in_pieces(*save(curves(panels, figsize=(width, 2.8)), tmp_path))
    assert html.count('src="_images/figure.png"') == panels
    assert html.count('alt="A &amp; B"') == 1
    assert html.count('alt=""') == panels - 1
    assert "object-position: 0.000% 0" in html
    assert "object-position: 100.000% 0" in html


def test_a_row_of_images_becomes_two(tmp_path):
    figure, _ = show_images(torch.eye(2).repeat(10, 1, 1), "abcdefghij", columns=10)
    html = in_pieces(*save(figure, tmp_path))
    assert html.count("<img") == 2


@pytest.mark.parametrize("figsize", [(5, 3), (8, 3)])
def test_one_panel_stays_as_it_is(figsize, tmp_path):
    match, page = save(curves(1, figsize=figsize), tmp_path)
    assert in_pieces(match, page) == match[0]
