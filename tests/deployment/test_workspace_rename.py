"""A workspace that was renamed elsewhere is not built a second time; a staging and thirty tenants still are."""

import json

import pytest

from tr_apply.cli import run
from tr_apply.errors import ConfigError, RefusedError
from tr_apply.plan.checks.consent import Approval, Consent, require_consent
from tr_apply.plan.checks.workspace_rename import SUSPECTED_WORKSPACE_RENAME
from tr_apply.plan.saved.document import plan_id

QUEUES = ["Sales", "Support", "Spanish", "Billing"]


def center(name="Support", queues=QUEUES, workers=(), **workspace):
    return {
        "workspace": {"name": name, **workspace},
        "task_queues": [{"name": each} for each in queues],
        "workers": [{"name": each} for each in workers],
    }


def suspicions(plan):
    return [each for each in plan.blocked if each.code == SUSPECTED_WORKSPACE_RENAME]


@pytest.fixture
def renamed_elsewhere(world):
    """Applies a configuration, and renames its workspace in the Console."""

    def apply(document=None, name="Support EU"):
        world.apply(document or center())
        world.rest("POST", world.path(), FriendlyName=name)

    return apply


def test_the_unchanged_file_does_not_build_a_second_contact_centre(world, renamed_elsewhere):
    renamed_elsewhere()

    plan = world.plan(center())

    [suspicion] = suspicions(plan)
    sid = world.items("Workspaces")[0]["sid"]
    assert f"'Support EU' ({sid}) holds 4 of the 4 declared task queues" in suspicion.message
    assert '`renamed_from: ["Support EU"]`' in suspicion.message
    assert f"`sid: {sid}`" in suspicion.message
    for consent in (Consent(), Consent(Approval.ASKED), Consent(Approval.REVIEWED)):
        with pytest.raises(RefusedError, match=SUSPECTED_WORKSPACE_RENAME):
            require_consent(plan, consent, plan_id)


@pytest.mark.parametrize("way_out", [{"renamed_from": ["Support EU"]}, {"sid": None}])
def test_each_line_to_paste_adopts_it(world, renamed_elsewhere, way_out):
    renamed_elsewhere()
    sid = world.items("Workspaces")[0]["sid"]

    plan = world.apply(center(**{key: value or sid for key, value in way_out.items()}))

    assert plan.blocked == []
    assert [(each["friendly_name"], each["sid"]) for each in world.items("Workspaces")] == [("Support", sid)]


def test_a_misspelt_former_name_is_a_warning_and_no_answer(world, renamed_elsewhere):
    renamed_elsewhere()

    plan = world.plan(center(renamed_from=["Suport EU"]))

    assert [each.message for each in plan.diagnostics if each.code == "unknown-former-name"] == [
        "the workspace 'Support' is created: no live workspace has its former name 'Suport EU'; did you mean 'Support EU'?"
    ]
    assert suspicions(plan)


def test_a_file_that_says_new_makes_a_new_one(world, renamed_elsewhere):
    renamed_elsewhere()

    world.apply(center(renamed_from=[]))

    assert sorted(each["friendly_name"] for each in world.items("Workspaces")) == ["Support", "Support EU"]


HOLDS = {
    "half of the queues is not more than half": ([*QUEUES[:2], "X", "Y"], (), False),
    "three of five queues": ([*QUEUES[:3], "X", "Y"], (), True),
    "two of two queues are too few": (QUEUES[:2], (), False),
    "three of three workers": (["X"], ("ann", "ben", "cho"), True),
    "two of three workers are too few": (["X"], ("ann", "ben", "dan"), False),
}


@pytest.mark.parametrize("case", HOLDS)
def test_more_than_half_of_the_names_and_at_least_three_are_evidence(world, renamed_elsewhere, case):
    queues, workers, expected = HOLDS[case]
    renamed_elsewhere(center(workers=("ann", "ben", "cho")))

    assert bool(suspicions(world.plan(center("Other", queues, workers)))) is expected


def test_seeds_do_not_count(world, renamed_elsewhere):
    renamed_elsewhere(center(queues=["Sample Queue", "A", "B"], template="FIFO"))

    assert suspicions(world.plan(center(queues=["Sample Queue", "A", "B"]))) == []


# Known workspaces


@pytest.fixture
def cli(capsys, tmp_path):
    def call(*arguments):
        code = run([*arguments, "--local-db", str(tmp_path / "world.db"), "--format", "json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def blocked(document):
    return [each["code"] for plan in document["plans"] for each in plan["blocked"]]


def write(folder, name, document):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(document))
    return str(folder / name)


def test_the_other_paths_of_a_run_are_known(cli, tmp_path):
    one, two = (write(tmp_path / name, "w.yaml", center(name)) for name in ("One", "Two"))
    assert cli("apply", one, "--auto-approve")[0] == 0

    code, document = cli("plan", one, two)

    assert code == 0
    assert blocked(document) == []
    assert blocked(cli("plan", two)[1]) == [SUSPECTED_WORKSPACE_RENAME]


@pytest.mark.parametrize(
    ("file", "document"),
    [
        ("tenants/one.yaml", {"workspace": {"name": "Tenant One"}}),
        ("overlays/one.yaml", {"workspace": {"name": "Tenant ${tenant}"}}),
    ],
)
def test_a_workspace_named_by_a_file_or_overlay_in_the_same_root_is_known(cli, tmp_path, file, document):
    path = write(tmp_path, "base/w.yaml", center("Tenant One"))
    assert cli("apply", path, "--auto-approve")[0] == 0
    write(tmp_path / "base", file, document)
    path = write(tmp_path, "base/w.yaml", center("Tenant Two"))

    assert blocked(cli("plan", path)[1]) == []


def test_the_root_that_the_caller_names_is_searched_as_well(cli, tmp_path):
    one, two = (write(tmp_path / name, "w.yaml", center(name)) for name in ("One", "Two"))
    assert cli("apply", one, "--auto-approve")[0] == 0

    assert blocked(cli("plan", two, "--root", str(tmp_path))[1]) == []
    assert blocked(cli("plan", two, "--root", str(tmp_path / "Two"))[1]) == [SUSPECTED_WORKSPACE_RENAME]


def test_a_pin_that_the_account_does_not_have_is_an_error_with_its_place(world):
    with pytest.raises(
        ConfigError, match=r"workspace.yaml:1:\d+: error: there is no workspace WS0{32} in the account AC"
    ):
        world.plan(center(sid="WS" + "0" * 32))
