"""Real workspaces, in a folder next to the checkout if available: each can be drawn, in every form."""

import importlib.util
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tr_apply.config.load import load
from tr_apply.deployment.pictured import depicted_file, picture
from tr_apply.picture import picture_html, picture_mermaid, picture_svg

TESTS = Path(__file__).parents[1]
CORPUS = TESTS.parents[1] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real configurations in {CORPUS}")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("lint_corpus", TESTS / "lint" / "test_corpus.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = tmp_path_factory.mktemp("corpus") / "workspace.yaml"

    def drawn(file):
        path.write_text(json.dumps(module.as_written(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")
        return picture(depicted_file(load(path)))

    return [drawn(file) for file in sorted(CORPUS.glob("workspaces/*.json"))]


def test_every_filter_of_every_workspace_is_a_row_in_its_place(pictures):
    for each in pictures:
        for workflow in each.workflows:
            numbers = [lane.number for lane in workflow.lanes if lane.number]
            assert numbers == list(range(1, len(numbers) + 1))
    assert sum(each.filters for drawn in pictures for each in drawn.workflows) > 200


def test_mermaids_own_parser_takes_every_workspace(mermaid_problems, pictures):
    assert mermaid_problems([picture_mermaid(each) for each in pictures]) == [None] * len(pictures)


def test_every_image_is_well_formed(pictures):
    for each in pictures:
        assert ET.fromstring(picture_svg(each)).attrib["width"] == "1240"


@pytest.mark.parametrize("width", [1280, 390])
def test_no_workspace_needs_to_scroll_sideways(browser, pictures, width):
    size = "doc => [doc.documentElement.scrollWidth, doc.documentElement.clientWidth]"
    drawn = [each for each in pictures if each.workflows]

    for wide, room in browser.ask([picture_html(each) for each in drawn], size, width=width):
        assert wide <= room <= width
