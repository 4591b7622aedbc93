"""init writes a starter that works as it is, and takes nobody's file away."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from tr_apply import __version__
from tr_apply.cli import init, run
from tr_apply.cli.init import CI, CONTAINER, SAMPLE, SURROUNDINGS
from tr_apply.cli.pinning import pinned_by
from tr_apply.schema import schema_text

ROOT = Path(__file__).parents[2]
SCHEMAS = {"schemas/workspace.schema.json", "schemas/tests.schema.json"}
GITHUB = CI["github"]
EVERYTHING = {*SAMPLE, *GITHUB, *SURROUNDINGS, *SCHEMAS, "README.md"}


SOURCES = {
    *SAMPLE.values(),
    *(source for sources in CI.values() for source in sources.values()),
    *SURROUNDINGS.values(),
    *CONTAINER.values(),
    "README.md",
    *(f"{name}.md" for name in CI),
}

MADE_ONCE = cache(schema_text)


@pytest.fixture(autouse=True)
def _schemas_made_once(monkeypatch):
    monkeypatch.setattr("tr_apply.schema.schema_text", MADE_ONCE)  # which takes a second


@pytest.fixture
def tr_apply(capsys):
    def command(*arguments):
        code = run([*arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


@pytest.fixture
def starter(tr_apply, tmp_path):
    assert tr_apply("init", "new")[0] == 0
    return tmp_path / "new"


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# The written files work


@pytest.mark.usefixtures("starter")
@pytest.mark.parametrize("path", ["new", "new/taskrouter", "new/taskrouter/workspace.yaml"])
def test_validate_passes_without_a_word(tr_apply, path):
    code, out, err = tr_apply("validate", "--fail-on", "warning", path)

    assert (code, out) == (0, "")
    assert err == f"{path}: valid\n"


@pytest.mark.usefixtures("starter")
@pytest.mark.parametrize("path", ["new", "new/taskrouter", "new/taskrouter/routing.test.yaml"])
def test_test_passes_and_reaches_everything(tr_apply, path):
    code, out, _ = tr_apply("test", "--coverage", "--format", "json", path)

    document = json.loads(out)
    assert (code, document["exit_code"], document["errors"]) == (0, 0, [])
    assert all(each["percentage"] == 100 for each in document["coverage"])
    assert "2 passed" in tr_apply("test", path)[1]


def test_the_tests_of_the_starter_fail_when_the_routing_changes(tr_apply, starter):
    path = starter / "taskrouter/workspace.yaml"
    path.write_text(path.read_text().replace("timeout: 60", "timeout: 90"))

    assert tr_apply("test", "new")[0] == 3


@pytest.mark.usefixtures("starter")
def test_the_starter_can_be_applied_immediately_and_then_plans_empty(tr_apply):
    assert tr_apply("apply", "--local", "--auto-approve", "new/taskrouter")[0] == 0
    assert tr_apply("plan", "--local", "--detailed-exitcode", "new/taskrouter")[0] == 0


def test_the_schemas_are_those_of_this_version_and_the_files_lead_to_them(starter):
    for name in ("workspace", "tests"):
        assert (starter / f"schemas/{name}.schema.json").read_text() == schema_text(name)
    for path in SAMPLE:
        text = (starter / path).read_text()
        [reference] = re.findall(r"^# yaml-language-server: \$schema=(.+)$", text, re.MULTILINE)
        assert (starter / path).parent.joinpath(reference).resolve().is_file()


def test_the_samples_fit_their_schemas(starter):
    jsonschema = pytest.importorskip("jsonschema")
    for path, name in zip(SAMPLE, ("workspace", "tests"), strict=True):
        jsonschema.validate(yaml.safe_load((starter / path).read_text()), json.loads(schema_text(name)))


def test_the_installed_version_is_this_version(starter):
    for path in (".github/workflows/tr-apply.yml", ".pre-commit-config.yaml"):
        text = (starter / path).read_text()
        assert set(re.findall(r"tr-apply==(\S+?)[\"'\s]", text)) == {__version__}
    assert all("@VERSION@" not in (starter / path).read_text() for path in EVERYTHING)


def test_the_database_of_the_embedded_taskrouter_is_not_committed(tr_apply, starter, monkeypatch):
    monkeypatch.chdir(starter)
    subprocess.run(["git", "init", "-q"], check=True)
    tr_apply("apply", "--local", "--auto-approve", "taskrouter")

    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    ).stdout

    assert {line[3:] for line in status.splitlines()} == EVERYTHING


def test_the_workflow_runs_what_there_is(starter):
    workflow = yaml.safe_load((starter / ".github/workflows/tr-apply.yml").read_text())
    action = yaml.safe_load((starter / ".github/actions/tr-apply/action.yml").read_text())

    triggers = workflow[True]  # YAML 1.1, in which GitHub and PyYAML read it, takes `on` for true
    assert set(triggers) == {"pull_request", "push", "schedule", "workflow_dispatch"}
    used = [
        (job, step)
        for job, content in workflow["jobs"].items()
        for step in content["steps"]
        if step["uses"].startswith("./")
    ]
    assert {step["uses"] for _, step in used} == {"./.github/actions/tr-apply"}
    assert [(job, step["with"]["command"]) for job, step in used] == [
        ("check", "validate"),
        ("check", "test"),
        ("plan", "plan"),
        ("apply", "apply"),
        ("drift", "drift"),
    ]
    assert all(set(step["with"]) <= set(action["inputs"]) for _, step in used)
    assert all((starter / step["with"]["paths"]).is_dir() for _, step in used)


def test_every_action_is_pinned_by_commit_and_every_job_has_the_least_rights(starter):
    workflow = yaml.safe_load((starter / ".github/workflows/tr-apply.yml").read_text())
    action = yaml.safe_load((starter / ".github/actions/tr-apply/action.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]] + action["runs"]["steps"]

    foreign = {step["uses"] for step in steps if not step.get("uses", "./").startswith("./")}
    assert len(foreign) == 3
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", each) for each in foreign)
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "check": {"contents": "read"},
        "plan": {"contents": "read", "pull-requests": "write"},
        "apply": {"contents": "read", "actions": "read", "pull-requests": "read"},
        "drift": {"contents": "read"},
    }


def test_only_the_environment_with_reviewers_has_the_key_that_writes(starter):
    workflow = yaml.safe_load((starter / ".github/workflows/tr-apply.yml").read_text())

    keys = {name: re.findall(r"secrets\.(TWILIO_\w*KEY)", str(job)) for name, job in workflow["jobs"].items()}
    assert keys == {
        "check": [],
        "plan": ["TWILIO_READ_API_KEY"],
        "apply": ["TWILIO_API_KEY"],
        "drift": ["TWILIO_READ_API_KEY"],
    }
    assert {name: job.get("environment") for name, job in workflow["jobs"].items() if "environment" in job} == {
        "apply": "taskrouter"
    }
    assert workflow["jobs"]["apply"]["steps"][-1]["with"]["finish"] == "${{ inputs.finish }}"


COMMIT = "0123456789abcdef0123456789abcdef01234567"
ORIGINS = {
    "an index": (None, f"tr-apply=={__version__}"),
    "a repository": (
        {"url": "https://example.com/tr-apply.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        f"tr-apply @ git+https://example.com/tr-apply.git@{COMMIT}",
    ),
    "a folder": ({"url": "file:///src", "dir_info": {"editable": True}}, f"tr-apply=={__version__}"),
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_pin_is_the_origin_of_this_installation(origin):
    direct_url, expected = ORIGINS[origin]

    pin = pinned_by(None if direct_url is None else json.dumps(direct_url))

    assert pin.requirement == expected
    assert "are not pinned" in pin.unpinned
    assert ("files of one machine" in pin.unpinned) == (origin == "a folder")


def test_it_says_what_cannot_be_pinned(tr_apply, starter):
    assert "are not pinned" in tr_apply("init", "other")[2]
    assert "are not pinned" in (starter / "README.md").read_text()


def test_the_hooks_run_what_passes(tr_apply, starter, monkeypatch):
    monkeypatch.chdir(starter)
    hooks = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]

    for hook in hooks:
        assert re.search(hook["files"], "taskrouter/workspace.yaml")
        assert re.search(hook["files"], "taskrouter/agents.csv")
        assert not re.search(hook["files"], "docker-compose.yaml")
        program, *arguments = hook["entry"].split()
        assert program == "tr-apply"
        assert tr_apply(*arguments)[0] == 0


def test_the_hooks_of_this_repository_are_commands(tr_apply, starter, monkeypatch):
    monkeypatch.chdir(starter)
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    assert [hook["id"] for hook in hooks] == ["tr-apply-validate", "tr-apply-test"]
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert hook["types_or"] == ["yaml", "csv"]  # workers may come from a table
        program, *arguments = hook["entry"].split()
        assert program == "tr-apply"
        assert tr_apply(*arguments, *hook["args"])[0] == 0


def test_the_readme_of_the_starter_names_commands_that_run(tr_apply, starter, monkeypatch):
    monkeypatch.chdir(starter)
    lines = [line[2:] for line in Path("README.md").read_text().splitlines() if line.startswith("$ ")]

    codes = {}
    for line in lines:
        _, *arguments = line.split()
        codes[arguments[0]] = tr_apply(*arguments, *(["--auto-approve"] if arguments[0] == "apply" else []))[0]

    assert codes == {"validate": 0, "test": 0, "apply": 0, "plan": 1}  # the last one needs an account


# Its messages


def test_it_names_every_file_and_what_to_do_next(tr_apply, tmp_path):
    code, out, err = tr_apply("init", "my shop")

    assert code == 0
    assert (
        {line.removeprefix("wrote my shop/") for line in out.splitlines()}
        == EVERYTHING
        == files_below(tmp_path / "my shop")
    )
    assert "cd 'my shop'\n" in err
    for command in ("validate", "test", "apply --local", "plan"):
        assert f"tr-apply {command} taskrouter" in err


def test_without_a_name_it_goes_into_the_current_directory(tr_apply, tmp_path):
    code, out, err = tr_apply("init")

    assert code == 0
    assert files_below(tmp_path) == EVERYTHING
    assert "wrote README.md\n" in out
    assert "cd " not in err


def test_quiet_names_the_files_alone(tr_apply):
    _, out, err = tr_apply("init", "-q", "new")

    assert out.count("wrote ") == len(EVERYTHING)
    assert err == ""


# Existing files stay


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_a_file_that_is_there_is_kept_and_named(tr_apply, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine\n")

    code, out, _ = tr_apply("init")

    assert code == 0
    assert path.read_text() == "mine\n"
    assert f"wrote {name}\n" not in out
    is_configuration = name == "taskrouter/workspace.yaml" or name.endswith(".test.yaml")
    if is_configuration:
        assert "left taskrouter alone, which holds a configuration already" in out
    else:
        assert f"kept {name}, which was there already\n" in out
    assert ("add this line to .gitignore: .tr-apply/" in out) == (name == ".gitignore")


def test_a_second_init_asks_for_no_line_that_is_there(tr_apply):
    tr_apply("init")

    _, out, _ = tr_apply("init")

    assert "kept .gitignore, which was there already\n" in out
    assert "add this line" not in out


def test_a_configuration_that_is_there_is_not_mixed_with_the_sample(tr_apply, tmp_path):
    (tmp_path / "taskrouter/queues").mkdir(parents=True)
    (tmp_path / "taskrouter/queues/mine.yml").write_text("workspace: {name: Mine}\n")

    code, out, _ = tr_apply("init")

    assert code == 0
    assert "left taskrouter alone" in out
    assert files_below(tmp_path / "taskrouter") == {"queues/mine.yml"}
    assert files_below(tmp_path) == EVERYTHING - set(SAMPLE) | {"taskrouter/queues/mine.yml"}


def test_a_second_time_it_writes_nothing(tr_apply, tmp_path):
    tr_apply("init")
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in EVERYTHING}

    code, out, _ = tr_apply("init")

    assert code == 0
    assert "wrote" not in out
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in EVERYTHING} == before


def test_a_link_that_leads_nowhere_is_not_followed(tr_apply, tmp_path):
    (tmp_path / "README.md").symlink_to(tmp_path / "elsewhere.md")

    code, out, _ = tr_apply("init")

    assert code == 0
    assert "kept README.md" in out
    assert not (tmp_path / "elsewhere.md").exists()


def test_a_file_created_in_the_meantime_is_not_overwritten(tr_apply, tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text("mine\n")
    monkeypatch.setattr(init, "_is_there", lambda _path: False)

    code, _, err = tr_apply("init")

    assert code == 1
    assert "README.md cannot be written: File exists" in err
    assert (tmp_path / "README.md").read_text() == "mine\n"


# Errors


def test_a_file_is_refused_as_a_folder(tr_apply, tmp_path):
    (tmp_path / "taken").write_text("mine\n")

    code, out, err = tr_apply("init", "taken")

    assert (code, out) == (64, "")
    assert "taken: this is a file" in err


@pytest.mark.parametrize("name", ["taskrouter", "schemas", ".github", ".github/actions"])
def test_a_file_in_the_place_of_a_folder_is_found_before_anything_is_written(tr_apply, tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine\n")

    code, out, err = tr_apply("init")

    assert (code, out) == (1, "")
    assert f"{name}: a folder is needed here, and this is a file" in err
    assert files_below(tmp_path) == {name}


def test_a_folder_below_a_file_cannot_be_made(tr_apply, tmp_path):
    (tmp_path / "taken").write_text("mine\n")

    code, _, err = tr_apply("init", "taken/new")

    assert code == 1
    assert "cannot be written: Not a directory" in err


def test_two_folders_are_one_too_many(tr_apply):
    assert tr_apply("init", "a", "b")[0] == 64


# In the repository itself


def test_the_action_of_this_repository_is_the_one_that_is_written(starter):
    """Copy it again with: tr-apply init NEW && cp -r NEW/.github/actions .github/."""
    names = [name for name in GITHUB if name.startswith(".github/actions/")]

    assert {name: (ROOT / name).read_text() for name in names} == {name: (starter / name).read_text() for name in names}
    assert {str(path.relative_to(ROOT)) for path in (ROOT / ".github/actions").rglob("*.*")} == set(names)


def test_every_file_of_the_starter_is_written_somewhere():
    folder = ROOT / "tr_apply/starter"
    sources = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert sources == SOURCES


def test_the_wheel_has_the_starter_and_no_pages_for_those_who_change_the_package(tmp_path):
    """hatch leaves out what git ignores, and a file called .gitignore would say what that is."""
    builder = pytest.importorskip("hatchling.builders.wheel")
    [wheel] = builder.WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"), versions=["standard"])

    program = "import sys, zipfile; print('\\n'.join(zipfile.ZipFile(sys.argv[1]).namelist()))"
    names = subprocess.run(
        [sys.executable, "-c", program, wheel], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {f"tr_apply/starter/{name}" for name in SOURCES} <= set(names)
    assert {name for name in names if name.endswith("README.md")} == {"tr_apply/starter/README.md"}


# Other services


def test_for_gitlab_it_writes_a_pipeline_and_nothing_of_github(tr_apply, tmp_path):
    code, out, err = tr_apply("init", "new", "--ci", "gitlab")

    assert code == 0
    assert files_below(tmp_path / "new") == {*SAMPLE, *CI["gitlab"], *SURROUNDINGS, *SCHEMAS, "README.md"}
    assert "wrote new/.gitlab-ci.yml\n" in out
    assert "The pipeline installs tr-apply" in err
    readme = (tmp_path / "new/README.md").read_text()
    assert "## On GitLab" in readme
    assert "GitHub" not in readme
    assert "@" not in readme.replace("@ git+", "").replace("@COMMIT", "")


def test_the_pipeline_of_gitlab_runs_commands_that_exist(tr_apply, tmp_path, monkeypatch):
    """The scripts of its jobs, in the order of the stages, against the embedded TaskRouter."""
    tr_apply("init", "new", "--ci", "gitlab")
    monkeypatch.chdir(tmp_path / "new")
    pipeline = yaml.safe_load(Path(".gitlab-ci.yml").read_text())
    scripts = {name: job["script"] for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}

    assert set(scripts) == {"check", ".plan", "apply", "drift"}
    for script in (*scripts["check"], *scripts[".plan"], *scripts["apply"], *scripts["drift"]):
        _, command, *arguments = script.split()
        local = ["--local"] if command in {"plan", "apply"} else []
        assert tr_apply(command, *arguments, *local)[0] == 0, script
    produced = {path for job in (".plan", "apply", "drift") for path in pipeline[job]["artifacts"]["paths"]}
    assert all(Path(path).is_file() for path in produced | {pipeline["check"]["artifacts"]["reports"]["junit"]})
    assert pipeline["apply"]["needs"] == ["plan-merged"]
    assert pipeline["apply"]["rules"][0]["when"] == "manual"


def test_a_container_is_written_only_when_it_is_asked_for(tr_apply, tmp_path):
    tr_apply("init", "without")
    tr_apply("init", "new", "--container")

    assert not (tmp_path / "without/Containerfile").exists()
    text = (tmp_path / "new/Containerfile").read_text()
    assert re.search(r'pip install --no-cache-dir --prefix /installed "tr-apply(==| @ )', text)
    entry = json.loads(re.search(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)[1])
    code, _, err = tr_apply(*entry[1:])
    assert code == 64
    assert "lets other machines in: give --account-sid and --auth-token" in err


def test_another_service_is_a_usage_error(tr_apply):
    assert tr_apply("init", "new", "--ci", "other")[0] == 64
