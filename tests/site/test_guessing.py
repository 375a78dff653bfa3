"""The page takes answers, in a real browser: predictions are kept, questions marked, progress stays."""

import gzip
import json
import re
from urllib.parse import urlsplit

import answers
import pytest
from test_site import SHIFT

from tools import contents
from tools.browser import HTML, ROOT, axe

KEY = "from-lines-to-labels"
LESSON = "book/linear-regression/from-scratch"
OTHER = "book/linear-regression/a-line-through-points"
CHOICE, NUMBER, CHECK = "#line-or-cloud", "#one-typo", ".question:has([name=right-bias-small-weights])"
BOX = ".admonition:has([name=line-or-cloud])"  # where no script gives it its id
BOOK = "book/your-book"
DONE = {
    "version": 1,
    "seed": 7,
    "guessing": True,
    "predictions": {
        "line-or-cloud": [{"at": 1, "guess": 1, "right": True, "sure": 80}],
        "one-typo": [{"at": 2, "guess": 90, "right": False, "sure": 60}],
        "batch-sizes": [{"at": 3, "shown": True}],
    },
    "checks": {"right-bias-small-weights": {"at": 4, "picked": [1], "passed": True}},
    "lessons": {LESSON: {"at": 5, "seen": ["the-loop"]}},
}


def kept(page):
    """What the browser keeps."""
    return json.loads(page.evaluate(f"localStorage.getItem('{KEY}')"))


@pytest.fixture
def open_with(site, visit):
    """Return a function that opens a page in a browser that keeps a state, or a text."""

    def load(name, state=None, **options):
        text = state if isinstance(state, str) else json.dumps(state)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(site))
        stored = {"origin": origin, "localStorage": [{"name": KEY, "value": text}] if state else []}
        return visit(f"{site}/{name}.html", storage_state={"cookies": [], "origins": [stored]}, **options)

    return load


def veiled(page):
    return page.locator(".veiled")


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_choice_is_committed_compared_and_kept(by, open_with):
    """Wrong: its feedback and the answer are there, the outputs of the section appear, and it stays so."""
    with open_with(LESSON) as page:
        box = page.locator(CHOICE)
        hidden = page.locator(f"{CHOICE} + .cell .cell_output svg").first
        assert not hidden.is_visible()
        assert not box.get_by_text("A cloud, as in the first panel").is_visible()
        if by == "pointer":
            box.get_by_label("a thin line that rises").click()
            box.get_by_label("70%").click()
            box.get_by_role("button", name="Commit").click()
        else:
            box.get_by_label("a horizontal band").focus()
            page.keyboard.press("ArrowDown")  # round to the first
            box.get_by_role("radio", name="50%").focus()
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Enter")
        said = box.get_by_role("status").inner_text()
        assert (
            said == "You said “a thin line that rises” (70% sure). "
            "The answer is “a wide cloud that rises slightly”."
        )
        assert box.locator(".feedback", has_text="The points would lie on a line").is_visible()
        assert box.get_by_text("A cloud, as in the first panel").is_visible()
        assert hidden.is_visible()
        assert page.evaluate("document.activeElement.textContent") == said, "the focus stays here"
        [guess] = kept(page)["predictions"]["line-or-cloud"]
        assert guess | {"at": 0} == {"at": 0, "guess": 0, "sure": 70, "right": False}
        page.reload()
        assert box.get_by_role("status").inner_text() == said
        assert hidden.is_visible()
        assert box.get_by_role("radio").count() == 0, "a guess can't be edited"


def test_a_right_choice_needs_no_correction(open_with):
    with open_with(LESSON) as page:
        box = page.locator(CHOICE)
        box.get_by_label("a wide cloud that rises slightly").check()
        box.get_by_role("button", name="Commit").click()
        assert box.get_by_role("status").inner_text() == "Right: “a wide cloud that rises slightly”."
        assert box.locator(".feedback").count() == 0
        assert kept(page)["predictions"]["line-or-cloud"][0]["right"]


