"""diff shows the differences between two workspaces, live or in files, and nothing else."""

import json
import re
import sqlite3
import textwrap

import click
import httpx
import pytest

from tests.cli.conftest import have_database
from tr_apply.cli import run
from tr_apply.difference import contents_of_live
from tr_apply.errors import TrApplyError
from tr_apply.live import Live, Snapshot, predicted
from tr_apply.local import open_app
from tr_apply.own_folder import DATABASE
from tr_apply.resources import SECTIONS
from tr_apply.resources.workspace import Workspace
from tr_apply.transport import in_process

BASE = """\
workspace: {name: Shop, prioritize_queue_order: FIFO}
activities:
  - {name: Offline, available: false}
  - {name: Available, available: true}
task_queues:
  - {name: Everyone}
  - {name: Spanish, target_workers: "languages HAS 'es'"}
workflows:
  - name: Incoming
    filters:
      - {name: es, expression: "language == 'es'", targets: [{queue: Spanish, timeout: 60}, {queue: Everyone}]}
      - {name: vip, expression: "vip == true", targets: [{queue: Everyone, priority: 10}]}
    default_filter: {queue: Everyone}
workers:
  - {name: alice, attributes: {languages: [en, es], phone: "1"}, channels: {voice: {capacity: 2}}}
  - {name: bob, attributes: {languages: [en]}}
"""


@pytest.fixture
def tr_apply(capsys):
    """Runs a command against the embedded TaskRouter of this test."""

    def command(*arguments):
        code = run([*arguments])
        printed = capsys.readouterr()
        return code, click.unstyle(printed.out), printed.err

    return command


@pytest.fixture
def file(tmp_path):
    def write(name, text=BASE, **replaced):
        for old, new in replaced.values():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / name).write_text(textwrap.dedent(text))
        return name

    return write


@pytest.fixture
def live(file, capsys):
    """Applies a configuration under a name of its own."""

    paths = []

    def apply(name, text=BASE, **replaced):
        paths.append(file(f"{name}.live.yaml", text.replace("name: Shop", f"name: {name}"), **replaced))
        have_database(DATABASE, apply_last, *paths)
        capsys.readouterr()
        return name

    return apply


def apply_last(*files):
    """Apply the last one, where the others were applied before."""
    assert run(["apply", "--local", "--auto-approve", files[-1]]) == 0


@pytest.fixture
def differences(tr_apply):
    """action, kind and name of each, with the changed fields: path -> (before, after)."""

    def found(*arguments, code=0):
        exit_code, out, err = tr_apply("diff", "--format", "json", *arguments)
        document = json.loads(out)
        assert exit_code == document["exit_code"] == code, err
        assert document["command"] == "diff"
        assert document["format_version"] == "1.0"
        return {
            (each["action"], each["kind"], each["name"]): {
                c["path"]: (c["before"], c["after"]) for c in each["changes"]
            }
            for each in document["differences"]
        }

    return found


# Each of the three, and a change in each


SIDES = ["file file", "file live", "live file", "live live"]


@pytest.fixture(params=SIDES)
def sides(request, file, live):
    """Makes both sides of texts, and says what to call them."""

    def make(before=BASE, after=BASE):
        names = []
        for name, text, kind in zip(("Old", "New"), (before, after), request.param.split(), strict=True):
            names.append(live(name, text) if kind == "live" else file(f"{name}.yaml", text))
        return ["--local", *names]

    return make


def test_equals_differ_in_nothing(tr_apply, sides):
    arguments = sides()

    code, out, err = tr_apply("diff", "--detailed-exitcode", *arguments)

    assert (code, err) == (0, "")
    assert out.endswith("No differences.\n")


def test_another_spelling_is_not_a_difference(differences, sides):
    other = BASE.replace("languages HAS 'es'", "(languages  has 'es')").replace(
        "[en, es], phone", '["en", "es"], phone'
    )

    assert differences(*sides(BASE, other)) == {}


def test_one_and_true_differ(differences, sides):
    one, true = (BASE.replace("languages: [en]}", f"languages: [en], vip: {value}}}") for value in ("1", "true"))

    assert differences(*sides(one, true)) == {("update", "worker", "bob"): {"attributes.vip": (1, True)}}


