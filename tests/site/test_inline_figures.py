"""What becomes of a page's outputs: as `pytest tests/site`, without a site."""

import types

import matplotlib.pyplot as plt
import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document

from _ext.inline_figures import InlineFigures
from utils.plotting import style
from utils.svg import document


def cell(folder, svg, png=b"", alt="A & B"):
    """Return an output of a page as myst_nb leaves it: a container of each of its formats."""
    bundle = nodes.container(nb_element="mime_bundle")
    for kind, name, content in (("image/svg+xml", "f.svg", svg.encode()), ("image/png", "f.png", png)):
        if content:
            (folder / name).write_bytes(content)
            bundle += nodes.container("", nodes.image(uri=name, alt=alt), mime_type=kind)
    return bundle


def change(folder, *outputs):
    page = new_document("page")
    page.settings.env = types.SimpleNamespace(srcdir=str(folder), app=None, config=None)
    page.extend(outputs)
    transform = InlineFigures(page)
    transform.run()
    return page


def drawn(plot):
    with style():
        figure, axes = plt.subplots(1, 2, figsize=(7, 2.8))
        plot(axes[0])
        axes[0].set(xlabel="epoch", ylabel="accuracy")
    plt.close(figure)
    return document(figure)


def test_a_figure_stands_in_the_page_with_its_words_and_panels(tmp_path):
    page = change(tmp_path, cell(tmp_path, drawn(lambda ax: ax.plot([0, 1])), bytes(30_000)))
    html = page.findall(nodes.raw).__next__().astext()
    assert 'role="img" aria-label="A &amp; B"' in html
    assert html.count("<svg ") == 2
    assert ">epoch</text>" in html
    assert "xmlns" not in html
    assert [form["mime_type"] for form in page[0]] == ["image/svg+xml", "image/png"], (
        "myst_nb takes the first"
    )


def test_what_is_smaller_as_png_stays_an_image(tmp_path):
    points = np.random.default_rng(0).random((2, 3000))
    page = change(tmp_path, cell(tmp_path, drawn(lambda ax: ax.scatter(*points)), bytes(9000)))
    assert [form["mime_type"] for form in page[0]] == ["image/png"]
    assert not list(page.findall(nodes.raw))


@pytest.mark.parametrize("png", [b"", bytes(90)])
def test_a_drawing_of_another_hand_stays_a_file(tmp_path, png):
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h9'/></svg>"
    page = change(tmp_path, cell(tmp_path, svg, png))
    assert [image["uri"] for image in page.findall(nodes.image)] == ["f.png" if png else "f.svg"]


def test_a_script_stands_once_on_a_page(tmp_path):
    def figure(tag, data):
        script = f'<script>if (!customElements.get("{tag}")) {{\nlet a = 1;\n}}</script>'
        return nodes.raw("", f'<{tag} data="{data}"></{tag}>{script}', format="html")

    page = change(tmp_path, figure("explore-a", 1), figure("explore-b", 2), figure("explore-a", 3))
    html = [node.astext() for node in page]
    assert ["<script>" in text for text in html] == [True, True, False]
    assert ['data="1"' in html[0], 'data="3"' in html[2]] == [True, True]
