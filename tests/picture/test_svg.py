"""The image: well-formed, without script, and every text within the shape around it."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tests.picture.scenes import HOSTILE, scene_of, workflow_of
from tr_apply.picture import FilterPairs, compared_picture, picture_of, picture_svg

SVG = "{http://www.w3.org/2000/svg}"
ES = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60, "expression": "worker.level > 3"}, "Everyone")
HIDDEN = ("Spanish sales", "language == 'es' AND topic == 'sales'", {"queue": "Sales", "timeout": 9, "skip_if": "1==1"})


def picture():
    queues = {"Spanish": "languages HAS 'es'", "Sales": "skills HAS 'sales'", "Everyone": "1==1"}
    return picture_of(scene_of(workflow_of(ES, HIDDEN), queues=queues, workers={"ana": {"languages": ["es"]}}))


def test_the_image_says_what_the_page_says():
    text = " ".join(each.text for each in ET.fromstring(picture_svg(picture())).iter(f"{SVG}text"))

    assert "Center" in text
    assert "Spanish · 1" in text
    assert "Sales · nobody" in text
    assert "only if worker.level > 3" in text
    assert "after 1m →" in text
    assert (
        'Never reached: filter 1 (Spanish) takes every such task, such as {"language": "es", "topic": "sales"}' in text
    )
    assert "fed by Voice: 1, everything else" in text


def test_changes_are_described_in_words():
    before, after = (scene_of(workflow_of(*each)) for each in ([ES], [(*ES[:2], "Everyone"), HIDDEN]))
    image = picture_svg(
        compared_picture(before, after, lambda _before, _after: FilterPairs({0: 0}, set()), against="live.yaml")
    )

    assert "Spanish [changed]" in image
    assert "Spanish sales [new, never reached]" in image


def test_hostile_names_are_text(hostile_picture):
    root = ET.fromstring(picture_svg(hostile_picture))

    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg",
        "title",
        "style",
        "rect",
        "path",
        "g",
        "text",
    }
    assert any(HOSTILE[0] in (each.text or "") for each in root.iter(f"{SVG}text"))
    assert not any(name.startswith("on") or "href" in name for each in root.iter() for name in each.attrib)


@given(st.text(min_size=1, max_size=40))
def test_any_text_is_text(name):
    image = picture_svg(
        picture_of(scene_of(workflow_of((name, "a == 1", {"queue": name, "expression": name}), name=name)))
    )

    assert ET.fromstring(image).tag == f"{SVG}svg"


BOXES = """doc => [...doc.querySelectorAll('rect[rx="6"], rect[rx="9"]')].map(rect => {
  const text = rect.nextElementSibling.getBBox(), box = rect.getBBox();
  return [rect.nextElementSibling.textContent, text.x - box.x, box.x + box.width - text.x - text.width,
          text.y - box.y, box.y + box.height - text.y - text.height];
})"""
OUTSIDE = """doc => [...doc.querySelectorAll('text')].filter(each => {
  const box = each.getBBox(), svg = doc.querySelector('svg').viewBox.baseVal;
  return box.x < 0 || box.x + box.width > svg.width || box.y + box.height > svg.height;
}).map(each => each.textContent)"""


def test_every_text_is_within_its_chip(browser, hostile_picture):
    answers = browser.ask([picture_svg(picture()), picture_svg(hostile_picture)], BOXES)

    assert [bool(each) for each in answers] == [True, True]
    assert [box for each in answers for box in each if min(box[1:]) < -0.5] == []


def test_no_text_leaves_the_image(browser, hostile_picture):
    assert browser.ask([picture_svg(picture()), picture_svg(hostile_picture)], OUTSIDE) == [[], []]