def test_a_number_is_compared_on_a_scale(open_with):
    """By the arrow keys; what is heard is what is read, and what lies within the tolerance is right."""
    with open_with(OTHER) as page:
        box = page.locator(NUMBER)
        box.get_by_role("button", name="Commit").click()
        assert box.get_by_role("status").inner_text() == "Move the slider first."
        slider = box.get_by_role("slider")
        slider.press("Home")
        for _ in range(20):
            slider.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == box.locator(".value").inner_text() == "30 minutes"
        assert "Within 5 minutes counts as right" in box.inner_text()
        box.get_by_role("button", name="Commit").click()
        assert box.get_by_role("status").inner_text() == "You said 30 minutes. Measured: 32.52 minutes."
        assert kept(page)["predictions"]["one-typo"][0]["right"]
        track = box.locator(".track").bounding_box()
        for mark, value in (("guess", 30), ("truth", 32.52)):
            seen = box.locator(f".track .{mark}").bounding_box()
            middle = (seen["x"] + seen["width"] / 2 - track["x"]) / track["width"]
            assert middle == pytest.approx((value - 10) / 200, abs=0.01)


def test_it_can_be_shown_without_a_guess(open_with):
    """Above the veil or on it; the focus is then where the button was."""
    with open_with(LESSON) as page:
        page.locator(CHOICE).get_by_role("button", name="Show me").click()
        assert (
            page.locator(CHOICE).get_by_role("status").inner_text()
            == "The answer is “a wide cloud that rises slightly”."
        )
        before = veiled(page).count()
        veil = veiled(page).first
        assert veil.get_by_role("link", name="guess").get_attribute("href") == "#where-the-loss-ends"
        veil.get_by_role("button", name="Show me").press("Enter")
        assert veiled(page).count() < before
        assert page.evaluate("document.activeElement.matches('.cell_output')")
        assert [g["shown"] for p in kept(page)["predictions"].values() for g in p] == [True, True]


def test_one_may_be_as_sure_as_a_blind_guess_or_more(open_with):
    """A third for three choices, a quarter for four; the slider of a number begins lower."""
    for name, question, scale in (
        (LESSON, CHOICE, "33% 50% 60% 70% 80% 90% 99%"),
        (OTHER, NUMBER, "10% 30% 50% 60% 70% 80% 90% 99%"),
    ):
        with open_with(name) as page:
            sure = page.locator(f"{question} .sure")
            assert sure.locator("label").all_inner_texts() == scale.split()
            assert ("33% is a blind guess" in sure.inner_text()) == (question == CHOICE)
    with open_with(LESSON) as page:
        scales = page.evaluate("[2, 4, 5].map((n) => levels({ right: Array(n) }).slice(0, 3))")
        assert scales == [[50, 60, 70], [25, 50, 60], [20, 30, 50]]


def test_who_was_right_or_was_shown_the_answer_is_not_asked_again(open_with):
    with open_with(LESSON, DONE) as page:
        for question in (CHOICE, "#batch-sizes"):
            assert page.locator(question).get_by_role("button", name="Guess again").count() == 0


WRONG = {**DONE, "predictions": {"line-or-cloud": [{"at": 1, "guess": 0, "right": False, "sure": 80}]}}


def test_a_guess_is_repeated_and_the_first_counts(open_with):
    with open_with(LESSON, WRONG) as page:
        box = page.locator(CHOICE)
        box.get_by_role("button", name="Guess again").click()
        assert page.locator(f"{CHOICE} + .cell .cell_output svg").first.is_visible()
        box.get_by_label("a horizontal band").check()
        box.get_by_role("button", name="Commit").click()
        first, second = kept(page)["predictions"]["line-or-cloud"]
        assert first == WRONG["predictions"]["line-or-cloud"][0]
        assert second["guess"] == 2


