"""The page: no script, nothing from outside, nothing of others but as text, and readable on every screen."""

import itertools
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.picture.scenes import HOSTILE, scene_of, workflow_of
from tr_apply.picture import FilterPairs, compared_picture, picture_html, picture_of
from tr_apply.picture.drawing.colors import HUES, dark, light
from tr_apply.picture.drawing.html import PALETTE

ES = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60}, "Everyone")
HIDDEN = ("Spanish sales", "language == 'es' AND topic == 'sales'", {"queue": "Sales"})
QUEUES = {"Spanish": "languages HAS 'es'", "Sales": "skills HAS 'sales'", "Everyone": "1==1"}
WORKERS = {"ana": {"languages": ["es"]}, "ben": {"languages": ["en"]}}


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def page():
    return picture_html(picture_of(scene_of(workflow_of(ES, HIDDEN), queues=QUEUES, workers=WORKERS)))


def test_the_page_allows_nothing_but_its_own_style(page):
    tags = Tags(page)

    policy = {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"}
    assert ("meta", policy) in tags.tags
    assert {tag for tag, _ in tags.tags}.isdisjoint({"script", "img", "link", "iframe", "a", "object"})
    assert tags.open == []


def test_the_page_says_what_the_colours_say(page):
    text = Tags(page).text

    assert "Numbers count the 2 declared workers." in text
    assert "never reached" in text
    assert 'filter 1 (Spanish) takes every such task, such as {"language": "es", "topic": "sales"}' in text
    assert "Salesnobody" in text
    assert "1: ana" in text
    assert "fed by Voice: 1, everything else" in text


def test_rows_are_in_the_order_of_the_document(page):
    assert re.findall(r'<span class="number">(\d*)</span>', page) == ["1", "2", ""]


def test_a_task_waits_in_the_step_that_it_cannot_leave_and_not_after_it():
    text = Tags(picture_html(picture_of(scene_of(workflow_of(("A", "a == 1", "Sales", "Everyone")))))).text

    assert "SaleswaitsEveryonenever reached" in text


def test_a_change_is_described_in_words():
    before, after = (scene_of(workflow_of(*each)) for each in ([ES], [(*ES[:2], "Everyone"), HIDDEN]))
    picture = compared_picture(before, after, lambda _before, _after: FilterPairs({0: 0}, set()), against="live.yaml")
    text = Tags(picture_html(picture)).text

    assert "Compared with live.yaml: 2 lanes and 2 queues changed." in text
    assert "before: Spanish for 1m, then Everyone" in text
    assert " new" in text


def test_hostile_names_are_text(hostile_picture):
    tags = Tags(picture_html(hostile_picture))

    assert tags.open == []
    assert {tag for tag, _ in tags.tags}.isdisjoint({"script", "img", "a"})
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)
    assert HOSTILE[0] in tags.text
    assert "\u202e" not in tags.text
    assert "\x1b" not in tags.text


@given(st.text(min_size=1, max_size=40))
def test_any_text_is_text(name):
    scene = scene_of(workflow_of((name, "a == 1", {"queue": name, "expression": name}), name=name))
    tags = Tags(picture_html(picture_of(scene)))

    assert {tag for tag, _ in tags.tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "section", "ol", "ul", "li", "span", "div", "b", "small", "code", "del",
    }  # fmt: skip


def test_the_same_queue_has_one_colour_and_neighbours_differ(page):
    chips = re.findall(r'<span class="chip q(\d+)[^"]*">(\w+)', page)

    assert len(set(chips)) == len({name for _, name in chips}) == len({color for color, _ in chips}) == 3


def luminance(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palettes():
    for block in (PALETTE.split("@media")[0], PALETTE.split("@media")[1]):
        colors = dict(re.findall(r"--([\w-]+): (#\w+)", block))
        yield {
            key: value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:]) for key, value in colors.items()
        }


def test_every_text_can_be_read_on_its_ground_in_both_themes():
    grounds = (
        (("ink", "dim", "bad"), ("paper", "band")),
        (("good",), ("good-band",)),
        (("warn",), ("warn-band",)),
        (("bad",), ("bad-band",)),
    )
    for theme, colors in zip(palettes(), (light, dark), strict=True):
        for texts, below in grounds:
            assert all(contrast(theme[text], theme[each]) >= 4.5 for text, each in itertools.product(texts, below))
        for number in range(len(HUES)):
            fill = colors(number).fill
            assert all(contrast(theme[text], fill) >= 4.5 for text in ("ink", "dim", "bad"))
            assert contrast(colors(number).line, theme["paper"]) >= 3


SIZE = "doc => [doc.documentElement.scrollWidth, doc.documentElement.clientWidth]"


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_no_screen_needs_to_scroll_sideways(browser, page, hostile_picture, width):
    for wide, room in browser.ask([page, picture_html(hostile_picture)], SIZE, width=width):
        assert wide <= room <= width


def test_the_page_is_dark_where_the_reader_has_it_dark(browser, page):
    script = "doc => getComputedStyle(doc.body).backgroundColor"

    assert browser.ask([page], script) == ["rgb(255, 255, 255)"]
    assert browser.ask([page], script, dark=True) == ["rgb(13, 17, 23)"]


def test_sixty_filters_and_forty_queues_stay_a_small_page():
    filters = [
        (f"Filter {n}", f"topic == 'topic-{n}' AND tier == 'gold'", {"queue": f"Queue {n % 40}", "timeout": 60}, {"queue": "Queue 0", "priority": 5})
        for n in range(60)
    ]  # fmt: skip
    queues = {f"Queue {n}": f"skills HAS 'skill-{n}'" for n in range(40)}
    page = picture_html(picture_of(scene_of(workflow_of(*filters, default="Queue 0"), queues=queues)))

    assert len(page.encode()) <= 60_000
