"""The playground in a real browser: controls, hidden bugs, images on demand, no worker, print, axe."""

import json
import re
from urllib.parse import urlsplit

import numpy as np
import playground
import pytest
from playwright.sync_api import expect
from test_element_confusion import pixels
from test_elements import THEMES

from tools.browser import OF_PAGES, axe

pytestmark = pytest.mark.xdist_group("playground")
SETS = {"images": (500, 200), "images-small": (200, 100)}
NOWHERE = '<meta http-equiv="Content-Security-Policy" content="worker-src \'none\'">'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the scripts of the images, fewer than on the site."""
    place = tmp_path_factory.mktemp("playground")
    for name, sizes in SETS.items():
        (place / f"{name}.js").write_text(playground.packed(*sizes))
    return place


@pytest.fixture
def open_page(browser, folder, monkeypatch):
    """Return a function that opens the figure as a file, where only its images may be fetched."""
    contexts, errors = [], []
    monkeypatch.setattr(playground, "SETS", SETS)

    def show(anchor="", theme="light", head="", before="", **options):
        fallback = '<figure><img alt="Weights." src="data:,"><figcaption>Words.</figcaption></figure>'
        html = f"""<!DOCTYPE html><html lang="en"><meta charset="utf-8">{head}<title>Test</title>
          <style>body {{ {THEMES[theme]} }}</style>{playground.element("", fallback)}
          <section id="softmax-twice"><p>Is it <b>fine</b>?</p><p>It <b>is</b>.</p></section>"""
        (folder / "page.html").write_text(html)
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        if before:
            page.add_init_script(before)
        page.goto((folder / "page.html").as_uri() + anchor)
        return page

    yield show
    for context in contexts:
        context.close()
    assert errors == []


def press(page, name, **options):
    page.get_by_role("button", name=name, exact=True, **options).press("Enter")


def steps(page):
    """Wait until all that was asked is there, and return how many steps were taken."""
    page.wait_for_function(
        """() => { const e = document.querySelector("explore-playground");
          return e.val && !e.waiting && !e.drawing; }"""
    )
    return page.evaluate("document.querySelector('explore-playground').steps")


def scripts(page):
    return [urlsplit(url).path.split("/")[-1] for url in page.asked if url.endswith(".js")]


def test_images_are_fetched_at_the_first_step_and_nothing_else(open_page):
    page = open_page()
    page.get_by_role("slider", name="learning rate").press("ArrowRight")
    press(page, "Blank")
    page.get_by_role("combobox", name="Experiment").select_option("memorize")
    assert scripts(page) == []
    press(page, "Step")
    assert steps(page) == 1
    press(page, "Step")
    assert steps(page) == 2
    assert scripts(page) == ["images.js"]
    assert all(urlsplit(url).scheme in ("file", "blob") for url in page.asked)


def test_who_saves_data_gets_the_smaller_set(open_page):
    page = open_page(before="Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    press(page, "Step")
    assert steps(page) == 1
    assert scripts(page) == ["images-small.js"]
    page.get_by_role("slider", name="training images").press("End")
    assert page.get_by_role("slider", name="training images").get_attribute("aria-valuetext") == "200"


def test_images_that_do_not_come_are_asked_for_again(open_page, folder):
    page = open_page()
    (folder / "images.js").rename(folder / "away.js")
    try:
        press(page, "Step")
        expect(page.locator(".now")).to_contain_text("could not be fetched")
    finally:
        (folder / "away.js").rename(folder / "images.js")
    press(page, "Step")
    assert steps(page) == 1


def test_the_same_is_computed_without_a_worker(open_page):
    """Where a policy forbids one, the page computes."""
    told = []
    for head, workers in (("", 1), (NOWHERE, 0)):
        page = open_page(head=head)
        for k in (1, 2):
            press(page, "Step")
            assert steps(page) == k
        assert len(page.workers) == workers
        told.append(page.locator(".now").text_content())
    assert re.fullmatch(r"Step 2, epoch 1\.00, loss of this batch \d\.\d+", told[0])
    assert told[0] == told[1]


def test_play_trains_until_pause_and_says_the_end_once(open_page):
    page = open_page()
    spoken = page.locator("explore-playground .spoken")
    press(page, "Play")
    page.wait_for_function("document.querySelector('explore-playground').steps > 8")
    assert spoken.text_content() == "", "silent while it trains"
    press(page, "Pause")
    rest = steps(page)
    expect(spoken).to_contain_text(f"Step {rest}: validation loss")
    page.wait_for_timeout(300)
    assert steps(page) == rest
    label = page.get_by_role("img", name="Accuracy after").get_attribute("aria-label")
    assert re.fullmatch(r"Accuracy after \d+\.\d+ epochs: training 0\.\d+, validation 0\.\d+", label)


def test_with_less_motion_one_press_is_one_epoch(open_page):
    page = open_page(reduced_motion="reduce")
    press(page, "One epoch")
    assert steps(page) == 2  # 500 images in batches of 256
    press(page, "One epoch")
    assert steps(page) == 4
    expect(page.get_by_role("button", name="Play")).to_have_count(0)


def test_each_setting_changes_the_run_and_says_so(open_page):
    page = open_page()
    press(page, "Step")
    steps(page)
    for slider in page.locator("explore-playground").get_by_role("slider").all():
        name = page.evaluate("e => e.labels[0].textContent", slider.element_handle())
        before = page.locator(".runs").text_content()
        slider.press("Home")
        slider.press("ArrowRight")
        assert name in page.locator(".runs").text_content() != before
    assert (
        page.locator(".runs")
        .text_content()
        .startswith("This run: learning rate 0.0013, training images 50, batch size 4")
    )


def test_the_run_before_stays_in_gray(open_page):
    page = open_page()
    gray = page.locator(".curves path[stroke=currentColor][stroke-opacity]")
    for _ in range(3):
        press(page, "Step")
        steps(page)
    assert gray.count() == 0
    page.get_by_role("button", name="softmax twice").press("Enter")
    assert steps(page) == 0
    assert gray.count() == 4
    expect(page.locator(".runs")).to_have_text(
        "This run: softmax twice. In gray, the run before: as in the lesson."
    )


def test_a_change_in_the_middle_of_a_run_leaves_a_mark(open_page):
    """One, at the latest; how the run began is still said, and what it was to show."""
    page = open_page("#softmax-twice")
    press(page, "Step")
    steps(page)
    marks, runs = page.locator(".curves path.axis[d$=v144]"), page.locator(".runs")
    assert marks.count() == 0
    rate = page.get_by_role("slider", name="learning rate")
    rate.press("ArrowRight")
    assert marks.count() == 2
    expect(runs).to_have_text(
        "This run: at first softmax twice; since epoch 0.51 softmax twice, learning rate 0.13."
    )
    first = marks.first.get_attribute("d")
    for _ in range(2):
        press(page, "Step")
        steps(page)
    rate.press("ArrowRight")
    assert marks.count() == 2
    assert marks.first.get_attribute("d") != first
    expect(runs).to_contain_text("at first softmax twice; since epoch 1.51 softmax twice, learning rate 0.16")
    expect(page.get_by_role("combobox", name="Experiment")).to_have_value("softmax-twice")
    expect(page.locator(".notice > p")).to_have_text("Is it fine?")
    press(page, "Reset")
    assert marks.count() == 0
    expect(runs).to_contain_text(
        "This run: softmax twice, learning rate 0.16. In gray, the run before: at first"
    )
    expect(page.get_by_role("combobox", name="Experiment").locator("option:checked")).to_have_text("Your own")


def test_large_numbers_have_a_comma(open_page):
    page = open_page("#unscaled-pixels")
    page.get_by_role("slider", name="batch size").press("End")
    assert page.get_by_role("slider", name="batch size").get_attribute("aria-valuetext") == "1,024"
    page.get_by_role("slider", name="wrong labels").press("End")
    expect(page.locator(".runs")).to_contain_text("wrong labels 90%")
    for _ in range(3):
        press(page, "Step")
        steps(page)
    page.evaluate(
        """() => { const e = document.querySelector("explore-playground");
          e.receive({ records: [], run: e.runs, steps: 12345, loss: 23456 }); }"""
    )
    expect(page.locator(".now")).to_contain_text("Step 12,345, ")
    expect(page.locator(".now")).to_contain_text("loss of this batch 23,456")


def test_a_guess_is_near_what_is_watched_on_a_phone(open_page):
    """Play, both curves and the names of the bugs are on the screen together."""
    page = open_page(viewport={"width": 400, "height": 844})
    press(page, "Hide one for me")
    top = page.get_by_role("button", name="Play", exact=True).bounding_box()["y"]
    last = page.get_by_role("button", name="Tell me").bounding_box()
    assert 0 < last["y"] + last["height"] - top < 844


def test_an_address_names_an_experiment(open_page):
    page = open_page("#softmax-twice")
    expect(page.get_by_role("combobox", name="Experiment")).to_have_value("softmax-twice")
    expect(page.get_by_role("button", name="softmax twice", pressed=True)).to_be_visible()
    expect(page.locator(".notice > p")).to_have_text("Is it fine?")
    noticed = page.locator(".notice details > p")
    expect(noticed).to_be_hidden()
    page.get_by_text("What to notice").press("Enter")
    expect(noticed).to_be_visible()
    assert scripts(page) == []
    page.evaluate("location.hash = 'single-images'")
    expect(page.get_by_role("combobox", name="Experiment")).to_have_value("single-images")
    expect(page.get_by_role("button", name="softmax twice", pressed=False)).to_be_visible()
    assert page.get_by_role("slider", name="batch size").get_attribute("aria-valuetext") == "1"
    page.evaluate("location.hash = 'experiments'")
    expect(page.get_by_role("combobox", name="Experiment")).to_have_value("single-images")


@pytest.mark.parametrize("k", range(7))
def test_a_hidden_bug_is_told_by_its_symptom(open_page, k):
    """Also that there is none; a wrong guess gives no answer away."""
    page = open_page(before=f"Math.random = () => {(k + 0.5) / 7}")
    names = list(playground.words()["bugs"])
    texts = [text for text, _ in playground.words()["bugs"].values()]
    press(page, "Hide one for me")
    expect(page.get_by_role("button", name="Play")).to_be_focused()
    expect(page.get_by_role("button", name="wrong axis", exact=True)).to_be_disabled()
    press(page, "Step")
    assert steps(page) == 1
    bugs = "Object.keys(document.querySelector('explore-playground').begun.bugs)"
    assert page.evaluate(bugs) == [name for name in [names[k]] if name != "none"]
    expect(page.locator(".runs")).to_have_text("This run: a hidden bug, or none.")
    press(page, texts[(k + 1) % 7])
    feedback = page.locator(".feedback")
    wrong = "There is a bug. Without one" if k == 5 else f"It is not “{texts[(k + 1) % 7]}”. With it"
    expect(feedback).to_contain_text(f"{wrong}, at the settings of the baseline, you would see this: ")
    assert texts[k] not in feedback.text_content()
    press(page, texts[k])
    expect(feedback).to_contain_text(f"Yes, it is “{texts[k]}”. The symptom: ")
    expect(page.get_by_role("button", name="Hide one for me")).to_be_focused()
    assert page.locator(".bugs [aria-pressed=true]").all_inner_texts() == [texts[k]] * (k < 6)
    assert page.evaluate(bugs) == [name for name in [names[k]] if name != "none"]


def test_who_gives_up_is_told(open_page):
    page = open_page(before="Math.random = () => 0.3")
    press(page, "Hide one for me")
    press(page, "Tell me")
    expect(page.locator(".feedback")).to_contain_text("It is “no zero_grad”. The symptom: ")


def test_what_was_said_goes_with_the_next_choice(open_page):
    page = open_page()
    feedback = page.locator(".feedback")
    for choose in (
        lambda: page.get_by_role("combobox", name="Experiment").select_option("memorize"),
        lambda: press(page, "no shuffle", pressed=False),
        lambda: page.get_by_role("slider", name="seed").press("ArrowRight"),
        lambda: page.get_by_role("slider", name="learning rate").press("ArrowRight"),
    ):
        press(page, "Hide one for me")
        page.get_by_role("slider", name="learning rate").press("ArrowRight")
        expect(page.locator(".notice")).to_contain_text("One of the six bugs is planted")
        expect(feedback).to_have_text("")
        press(page, "Tell me")
        expect(feedback).to_contain_text("The symptom")
        for planted in page.locator(".bugs").get_by_role("button", name="no shuffle", pressed=True).all():
            planted.press("Enter")
            expect(feedback).to_have_text("")
        choose()
        expect(feedback).to_have_text("")


def test_a_bug_is_hidden_at_the_settings_of_the_baseline_and_each_of_five_is_another(open_page):
    page = open_page(before="Math.random = () => 0.3")
    page.get_by_role("combobox", name="Experiment").select_option("memorize")
    for _ in range(3):
        press(page, "Step")
        steps(page)
    secrets = []
    for _ in range(8):
        press(page, "Hide one for me")
        expect(page.locator(".runs")).to_have_text("This run: a hidden bug, or none.")
        expect(page.locator(".notice")).to_contain_text("One of the six bugs is planted, or none.")
        assert page.locator(".curves path[stroke=currentColor][stroke-opacity]").count() == 0
        secrets.append(page.evaluate("document.querySelector('explore-playground').secret"))
        press(page, "Tell me")
        page.get_by_role("slider", name="learning rate").press("ArrowRight")
    assert all(len(set(secrets[k : k + 5])) == 5 for k in range(4))


def test_the_experiment_is_the_one_at_which_the_controls_stand(open_page):
    page = open_page("#softmax-twice")
    experiment = page.get_by_role("combobox", name="Experiment")
    expect(experiment).to_have_value("softmax-twice")
    page.get_by_role("slider", name="learning rate").press("ArrowRight")
    expect(experiment.locator("option:checked")).to_have_text("Your own")
    expect(page.locator(".notice")).to_have_text("")
    page.get_by_role("slider", name="learning rate").press("ArrowLeft")
    expect(experiment).to_have_value("softmax-twice")
    expect(page.locator(".notice > p")).to_have_text("Is it fine?")


def test_a_cell_chosen_again_gives_its_next_image(open_page):
    page = open_page()
    press(page, "Step")
    steps(page)
    number = "document.querySelector('explore-playground').chosen"
    cells = page.get_by_role("grid").locator("td[aria-selected]").all()
    cell = max(cells, key=lambda cell: int(cell.inner_text()))
    row, column = divmod(cells.index(cell), 10)
    of_cell = page.evaluate(
        """([i, j]) => { const { val, predictions } = document.querySelector("explore-playground");
          return [...val.labels.keys()].filter((k) => val.labels[k] === i && predictions[k] === j); }""",
        [row, column],
    )
    assert len(of_cell) > 4
    seen = []
    for choose in (cell.click, cell.click, lambda: cell.press("Enter"), lambda: cell.press(" ")):
        choose()
        seen.append(page.evaluate(number))
    first = of_cell.index(seen[0])
    assert seen == [of_cell[(first + k) % len(of_cell)] for k in range(4)]


def test_words_of_the_loss_stay_in_the_picture(open_page):
    page = open_page("#unscaled-pixels")
    for _ in range(4):
        press(page, "Step")
        steps(page)
    boxes = (
        page.locator(".curves svg")
        .first.locator("text")
        .evaluate_all(
            "all => all.map((e) => [e.textContent, e.getBBox().x, e.getBBox().x + e.getBBox().width])"
        )
    )
    assert "10⁴" in [text for text, _, _ in boxes]
    assert all(0 <= left <= right <= 360 for text, left, right in boxes if text)
    (_, _, end), (_, start, _) = (box for box in boxes if re.match("(training|validation) .", box[0]))
    assert end < start - 20, "the line of the key stands between"


def test_on_a_phone_a_chosen_cell_shows_its_image(open_page):
    page = open_page(viewport={"width": 400, "height": 800})
    press(page, "Step")
    steps(page)
    pad = page.locator(".pad")
    page.locator("tbody td").get_by_text("0", exact=True).last.click()
    expect(pad).not_to_be_in_viewport()  # there is no image of this kind
    page.locator("tbody td").filter(has_not_text=re.compile("^0$")).last.click()
    expect(pad).to_be_in_viewport(ratio=1)


def test_the_matrix_is_one_tab_stop_and_a_cell_sends_its_image_to_the_pad(open_page):
    page = open_page()
    press(page, "Step")
    steps(page)
    grid = page.get_by_role("grid", name="Confusion matrix")
    counts = np.array(
        [[int(t) for t in row.locator("td").all_inner_texts()] for row in grid.locator("tbody tr").all()]
    )
    (X, y) = playground.sets(*SETS["images"])[1]
    np.testing.assert_array_equal(counts.sum(1), np.bincount(y, minlength=10))
    assert grid.locator("[tabindex='0']").count() == 1
    row, column = np.argwhere(counts - np.diag(counts.diagonal()))[0]
    grid.locator("[tabindex='0']").focus()
    for key, times in (("ArrowDown", row), ("ArrowRight", column)):
        for _ in range(times):
            page.keyboard.press(key)
    classes = playground.load_fashion_mnist().classes
    expect(page.locator(".verdict b").first).to_have_text(classes[column])
    expect(page.locator(".verdict b").last).to_have_text(classes[row])
    assert grid.locator("[tabindex='0']").count() == grid.locator("[aria-selected=true]").count() == 1
    shown = pixels(page.locator(".pad"))[..., 3].ravel()
    assert (shown == X[y == row] * 17).all(1).any()


def test_the_parts_of_an_image_sum_to_its_logit(open_page):
    page = open_page()
    for _ in range(2):
        press(page, "Step")
        steps(page)
    for name in ("Next", "Mistake", "Back"):
        press(page, name)
        logits, p = page.evaluate(
            """() => { const { layers: [{ W, b }], x } = document.querySelector("explore-playground");
              const z = [...b].map((v, k) => x.reduce((sum, u, j) => sum + u * W[10 * j + k], v));
              const sum = z.reduce((s, v) => s + Math.exp(v), 0);
              return [z, z.map((v) => Math.exp(v) / sum)]; }"""
        )
        told = page.locator(".parts").evaluate_all("all => all.map(e => e.ariaLabel)")
        for k, text in enumerate(told):
            found = [float(n.replace("−", "-")) for n in re.findall(r"[−-]?\d+\.\d+", text)]
            assert found == pytest.approx([logits[k], p[k]], abs=6e-3)


def test_the_pad_is_drawn_on_by_keyboard_and_pointer(open_page):
    page = open_page()
    press(page, "Step")
    steps(page)
    press(page, "Blank")
    pad = page.locator(".pad")

    def image():
        x = page.evaluate("[...document.querySelector('explore-playground').x]")
        return np.array(x).reshape(28, 28)

    assert image().sum() == 0
    pad.focus()
    for key in ("ArrowUp", "ArrowLeft", " "):
        pad.press(key)
    assert image()[13, 13] == pytest.approx(0.9)
    assert image().sum() == pytest.approx(0.9 + 4 * 0.5)
    pad.press("Delete")
    assert image().sum() == 0
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 5.5 / 28, box["y"] + box["height"] * 3.5 / 28)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 12.5 / 28, box["y"] + box["height"] * 3.5 / 28)
    page.mouse.up()
    assert (image()[3, 5:13] >= 0.9).all()
    assert "the label is" not in page.locator(".verdict").text_content()


def test_hidden_units_show_what_training_has_added(open_page):
    """Nothing before the first step, although the initial weights are noise."""
    page = open_page()
    page.get_by_role("slider", name="hidden units").press("ArrowRight")
    press(page, "Step")
    steps(page)
    units = page.locator(".units canvas")
    expect(units).to_have_count(4)
    drawn = np.stack([pixels(unit)[..., 3] for unit in units.all()])
    added = page.evaluate(
        """() => { const { layers: [{ W }], initial } = document.querySelector("explore-playground");
          return [...W].map((v, j) => v - initial[j]); }"""
    )
    added = np.abs(np.array(added).reshape(784, 4).T.reshape(4, 28, 28))
    np.testing.assert_allclose(drawn / 255, np.sqrt(np.minimum(1, added / (0.8 * added.max()))), atol=0.01)
    press(page, "Reset")
    assert steps(page) == 0
    assert all(pixels(unit)[..., 3].max() == 0 for unit in units.all())
    page.get_by_role("slider", name="hidden units").press("Home")
    steps(page)
    expect(page.locator(".deep")).to_be_hidden()


def test_print_and_no_javascript_show_a_still_with_words(open_page):
    page = open_page(java_script_enabled=False)
    expect(page.get_by_text("Try it:")).to_be_visible()
    expect(page.get_by_role("img", name="Weights.")).to_be_visible()
    page = open_page()
    expect(page.get_by_role("img", name="Weights.")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.get_by_role("img", name="Weights.")).to_be_visible()
    expect(page.get_by_text("Words.")).to_be_visible()
    expect(page.get_by_role("slider").first).to_be_hidden()
    expect(page.get_by_role("button").first).to_be_hidden()


def test_the_still_says_what_it_shows(monkeypatch):
    html = playground.still(500, 200, epochs=2)
    accuracy = float(re.search(r"classifies (0\.\d\d) of 200 validation", html)[1])
    assert 0.3 < accuracy < 0.8
    assert 'alt="The weights of the ten classes' in html


def test_a_telephone_scrolls_nothing_sideways(open_page):
    page = open_page(viewport={"width": 400, "height": 800})
    press(page, "Step")
    steps(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    scale = page.locator(".curves svg").first.evaluate("e => e.getScreenCTM().a")
    assert 13 * scale >= 10


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_page, theme):
    page = open_page(theme=theme)
    page.get_by_role("slider", name="hidden units").press("ArrowRight")
    press(page, "Step")
    steps(page)
    press(page, "Mistake")
    press(page, "Hide one for me")
    assert axe(page, without=OF_PAGES) == []


MAIN = "CrRendererMain"  # Chromium's name of the thread on which a page runs


@pytest.mark.parametrize("slug", ["baseline", "hidden-layer"])
def test_no_task_is_long(browser, tmp_path, slug):
    """At full speed, with all images. CPU is measured: what others on the machine do does not count."""
    (tmp_path / "images.js").write_text(playground.packed(*playground.SETS["images"]))
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html>{playground.element('')}")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri() + f"#{slug}")
    page.get_by_role("combobox", name="Speed").select_option("as fast as it can")
    press(page, "Step")
    steps(page)
    browser.start_tracing(page=page, categories=["toplevel"])
    press(page, "Play")
    page.wait_for_function("document.querySelector('explore-playground').epochs > 1")
    press(page, "Pause")
    steps(page)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
    mains = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["args"].get("name") == MAIN}
    cpu = [e["tdur"] / 1000 for e in events if (e["pid"], e["tid"]) in mains and "tdur" in e]
    assert len(cpu) > 100, "else nothing was measured"
    assert max(cpu) < 50


def test_it_is_small():
    """Its JavaScript, and what the first training fetches."""
    lines = sum(len(path.read_text().splitlines()) for path in playground.FOLDER.glob("*.js"))
    assert lines <= 762
    assert 3 <= len(list(playground.FOLDER.glob("*.js"))) <= 4