def test_each_sort_of_difference_has_its_symbol_and_is_counted(tr_apply, sides):
    after = (
        BASE.replace("  - {name: Everyone}\n", "  - {name: Everyone, max_reserved_workers: 3}\n  - {name: French}\n")
        .replace("  - {name: bob, attributes: {languages: [en]}}\n", "")
        .replace("capacity: 2", "capacity: 4")
    )

    code, out, _ = tr_apply("diff", "--detailed-exitcode", *sides(BASE, after))

    assert code == 2
    lines = [line.strip() for line in out.splitlines()]
    assert lines[2:-2] == [
        "~ task_queue Everyone",
        "max_reserved_workers: 1 -> 3",
        "+ task_queue French",
        "- worker bob",
        "~ worker_channel alice/voice",
        "capacity: 2 -> 4",
    ]
    assert lines[-1].startswith("Difference: 1 only in the first, 1 only in the second, 2 different, ")


def test_the_other_way_round_is_the_same_turned(differences, sides):
    after = (
        BASE.replace("  - {name: bob, attributes: {languages: [en]}}\n", "  - {name: carol, attributes: {level: 1}}\n")
        .replace("timeout: 60", "timeout: 90")
        .replace("prioritize_queue_order: FIFO", "prioritize_queue_order: LIFO")
    )
    local, old, new = sides(BASE, after)

    forth, back = differences(local, old, new), differences(local, new, old)

    turned = {"create": "delete", "delete": "create", "update": "update"}
    back_again = {
        (turned[action], kind, name): {path: (b, a) for path, (a, b) in changes.items()}
        for (action, kind, name), changes in back.items()
    }
    assert {(*key[:2], "" if key[1] == "workspace" else key[2]): value for key, value in back_again.items()} == {
        (*key[:2], "" if key[1] == "workspace" else key[2]): value for key, value in forth.items()
    }
    assert ("create", "worker", "carol") in forth
    assert ("delete", "worker", "bob") in forth
    assert forth["create", "worker", "carol"] == {"attributes": (None, {"level": 1})}
    assert back["delete", "worker", "carol"] == {"attributes": ({"level": 1}, None)}
    assert [changes for (_, kind, _), changes in forth.items() if kind == "workspace"] == [
        {"prioritize_queue_order": ("FIFO", "LIFO")}
    ]


def test_moved_filters_are_shown_as_moved(tr_apply, sides):
    lines = BASE.splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if "name: es" in line)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]

    _, out, _ = tr_apply("diff", *sides(BASE, "".join(lines)))

    assert out.count("still 1 of 2, but now") + out.count("still 2 of 2, but now") + out.count("moved from") == 1
    assert "~ workflow Incoming" in out


def test_a_worker_in_another_activity_is_not_a_difference(differences, live, file):
    live("Old")
    live("New")
    app = open_app(".tr-apply/local.db")
    with_activity(app, "New", "alice", "Available")
    app.close()

    assert differences("--local", "Old", "New") == {}
    assert differences("--local", file("w.yaml"), "New") == {}


def with_activity(app, workspace, worker, activity):
    """Move *worker*, as people do all day."""
    import asyncio  # noqa: PLC0415

    async def move():
        async with httpx.AsyncClient(transport=in_process(app), base_url="http://test/v1", auth=("x", "y")) as client:

            async def sid(path, key, name):
                items = (await client.get(path)).json()[key]
                return next(item["sid"] for item in items if item["friendly_name"] == name)

            path = f"/Workspaces/{await sid('/Workspaces', 'workspaces', workspace)}"
            to = await sid(f"{path}/Activities", "activities", activity)
            who = await sid(f"{path}/Workers", "workers", worker)
            answer = await client.post(f"{path}/Workers/{who}", data={"ActivitySid": to})
            assert answer.status_code == 200

    asyncio.run(move())


# Names and SIDs


def test_names_that_lead_to_the_same_are_the_same_in_any_spelling(differences, file):
    a = file(
        "a.yaml",
        q=("{queue: Everyone}", "{queue: everyone}"),
        s=("language == 'es'", "q == '${sid:task_queue/everyone}'"),
    )
    b = file("b.yaml", s=("language == 'es'", "q == '${sid:task_queue/Everyone}'"))

    assert differences(a, b) == {}


def test_a_sid_inside_a_text_is_the_resource_that_it_is_of(differences, sides):
    text = BASE.replace("vip == true", "queue == '${sid:task_queue/Everyone}'")
    other = BASE.replace("vip == true", "queue == '${sid:task_queue/Spanish}'")

    assert differences(*sides(text, text)) == {}
    assert list(differences(*sides(text, other))) == [("update", "workflow", "Incoming")]


@pytest.mark.parametrize("turned", [False, True])
def test_a_rename_is_one_difference_and_what_refers_to_it_none(differences, file, turned):
    a = file("a.yaml")
    renamed = BASE.replace("Spanish", "Español").replace("{name: Español", "{name: Español, renamed_from: [Spanish]")
    b = file("b.yaml", renamed)

    found = differences(*((b, a) if turned else (a, b)))

    names = ("Español", "Spanish") if turned else ("Spanish", "Español")
    assert found == {("update", "task_queue", names[1]): {"name": names}}