def test_one_switch_for_the_whole_book(open_with, site):
    """Off, a page has neither form nor veil, but the fold. It can be taken back where it was done."""
    with open_with(LESSON) as page:
        box = page.locator(CHOICE)
        assert veiled(page).count() > 5
        box.get_by_role("button", name="Stop asking").click()
        assert veiled(page).count() == 0
        assert box.get_by_role("status").inner_text() == "Guessing is off in the whole book."
        box.get_by_role("button", name="Ask me first").click()
        assert veiled(page).count() > 5
        box.get_by_role("button", name="Stop asking").click()
        page.goto(f"{site}/{OTHER}.html")
        assert veiled(page).count() == 0
        assert page.locator("predict-first form").count() == 0
        fold = page.locator(f"{NUMBER} > details")
        assert not fold.locator("p").first.is_visible()
        fold.locator("summary").press("Enter")
        assert fold.locator("p").first.is_visible()
        page.goto(f"{site}/{BOOK}.html")
        switch = page.get_by_role("checkbox", name="Ask me for a guess")
        assert not switch.is_checked()
        switch.press("Space")
        page.goto(f"{site}/{LESSON}.html")
        assert veiled(page).count() > 5


def test_a_question_is_marked(open_with):
    """Each wrong choice says what is wrong with it; several right ones must all be found."""
    with open_with(LESSON) as page:
        box = page.locator(CHECK)
        box.get_by_role("button", name="Check").click()
        assert box.get_by_role("status").inner_text() == "Choose an answer first."
        box.get_by_label("at the learning rate").check()
        check = box.get_by_role("button", name="Check")
        place = check.bounding_box()
        check.press("Enter")
        assert check.bounding_box() == place, "it stays under the pointer"
        assert box.get_by_role("status").inner_text().startswith("Not yet.\nA rate that")
        [feedback] = box.locator(".feedback:visible").all_inner_texts()
        assert feedback.startswith("A rate that is too small leaves the bias too small as well")
        assert not kept(page)["checks"]["right-bias-small-weights"]["passed"]
        box.get_by_label("at the shapes").check()
        box.get_by_role("button", name="Check").click()
        assert box.get_by_role("status").inner_text() == "Right."
        assert box.locator(".feedback:visible").count() == 0
        assert box.get_by_text("every prediction is compared with every target").is_visible()

        several = page.locator(".question:has([name=too-good-a-loss])")
        several.get_by_label("training took more epochs").check()
        several.get_by_role("button", name="Check").click()
        said = several.get_by_role("status").inner_text()
        assert said.startswith("Not yet.\n“training took more epochs”: More epochs lead"), (
            "which choice is meant"
        )
        several.get_by_label("training took more epochs").uncheck()
        several.get_by_label("as many parameters as points").check()
        several.get_by_role("button", name="Check").click()
        assert "missing" in several.get_by_role("status").inner_text()
        several.get_by_label("without noise").check()
        several.get_by_role("button", name="Check").click()
        assert several.get_by_role("status").inner_text() == "Right."
        page.reload()
        assert box.get_by_label("at the shapes").is_checked()
        assert [c["passed"] for c in kept(page)["checks"].values()] == [True, True]


def test_choices_have_an_order_of_the_readers_own_that_stays(open_with):
    """Readers see different orders, each reader always the same."""
    orders = set()
    for seed in range(1, 7):
        with open_with(LESSON, {**DONE, "checks": {}, "seed": seed}) as page:
            choices = page.locator(CHECK).locator("label")
            order = choices.all_inner_texts()
            page.reload()
            assert choices.all_inner_texts() == order
            orders.add(tuple(order))
    assert len(orders) > 2
    assert len({frozenset(order) for order in orders}) == 1


BLOCKED = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked'); } })"
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }"


@pytest.mark.parametrize(("fault", "line"), [(BLOCKED, "keeps nothing here"), (FULL, "store is full")])
def test_a_page_works_where_nothing_can_be_kept(fault, line, open_with, site):
    """One line says so, and the answers last as long as the page."""
    with open_with(LESSON) as page:
        page.add_init_script(fault)
        page.reload()
        box = page.locator(CHOICE)
        box.get_by_label("a horizontal band").check()
        box.get_by_role("button", name="Commit").click()
        assert "You said “a horizontal band”" in box.get_by_role("status").inner_text()
        assert line in box.locator(".trouble").inner_text()
        page.locator(CHECK).get_by_label("at the shapes").check()
        page.locator(CHECK).get_by_role("button", name="Check").click()
        assert page.locator(CHECK).get_by_role("status").inner_text() == "Right."
        assert "You said" in box.get_by_role("status").inner_text(), "the first answer is still there"
        page.goto(f"{site}/{BOOK}.html")
        trouble = page.locator("your-book .trouble").inner_text()
        assert (line in trouble) == (fault == BLOCKED), "a full store is noticed where something is written"


