"""graph draws a configuration, with its own people or those who are live, and what has changed since another."""

import asyncio
import re
import textwrap
from xml.etree import ElementTree as ET

import pytest

from tr_apply.cli import run
from tr_apply.deployment.connect import open_clients
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.reader import named_workspace
from tr_apply.resources import WORKER

BASE = """\
workspace: {name: Shop}
lint: {severity: {own-name-in-queue: off}}
activities:
  - {name: Offline, available: false}
  - {name: Available, available: true}
task_queues:
  - {name: Everyone}
  - {name: Spanish, target_workers: "languages HAS 'es'"}
  - {name: Alice, target_workers: "sid == '${sid:worker/alice}'"}
  - {name: Away, target_workers: "activity_name == 'Offline'"}
workflows:
  - name: Incoming
    filters:
      - {name: es, expression: "language == 'es'", targets: [{queue: Spanish, timeout: 60}, {queue: Everyone}]}
      - name: vip
        expression: "vip == true"
        targets: [{queue: Alice, expression: "worker.sid != '${sid:worker/bob}'"}]
    default_filter: {queue: Everyone}
  - name: Other
    default_filter: {queue: Away}
workers:
  - {name: alice, attributes: {languages: [en, es], phone: "+15005550006"}}
  - {name: bob, attributes: {languages: [en]}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def graph(folder, capsys):
    """Writes BASE, draws it, and returns the exit code, the picture and the messages."""
    (folder / "w.yaml").write_text(BASE)

    def draw(*arguments):
        code = run(["graph", "w.yaml", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return draw


@pytest.fixture
def page(graph):
    """The text of a page."""

    def text(*arguments):
        code, out, err = graph(*arguments)
        assert (code, err) == (0, "")
        return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]*>", " ", out, flags=re.DOTALL))

    return text


@pytest.fixture
def live(folder, capsys):
    """Applies a configuration to the embedded TaskRouter."""

    def apply(text=BASE):
        (folder / "live.yaml").write_text(text)
        assert run(["apply", "--local", "--auto-approve", "live.yaml"]) == 0
        capsys.readouterr()

    return apply


def test_a_page_counts_the_people_of_the_file(page):
    text = page()

    assert "Shop 2 workflows, 2 filters, 4 queues." in text
    assert "Numbers count the 2 declared workers." in text
    assert "Everyone 2 everybody 2: alice, bob" in text
    assert "Spanish 1 languages has es 1: alice" in text
    assert "Alice 1 sid is the SID of alice 1: alice" in text


def test_who_is_at_work_is_in_no_file_so_a_queue_that_asks_for_it_has_no_number(page):
    assert "Away activity_name is Offline fed by Other: every task" in page()


def test_a_file_that_owns_only_some_workers_says_that_there_may_be_others(page, folder):
    (folder / "w.yaml").write_text(BASE + "manage: {workers: additive}\n")

    assert "Numbers count the 2 declared workers; there may be others." in page()


def test_a_file_without_workers_counts_nobody(page, folder):
    (folder / "w.yaml").write_text(
        BASE.split("workers:\n", maxsplit=1)[0].replace("${sid:worker/alice}", "x").replace("${sid:worker/bob}", "y")
    )
    text = page()

    assert "Which people are in them is not known here." in text
    assert "nobody" not in text


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.html", "<!doctype html>"), ("a.svg", "<svg "), ("a.mmd", "flowchart LR"), ("a.dot", "digraph "),
        ("a.GV", "digraph "), ("picture", "<!doctype html>"),
    ],
)  # fmt: skip
def test_the_suffix_of_the_output_is_the_format(graph, folder, name, begins):
    assert graph("--output", name) == (0, "", "")

    assert (folder / name).read_text().startswith(begins)


def test_a_suffix_that_no_format_has_is_named_with_the_format_of_the_file(graph):
    warning = "Warning: no format has the suffix .png, so a.png gets html: give --format\n"

    assert graph("--output", "a.png") == (0, "", warning)
    assert graph("--output", "a.png", "--format", "svg") == (0, "", "")


def test_a_format_that_is_given_beats_the_suffix(graph, folder):
    assert graph("--output", "a.svg", "--format", "html") == (0, "", "")

    assert (folder / "a.svg").read_text().startswith("<!doctype html>")


def test_one_workflow_is_drawn_with_the_queues_that_it_leads_to(page):
    text = page("--workflow", "incoming")

    assert "1 workflow, 2 filters, 3 queues." in text
    assert "Away" not in text


def test_a_workflow_that_is_not_there_is_a_usage_error_with_the_nearest(graph):
    code, out, err = graph("--workflow", "Incomming")

    assert (code, out) == (64, "")
    assert "there is no workflow 'Incomming'; did you mean 'Incoming'?" in err


def test_against_another_file_marks_what_has_changed(page, folder):
    (folder / "before.yaml").write_text(BASE.replace("timeout: 60", "timeout: 90").replace("HAS 'es'", "HAS 'en'"))
    text = page("--against", "before.yaml")

    assert "Compared with before.yaml: 1 lane and 1 queue changed." in text
    assert "before: Spanish for 90s, then Everyone" in text
    assert "before: languages has en before: 2 people" in text


def test_against_the_equal_live_workspace_nothing_has_changed(page, live):
    live()
    text = page("--against", "Shop", "--local")

    assert re.search(r"Compared with Shop \(WS\w{32}\): 0 lanes and 0 queues changed\.", text)


def test_the_people_of_the_live_workspace_are_counted_with_their_activities(page, live):
    live(BASE + "  - {name: carla, attributes: {languages: [es]}, activity: Available}\n")
    text = page("--live", "--local")

    assert re.search(r"Numbers count the 3 workers of Shop \(WS\w{32}\)\.", text)
    assert "Spanish 2 languages has es 2: alice, carla" in text
    assert "Alice 1 sid is the SID of alice 1: alice" in text
    assert "Away 2 activity_name is Offline 2: alice, bob" in text


async def workers_named(name):
    """Their SIDs in the embedded TaskRouter."""
    async with (
        open_clients(TargetOptions(local=True)) as clients,
        clients.of(None) as client,
    ):
        shop = await named_workspace(client, "Shop")
        return [each.sid for each in await client.resources(WORKER, shop.sid) if each.name == name]


def test_a_literal_sid_is_shown_as_its_resource(page, live, folder):
    live()
    [alice] = asyncio.run(workers_named("alice"))
    (folder / "w.yaml").write_text(BASE.replace("${sid:worker/alice}", alice))
    text = page("--live", "--against", "Shop", "--local")

    assert "Alice 1 sid is the SID of alice 1: alice" in text
    assert "before" not in text


def test_there_are_no_live_people_of_a_workspace_that_is_not_there(graph):
    code, out, err = graph("--live", "--local")

    assert (code, out) == (1, "")
    assert "there is no live workspace 'Shop' yet; leave out --live" in err


def test_an_invalid_file_is_not_drawn(graph, folder):
    (folder / "w.yaml").write_text(BASE.replace("vip == true", "vip = = true"))
    code, out, err = graph()

    assert (code, out) == (3, "")
    assert "w.yaml:" in err


def test_a_sensitive_value_is_in_no_picture(graph, folder, live):
    live()
    secret = textwrap.dedent("""\
    manage:
      workflows: {sensitive: ["filters[vip].expression", "filters[vip].targets[0].expression"]}
      task_queues: {sensitive: [target_workers]}
    """)
    (folder / "w.yaml").write_text(BASE.replace("vip == true", "vip == 'hush'") + secret)

    for form in ("html", "svg", "mermaid", "dot"):
        for more in ((), ("--against", "Shop", "--local")):
            code, out, _ = graph("--format", form, *more)
            assert code == 0
            assert "sensitive" in out
            assert "hush" not in out
            assert "languages" not in out
            assert "worker.sid" not in out
            assert "+1500" not in out


def test_a_secret_that_changes_is_a_change_that_shows_neither_value(page, folder):
    secret = 'manage: {workflows: {sensitive: ["filters[vip].expression"]}}\n'
    (folder / "w.yaml").write_text(BASE.replace("vip == true", "vip == 'new hush'") + secret)
    (folder / "before.yaml").write_text(BASE.replace("vip == true", "vip == 'old hush'") + secret)
    text = page("--against", "before.yaml")

    assert "1 lane and 0 queues changed" in text
    assert "before: (sensitive, no. 2)" in text
    assert "hush" not in text
    assert "changed" not in page("--against", "w.yaml").replace("0 lanes and 0 queues changed", "")


def test_a_secret_of_an_earlier_form_that_is_live_is_hidden_too(graph, folder, live):
    live(BASE.replace("vip == true", "vip == 'hush'").replace("name: Incoming", "name: Former"))
    variables = "variables: {token: {secret: true}}\n"
    (folder / "w.yaml").write_text(variables + BASE.replace("vip == true", "vip == '${token}'"))
    code, out, _ = graph("--against", "Shop", "--local", "--var", "token=hush")

    assert code == 0
    assert "Former" in out
    assert "hush" not in out


def test_a_name_speaks_to_no_ci_runner(graph, folder):
    (folder / "w.yaml").write_text(BASE.replace("name: es,", 'name: "##[error]x",'))

    for form in ("html", "svg", "mermaid", "dot"):
        assert "##[" not in graph("--format", form)[1]
    assert ET.fromstring(graph("--format", "svg")[1]).tag.endswith("svg")