def test_a_renamed_default_activity_stays_the_default(differences, file):
    a = file("a.yaml", o=("name: Offline", "name: Away, renamed_from: [Offline]"))
    b = file(
        "b.yaml",
        o=("name: Offline", "name: Away"),
        w=("prioritize_queue_order: FIFO", "default_activity: Away, timeout_activity: Away"),
    )

    assert differences(a, b) == {}


def test_a_live_workspace_is_also_known_by_its_sid(tr_apply, live, file):
    live("Old")
    path = file("w.yaml")
    sid = json.loads(tr_apply("diff", "--local", "--format", "json", path, "Old")[1])["after"]["workspace_sid"]

    code, out, _ = tr_apply("diff", "--local", sid, path)

    assert code == 0
    assert out.startswith(f"Old ({sid}) -> w.yaml\n")


# Parts that a file leaves out


def test_a_section_that_a_file_leaves_alone_does_not_differ_from_a_live_workspace(differences, live, file):
    live("Old")
    part = "workspace: {name: Shop}\ntask_queues:\n  - {name: Everyone}\nmanage: {task_queues: additive}\n"

    assert differences("--local", file("part.yaml", part), "Old") == {}
    assert differences("--local", "Old", "part.yaml") == {}


def test_merged_or_ignored_attributes_are_not_a_difference(differences, live, file):
    live("Old")
    rule = "manage: {workers: {attributes: merge, ignore: [attributes.languages]}}\n"
    path = file(
        "w.yaml", BASE + rule, a=('{languages: [en, es], phone: "1"}', "{level: 1}"), b=("{languages: [en]}", "{}")
    )

    assert differences("--local", "Old", path) == {("update", "worker", "alice"): {"attributes.level": (None, 1)}}


def test_a_file_that_leaves_a_section_out_has_what_a_new_workspace_has(differences, file):
    seeded = """\
        workspace: {name: A}
        activities:
          - {name: Offline, available: false}
          - {name: Available, available: true}
          - {name: Unavailable, available: false}
        task_channels: [{unique_name: voice, name: Voice}]
        workers: [{name: x}]
    """
    plain = "workspace: {name: B, default_activity: Offline, event_callback_url: ''}\nworkers: [{name: x, attributes: {}, channels: {voice: {capacity: 1}}}]\n"

    assert differences(file("a.yaml", seeded), file("b.yaml", plain)) == {}


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("workspace: {name: B, template: FIFO}\n", {("create", "task_queue"), ("create", "workflow")}),
        ("workspace: {name: B}\nactivities: [{name: Offline, available: false}]\n", {("delete", "activity")}),
        ("workspace: {name: B}\nactivities: []\n", {("delete", "activity")}),
        ("workspace: {name: B}\nactivities: []\nmanage: {activities: additive}\n", set()),
        ("workspace: {name: B}\nactivities: []\nmanage: {activities: ignore}\n", set()),
        ("workspace: {name: B}\ntask_channels: []\n", set()),
        (
            "workspace: {name: B, multi_task_enabled: false}\n",
            {("update", "workspace"), ("create", "activity"), ("delete", "activity")},
        ),
    ],
)
def test_against_an_empty_file_only_what_a_new_workspace_would_have_more_or_less(differences, file, text, only):
    empty = file("a.yaml", "workspace: {name: A}\n")

    assert {key[:2] for key in differences(empty, file("b.yaml", text))} == only


def test_channels_of_a_worker_that_only_one_side_has_are_shown(differences, file):
    a = file("a.yaml", bob=("  - {name: bob", "  - {name: bobby"))
    b = file("b.yaml", a=("  - {name: bob,", "  - {name: carl, channels: {Voice: {available: false}},"))

    found = differences(a, b)

    assert found["update", "worker_channel", "carl/voice"] == {"available": (True, False)}


# Secrets


@pytest.mark.parametrize("sides", SIDES[:3], indirect=True)
def test_a_secret_of_either_file_is_not_shown(tr_apply, sides):
    rule = "manage: {workers: {sensitive: [attributes.phone, channels.voice.capacity]}}\n"
    secret = BASE.replace('phone: "1"', 'phone: "+15550001"').replace("capacity: 2", "capacity: 37")
    more = secret.replace("  - {name: bob", "  - {name: carol, attributes: {phone: '+15550002'}}\n  - {name: bob")

    outputs = [tr_apply("diff", "--format", f, *sides(more + rule, BASE + rule))[1] for f in ("text", "json")]

    for out in outputs:
        assert "+1555" not in out
        assert "37" not in re.sub(r"sha256:[0-9a-f]+|WS[0-9a-f]{32}", "", out)
    assert outputs[0].count("(sensitive) -> (sensitive)") == 2
    assert outputs[1].count('"sensitive": true') == 3