def test_what_could_not_be_written_is_kept_with_what_another_tab_wrote(open_with, site):
    with open_with(LESSON) as page:
        page.evaluate(f"() => {{ window.set = Storage.prototype.setItem; {FULL} }}")
        box = page.locator(CHOICE)
        box.get_by_label("a horizontal band").check()
        box.get_by_role("button", name="Commit").click()
        other = page.context.new_page()
        other.goto(f"{site}/{OTHER}.html")
        other.locator(NUMBER).get_by_role("button", name="Show me").click()
        page.evaluate("() => { Storage.prototype.setItem = window.set; }")
        page.locator("#batch-sizes").get_by_role("button", name="Show me").click()
        assert set(kept(page)["predictions"]) == {"line-or-cloud", "one-typo", "batch-sizes"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("{broken", 0),
        ('{"version": 9, "predictions": {}}', 0),
        ("null", 0),
        (json.dumps({**DONE, "predictions": {**DONE["predictions"], "one-typo": [{"guess": "many"}]}}), 2),
        (json.dumps({**DONE, "predictions": {**DONE["predictions"], "one-typo": [None]}}), 2),
        (json.dumps(DONE).replace("60", '"<img>"'), 2),
        (json.dumps({**DONE, "lessons": {LESSON: 3}}), 3),
    ],
)
def test_what_cannot_be_read_is_set_aside(text, left, open_with, site):
    """What can be read stays; the rest is said in one line, and comes with the export."""
    with open_with(LESSON, text) as page:
        assert page.locator(CHOICE).get_by_role("status").count() == 1
        page.locator("#where-the-loss-ends").get_by_role("button", name="Show me").click()
        state = kept(page)
        assert len(state["predictions"]) == left + 1
        assert state["aside"] == text
        page.goto(f"{site}/{BOOK}.html")
        assert "could not be read" in page.locator("your-book .trouble").inner_text()
        assert page.problems == []


def test_a_guess_that_fits_no_choice_is_asked_for_again(open_with):
    """A question may have lost a choice since it was answered."""
    with open_with(
        LESSON, {**DONE, "predictions": {"line-or-cloud": [{"at": 1, "guess": 7, "right": False}]}}
    ) as page:
        assert page.locator(CHOICE).get_by_role("button", name="Commit").is_visible()
        assert page.problems == []


def test_export_forget_import_gives_the_same_state(open_with, tmp_path):
    with open_with(BOOK, DONE) as page:
        with page.expect_download() as download:
            page.get_by_role("button", name="Export").click()
        download.value.save_as(tmp_path / "mine.json")
        assert json.loads((tmp_path / "mine.json").read_text()) == DONE
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Forget everything").click()
        assert kept(page) == DONE, "not confirmed"
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Forget everything").click()
        assert page.evaluate(f"localStorage.getItem('{KEY}')") is None
        assert page.locator("past-guess:visible").count() == 0
        assert page.locator("reliability-diagram svg").count() == 0
        assert "after your first prediction" in page.locator("reliability-diagram").inner_text()
        for name, text in (("mine.json", ""), ("other.json", "{"), ("list.json", "[1]")):
            if text:
                (tmp_path / name).write_text(text)
            page.locator("your-book input[type=file]").set_input_files(tmp_path / name)
            said = "Imported." if name == "mine.json" else "Nothing was changed"
            page.locator("your-book [role=status]", has_text=said).wait_for()
            assert kept(page) == DONE
        assert page.locator("past-guess:visible").count() == 3


def test_two_tabs_see_the_same(open_with, site):
    """What one tab keeps the other shows, and neither overwrites the other."""
    with open_with(LESSON) as page:
        other = page.context.new_page()
        other.goto(f"{site}/{LESSON}.html")
        page.locator(CHOICE).get_by_label("a horizontal band").check()
        page.locator(CHOICE).get_by_role("button", name="Commit").click()
        other.locator(f"{CHOICE} [role=status]", has_text="You said “a horizontal band”").wait_for()
        other.locator("#batch-sizes").get_by_role("button", name="Show me").click()
        assert set(kept(page)["predictions"]) == {"line-or-cloud", "batch-sizes"}
        page.locator("#batch-sizes [role=status]", has_text="The answer is").wait_for()
        page.evaluate("localStorage.clear()")
        other.locator(f"{CHOICE} form").wait_for()


STATES = {"asking": None, "answered": DONE, "off": {**DONE, "guessing": False, "predictions": {}}}


LOOKS = [
    *((LESSON, state, width) for state in STATES for width in (1300, 400)),
    *((OTHER, "asking", width) for width in (1300, 400)),
    *((name, "answered", 400) for name in (OTHER, BOOK, "book/linear-regression/index")),
    ("index", "answered", 1300),
]


@pytest.mark.parametrize(("name", "state", "width"), LOOKS)
def test_accessible_and_still(name, state, width, open_with):
    """axe finds nothing in light or dark, nothing jumps while a page loads, and nothing is too wide."""
    with open_with(name, STATES[state], viewport={"width": width, "height": 900}) as page:
        assert page.evaluate(SHIFT) < 0.02
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for mode, only in (("light", None), ("dark", ["color-contrast"])):
            page.evaluate("mode => { document.documentElement.dataset.theme = mode; }", mode)
            assert axe(page, only) == [], mode
        assert page.problems == []


def test_a_screen_reader_hears_names(open_with):
    """Groups and controls have names, a veil says what it is, results come into a region that was there."""
    with open_with(OTHER) as page:
        heard = page.locator(NUMBER).aria_snapshot()
        assert 'slider "Your guess"' in heard
        assert re.search(r'group "Within 5 minutes counts as right. How sure are you\?', heard)
        assert 'radio "70%"' in heard
        assert "Hidden until you" in veiled(page).first.aria_snapshot()
        assert "img" not in veiled(page).first.aria_snapshot()
        status = page.locator(NUMBER).get_by_role("status", include_hidden=True)
        before = status.element_handle()
        page.locator(NUMBER).get_by_role("button", name="Show me").click()
        assert status.evaluate("(now, before) => now === before", before), "else nothing is announced"


def test_print_shows_everything(open_with):
    """On paper: the question with its choices, the answer, all outputs; neither form nor veil."""
    for state in STATES.values():
        with open_with(LESSON, state) as page:
            page.emulate_media(media="print")
            box = page.locator(CHOICE)
            assert box.locator(":scope > ul > li").count() == 3
            for choice in box.locator(":scope > ul > li").all():
                assert choice.is_visible()
            assert (
                page.locator("answer-veil:visible, .answer form:visible, .answer button:visible").count() == 0
            )
            assert box.get_by_text("A cloud, as in the first panel").is_visible()
            assert page.locator(f"{CHOICE} + .cell .cell_output svg").first.is_visible()
            hidden = "all => all.filter(e => getComputedStyle(e).visibility !== 'visible').length"
            assert page.eval_on_selector_all(".cell_output, .cell_output > *, .under-veil > *", hidden) == 0


def test_without_javascript_nothing_is_hidden(open_with):
    with open_with(LESSON, java_script_enabled=False) as page:
        box = page.locator(BOX)
        assert box.get_by_text("a horizontal band").is_visible()
        assert box.locator("summary").is_visible()
        assert page.locator(f"{BOX} + .cell .cell_output :is(svg, img)").first.is_visible()
        assert not box.get_by_text("Then the first feature would have no influence").is_visible()