# Paths, and errors


@pytest.mark.parametrize("missing", ["nowhere.yaml", "no/where", "./Shop", "x.YML"])
def test_a_path_that_does_not_exist_is_a_usage_error(tr_apply, file, missing):
    code, out, err = tr_apply("diff", file("w.yaml"), missing)

    assert (code, out) == (64, "")
    assert f"{missing.removeprefix('./')}: there is no such file or directory" in err


def test_a_name_is_that_of_a_live_workspace(tr_apply, file):
    code, _, err = tr_apply("diff", "--local", file("w.yaml"), "Nowhere")

    assert code == 1
    assert "there is no live workspace 'Nowhere'" in err


def test_a_name_may_be_longer_than_that_of_any_file(tr_apply, file):
    name = "Support" * 60

    code, _, err = tr_apply("diff", "--local", file("w.yaml"), name)

    assert code == 1
    assert "there is no live workspace" in err


def test_a_name_needs_a_target_and_two_files_need_none(tr_apply, file):
    path = file("w.yaml")

    code, _, err = tr_apply("diff", path, "Shop")

    assert code == 1
    assert "TWILIO_ACCOUNT_SID" in err
    assert "--local" in err
    assert tr_apply("diff", path, path)[0] == 0


def test_the_credentials_that_a_file_names_are_asked_for(tr_apply, file, monkeypatch):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "of somebody else")
    named = "{name: Shop, credentials: {account_sid_env: TWILIO_SHOP_SID, auth_token_env: TWILIO_SHOP_TOKEN}, "

    code, _, err = tr_apply("diff", file("w.yaml", BASE.replace("{name: Shop, ", named)), "Shop")

    assert code == 1
    assert "TWILIO_SHOP_SID" in err


def test_the_credentials_of_the_overlay_of_a_side_are_asked_for(tr_apply, file, monkeypatch):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "of somebody else")
    file("w.yaml")
    file("emea.yaml", "workspace: {credentials: {account_sid_env: TWILIO_EMEA_SID, region_env: TWILIO_EMEA_REGION}}\n")

    code, _, err = tr_apply("diff", "Shop", "w.yaml+emea.yaml")

    assert code == 1
    assert "TWILIO_EMEA_SID" in err


@pytest.fixture
def overlays(file):
    """A base and three overlays."""
    file("base.yaml")
    file("staging.yaml", "task_queues: [{name: Spanish, max_reserved_workers: 2}]\n")
    file("more.yaml", "task_queues: [{name: Spanish, max_reserved_workers: 3}]\n")
    file("lifo.yaml", "task_queues: [{name: Spanish, task_order: LIFO}]\n")


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        ("base.yaml+staging.yaml", {"max_reserved_workers": (1, 2)}),
        ("base.yaml+staging.yaml+more.yaml", {"max_reserved_workers": (1, 3)}),
        ("base.yaml+more.yaml+staging.yaml", {"max_reserved_workers": (1, 2)}),
        ("base.yaml+staging.yaml+./lifo.yaml", {"max_reserved_workers": (1, 2), "task_order": ("FIFO", "LIFO")}),
    ],
)
@pytest.mark.usefixtures("overlays")
def test_a_side_carries_overlays_of_its_own(differences, after, changes):
    assert differences("base.yaml", after) == {("update", "task_queue", "Spanish"): changes}


@pytest.mark.usefixtures("overlays")
def test_an_overlay_of_both_sides_is_laid_over_their_own_and_says_so(tr_apply, differences):
    arguments = ("base.yaml+lifo.yaml", "base.yaml+staging.yaml", "--overlay", "more.yaml")

    assert differences(*arguments) == {("update", "task_queue", "Spanish"): {"task_order": ("LIFO", "FIFO")}}
    _, out, err = tr_apply("diff", *arguments)
    assert "base.yaml+staging.yaml" in out
    assert err == "--overlay more.yaml is laid over both sides; write PATH+more.yaml to lay it over one\n"


@pytest.mark.usefixtures("overlays")
def test_an_overlay_of_both_sides_says_so_also_where_both_are_one_file(tr_apply):
    _, _, err = tr_apply("diff", "base.yaml", "base.yaml", "--overlay", "more.yaml")

    assert err == "--overlay more.yaml is laid over both sides; write PATH+more.yaml to lay it over one\n"