def test_progress_is_marked_everywhere(open_with, site):
    """Begun at the second section, read when each was seen; on the cover the way in leads on."""
    with open_with(LESSON) as page:
        mark = page.locator("nav.bd-links .current > a", has_text="Gradient descent")
        assert mark.get_attribute("data-mark") is None
        headings = page.locator("article h2").all()
        headings[3].scroll_into_view_if_needed()
        page.locator("nav.bd-links a[data-mark=begun]", has_text="Gradient descent").wait_for()
        page.goto(f"{site}/index.html")
        way = page.get_by_role("link", name="Go on with Gradient descent from scratch")
        assert way.get_attribute("href").startswith(f"{site}/{LESSON}.html#")
        way.click()
        page.wait_for_url(f"{site}/{LESSON}.html#*")
        for heading in page.locator("article section:has(> h2)").all()[1:]:
            heading.locator("h2").scroll_into_view_if_needed()
            seen = "id => { const l = Object.values(answers.state.lessons)[0]; return l.seen.includes(id); }"
            page.wait_for_function(seen, arg=heading.get_attribute("id"))
        page.locator("nav.bd-links a[data-mark=read]", has_text="Gradient descent").wait_for()
        page.goto(f"{site}/book/linear-regression/index.html")
        rows = page.locator("ol.lessons reading-progress").all_inner_texts()
        assert rows == ["", "read", *[""] * (len(rows) - 2)]
        page.goto(f"{site}/index.html")
        card = page.locator("ol.cards reading-progress").first
        assert card.inner_text() == f"1 of {len(rows)} lessons read"
        assert page.get_by_role("link", name="Go on with The same with torch.nn").is_visible()


def test_counts_of_guesses_and_checks(open_with):
    with open_with("book/linear-regression/index", DONE) as page:
        rows = page.locator("ol.lessons reading-progress").all_inner_texts()
        assert rows[:2] == ["1 of 4 guesses", "begun · 1 of 3 guesses · 1 of 3 checks"]


MANY = [(30, True), (33, False), (25, False), (10, False), (99, True)]


def test_the_diagram_takes_tens_together(open_with):
    """25, 30 and 33% are one point, at their mean; 99% is not 90%."""
    guesses = {f"q-{k}": [{"at": 1, "guess": 0, "sure": s, "right": r}] for k, (s, r) in enumerate(MANY)}
    with open_with(BOOK, {**DONE, "predictions": guesses}) as page:
        diagram = page.locator("reliability-diagram")
        assert diagram.locator("tbody tr").all_inner_texts() == ["10%\t1\t0", "29%\t3\t1", "99%\t1\t1"]
        brier = sum((sure / 100 - right) ** 2 for sure, right in MANY) / 5
        ece = (0.1 + 3 * abs(1 / 3 - 0.88 / 3) + 0.01) / 5
        assert f"Brier score {brier:.2g}, expected calibration error {ece:.2g}" in diagram.inner_text()
        places = diagram.locator("circle").evaluate_all(
            "all => all.map(e => [e.cx.baseVal.value, e.cy.baseVal.value])"
        )
        assert places[0] == [69, 210]
        assert places[2] == pytest.approx([44 + 250 * 0.99, 10])


@pytest.mark.parametrize("guess", [10, 28, 32, 40, 205])
def test_the_marks_of_a_number_are_named(guess, open_with):
    """Near each other or at the end of the scale, no name lies on another or leaves the box of a phone."""
    state = {**DONE, "predictions": {"one-typo": [{"at": 1, "guess": guess, "right": False}]}}
    with open_with(OTHER, state, viewport={"width": 400, "height": 800}) as page:
        box = page.locator(NUMBER)
        names = {name: box.locator(".track b", has_text=name).bounding_box() for name in ("you", "measured")}
        track = box.locator(".track").bounding_box()
        assert names["you"]["y"] + names["you"]["height"] <= names["measured"]["y"]
        for mark, name in (("guess", "you"), ("truth", "measured")):
            place, seen = names[name], box.locator(f".track .{mark}").bounding_box()
            assert place["x"] - 1 <= seen["x"] + seen["width"] / 2 <= place["x"] + place["width"] + 1
            assert (
                track["x"] - 8 <= place["x"] < place["x"] + place["width"] <= track["x"] + track["width"] + 8
            )


@pytest.mark.parametrize("width", [400, 1300])
def test_a_veil_is_low_and_when_it_is_lifted_nothing_above_moves(width, open_with):
    with open_with(LESSON, viewport={"width": width, "height": 900}) as page:
        heights = [veil.bounding_box()["height"] for veil in veiled(page).all()]
        assert max(heights) <= 120
        words = page.locator(".veiled > answer-veil").evaluate_all(
            "all => all.filter(e => e.scrollHeight > e.clientHeight + 1).length"
        )
        assert words == 0, "what the veil says fits on it"
        box = page.locator(CHOICE)
        box.get_by_role("button", name="Show me").focus()
        top = box.bounding_box()["y"]
        page.keyboard.press("Enter")
        assert box.bounding_box()["y"] == top
        cell = page.locator(f"{CHOICE} + .cell .cell_output").first
        assert cell.bounding_box()["height"] > 150


def test_answers_stay_under_their_name_when_a_question_moves(open_with, site):
    """To another lesson, as when a lesson becomes two; what was read of a page that is gone is kept too."""
    state = {**DONE, "lessons": {"book/gone": {"at": 9, "seen": ["a"], "read": True}}}
    state["checks"] = {"right-bias-small-weights": {"at": 4, "picked": [0], "passed": False}}
    with open_with(OTHER, state) as page:
        page.evaluate(
            """async (url) => {
              const text = await (await fetch(url)).text();
              const from = new DOMParser().parseFromString(text, "text/html");
              const boxes = ["line-or-cloud", "right-bias-small-weights"].map((name) =>
                from.querySelector(`[name=${name}]`).parentElement);
              const moved = boxes.map((box) => document.importNode(box, true));
              document.querySelector("article").prepend(...moved);
            }""",
            f"{site}/{LESSON}.html",
        )
        said = page.locator(CHOICE).get_by_role("status").inner_text()
        assert said == "Right: “a wide cloud that rises slightly” (80% sure)."
        assert page.locator(CHECK).locator("input:checked").get_attribute("value") == "0"
        assert page.locator(CHECK).get_by_role("status").inner_text().startswith("Not yet.")
        page.goto(f"{site}/{BOOK}.html")
        assert page.locator("past-guess[name=line-or-cloud]:visible").count() == 1
        assert page.locator("reliability-diagram p").inner_text().startswith("2 predictions")
        page.evaluate("() => document.fonts.ready.then(() => null)")  # one that is left would be broken off
        page.goto(f"{site}/index.html")
        assert kept(page)["lessons"] == state["lessons"]
        assert page.problems == []


def test_your_book_lists_each_prediction_of_the_book_once(open_with):
    names = [
        about["name"]
        for page in contents.pages().values()
        if page.lesson
        for about, _ in answers.asked_in(ROOT / f"{page.name}.ipynb")["predict"]
    ]
    with open_with(BOOK) as page:
        assert (
            page.locator("past-guess").evaluate_all("all => all.map((e) => e.getAttribute('name'))") == names
        )


def test_your_book_says_how_well_calibrated_one_is(open_with):
    """Of the first guesses with a confidence: 0.2² and 0.6², 0.2 and 0.6 from the diagonal."""
    with open_with(BOOK, DONE) as page:
        diagram = page.locator("reliability-diagram")
        assert diagram.get_by_role("img", name="Reliability diagram").is_visible()
        assert diagram.locator("p").inner_text() == (
            "2 predictions, Brier score 0.2, expected calibration error 0.4"
        )
        assert diagram.locator("tbody tr").all_inner_texts() == ["60%\t1\t0", "80%\t1\t1"]
        guesses = page.locator("past-guess:visible").all_inner_texts()
        assert guesses == [
            "You said 90 minutes (60% sure). Measured: 32.52 minutes.",
            "Right: “a wide cloud that rises slightly” (80% sure).",
            "Shown, not guessed. The answer is “those with batches of 1 and of 10”.",
        ]


def test_a_book_on_disk_works(visit):
    with visit((HTML / f"{LESSON}.html").as_uri()) as page:
        page.locator(CHOICE).get_by_role("button", name="Show me").click()
        page.reload()
        assert "The answer is" in page.locator(CHOICE).get_by_role("status").inner_text()


def test_the_scripts_are_small():
    """All of them: at most 12 KB on the way, and under 400 lines of code."""
    files = sorted((ROOT / "web/static").glob("answers*.js"))
    text = "\n".join(path.read_text("utf-8") for path in files)
    assert len(gzip.compress(text.encode(), 6)) <= 12_000
    code = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("//")]
    assert len(code) < 400


def test_every_lesson_can_be_gone_on_with(open_with):
    """Each has a short title for the cover's button."""
    assert all(page.title for page in contents.pages().values() if page.lesson)