@pytest.mark.usefixtures("overlays")
def test_an_overlay_over_the_only_file_needs_no_word(tr_apply, live):
    live("Shop")

    code, _, err = tr_apply("diff", "--local", "Shop", "base.yaml", "--overlay", "more.yaml")

    assert (code, err) == (0, "")


@pytest.mark.usefixtures("overlays")
def test_a_side_with_overlays_is_compared_with_the_live_workspace(differences, live):
    live("Shop")

    found = differences("--local", "Shop", "base.yaml+staging.yaml")

    assert found == {("update", "task_queue", "Spanish"): {"max_reserved_workers": (1, 2)}}


@pytest.mark.usefixtures("overlays")
def test_a_path_with_a_plus_that_exists_is_one_path(differences, file):
    file("base.yaml+staging.yaml")

    assert differences("base.yaml", "base.yaml+staging.yaml") == {}


def test_a_name_with_a_plus_is_that_of_a_live_workspace(differences, live, file):
    live("C++ Shop")

    assert differences("--local", "C++ Shop", file("w.yaml")) == {}


@pytest.mark.usefixtures("overlays")
def test_each_part_must_exist(tr_apply):
    code, _, err = tr_apply("diff", "base.yaml", "base.yaml+stagin.yaml")

    assert code == 64
    assert "stagin.yaml" in err
    assert "base.yaml+" not in err


@pytest.mark.usefixtures("overlays")
def test_a_variable_that_an_overlay_of_one_side_uses_is_used(differences, file):
    file("size.yaml", 'task_queues: [{name: Spanish, max_reserved_workers: "${SIZE}"}]\n')

    found = differences("base.yaml", "base.yaml+size.yaml", "--var", "SIZE=7")

    assert found == {("update", "task_queue", "Spanish"): {"max_reserved_workers": (1, 7)}}


def test_a_live_text_that_does_not_parse_is_shown(differences, live, file, tmp_path):
    live("Shop")
    with sqlite3.connect(tmp_path / ".tr-apply" / "local.db") as database:
        database.execute("UPDATE task_queue SET target_workers = 'a-b >' WHERE friendly_name = 'Spanish'")

    found = differences("--local", "Shop", file("w.yaml"))

    assert found == {("update", "task_queue", "Spanish"): {"target_workers": ("a-b >", "languages HAS 'es'")}}
    assert differences("--local", "Shop", "Shop") == {}


def test_a_folder_is_a_configuration(differences, file, tmp_path):
    (tmp_path / "Shop").mkdir()
    (tmp_path / "Shop" / "all.yaml").write_text(BASE)

    assert differences("Shop", file("w.yaml")) == {}


def test_every_finding_of_both_files_is_shown(tr_apply, file):
    a, b = file("a.yaml", BASE + "one: 1\n"), file("b.yaml", BASE + "two: 2\n")

    code, out, _ = tr_apply("diff", "--format", "json", a, b)

    document = json.loads(out)
    assert code == document["exit_code"] == 3
    assert [error["file"] for error in document["errors"]] == [a, b]


def test_a_file_that_does_not_fit_the_live_workspace_is_invalid(tr_apply, live, file):
    live("Old")
    path = file("w.yaml", "workspace: {name: X}\nworkflows:\n  - {name: W, default_filter: {queue: Lost}}\n")

    code, _, err = tr_apply("diff", "--local", path, "Old")

    assert code == 3
    assert err.startswith("w.yaml:3:")


def test_two_live_resources_of_one_name_are_listed():
    queues = [Live("task_queue", name, f"WQ{number:032x}", {}) for number, name in enumerate(("Sales", "sales"))]
    snapshot = Snapshot(
        None,
        predicted(None, Workspace(name="X")).workspace,
        {kind.name: () for kind in SECTIONS} | {"task_queue": queues},
    )

    with pytest.raises(TrApplyError, match=r"2 live task queues are called 'Sales': WQ0+ and WQ0+1"):
        contents_of_live(snapshot)


def test_a_hostile_name_cannot_steer_the_terminal(tr_apply, file):
    a, b = (
        file("a\x1b[2J\n.yaml"),
        file("b.yaml", q=("{name: Spanish,", '{name: "Spa\\e[31mnish",'), s=("queue: Spanish", "queue: Everyone")),
    )

    _, out, _ = tr_apply("diff", a, b)

    assert all(line.isprintable() for line in out.splitlines())
    assert "Spa\\x1b[31mnish" in out
