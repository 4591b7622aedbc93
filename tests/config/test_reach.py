"""The files that a configuration may read: none outside of its root, for any name and any link."""

import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tr_apply.cli import run
from tr_apply.config import reach as reach_module
from tr_apply.config.load import Inputs, load
from tr_apply.config.reach import OutsideError, Reach
from tr_apply.config.routing_tests import load_routing_tests

CANARY = "c4nary"
SECRET = f"//registry.example/:_authToken={CANARY}\nname\n{CANARY}\n"
WITH_TABLE = "workspace: {{name: W}}\nworkers: {{csv: {}}}\n"


@pytest.fixture(params=["folder by folder", "whole paths"])
def home(tmp_path, monkeypatch, request):
    """A folder with a secret in it, and in another one below, the working directory, a repository.

    Everything holds on systems that open folder by folder, and on those that open whole paths alone, as Windows does.
    """
    if request.param == "whole paths":
        monkeypatch.setattr(reach_module, "_FROM_FOLDERS", False)
        monkeypatch.setattr(reach_module, "_FILE", os.O_NONBLOCK)
    (tmp_path / ".npmrc").write_text(SECRET)
    (tmp_path / "agents.csv").write_text(SECRET)
    (tmp_path / "secret.yaml").write_text(f"{CANARY}: [\n")
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    return tmp_path


def codes(path=".", **inputs):
    configuration = load(Path(path), Inputs(**inputs))
    told = "\n".join(map(str, configuration.diagnostics))
    assert CANARY not in told
    assert CANARY not in str(configuration.notes.sources)
    return [each.code for each in configuration.diagnostics]


OUTSIDE = ["../.npmrc", "../agents.csv", "{home}/.npmrc", "link.csv", "links/agents.csv", "a/../../agents.csv", "/etc/passwd",
           "/proc/self/environ", "chain.csv", ".", "..", "../nothing.csv"]  # fmt: skip


@pytest.mark.parametrize("named", OUTSIDE)
def test_a_table_outside_is_not_read(home, named):
    Path("link.csv").symlink_to("../agents.csv")
    Path("links").symlink_to("..")
    Path("chain.csv").symlink_to("link.csv")
    Path("w.yaml").write_text(WITH_TABLE.format(named.format(home=home)))

    assert codes("w.yaml") == ["unreadable" if named == "." else "outside-root"]


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_no_format_quotes_a_file_outside_and_each_names_the_option(home, form, capsys):
    Path("w.yaml").write_text(WITH_TABLE.format("../.npmrc"))
    (home / ".npmrc").write_text(SECRET)

    assert run(["validate", "w.yaml", "--format", form]) == 3

    printed = capsys.readouterr()
    assert CANARY not in printed.out + printed.err
    assert "--root DIR" in printed.out


def test_a_table_inside_is_read_and_a_wider_root_reaches_further(home):
    Path("tables").mkdir()
    Path("tables/agents.csv").write_text("name\nann\n")
    Path("link.csv").symlink_to("tables/agents.csv")
    Path("w.yaml").write_text(WITH_TABLE.format("link.csv"))
    (home / "shared.csv").write_text("name\nben\n")
    Path("x.yaml").write_text(WITH_TABLE.format("../shared.csv"))

    assert codes("w.yaml") == []
    assert codes("x.yaml", root=home) == []
    assert codes("x.yaml") == ["outside-root"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("named", [".env", ".git/config", "x/.env"])
def test_a_hidden_file_inside_is_not_read_either(named):
    Path(named).parent.mkdir(exist_ok=True)
    Path(named).write_text(SECRET)
    Path("w.yaml").write_text(WITH_TABLE.format(named))

    assert codes("w.yaml") == ["outside-root"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("hidden", [".git/config", ".env"])
def test_no_file_that_the_caller_names_is_a_link_to_a_hidden_one(hidden):
    Path(".git").mkdir()
    Path(hidden).write_text(f"{CANARY}: [\n")
    Path("x.yaml").symlink_to(hidden)
    Path("w.yaml").write_text("workspace: {name: W}\n")

    assert codes("x.yaml") == ["outside-root"]
    assert codes("x.yaml", root=Path()) == ["outside-root"]
    assert codes("w.yaml", overlays=[Path("x.yaml")]) == ["outside-root"]
    assert codes("w.yaml", variable_files=[Path("x.yaml")]) == ["outside-root"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("path", [".ours/conf", ".ours/conf/w.yaml"])
def test_a_hidden_name_that_the_caller_writes_is_read(path):
    Path(".ours/conf").mkdir(parents=True)
    Path(".ours/conf/w.yaml").write_text("workspace: {name: W}\n")
    Path(".ours/v.yaml").write_text("a: b\n")

    assert codes(path, variable_files=[Path(".ours/v.yaml")]) == []


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("path", ["mounted", "mounted/w.yaml"])
def test_a_folder_that_kubernetes_mounts_is_read(path):
    Path("mounted/..2031_01_01").mkdir(parents=True)
    Path("mounted/..2031_01_01/w.yaml").write_text("workspace: {name: W}\n")
    Path("mounted/..data").symlink_to("..2031_01_01")
    Path("mounted/w.yaml").symlink_to("..data/w.yaml")

    assert codes(path) == []


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("named", ['workers: {csv: "a\\0b"}', 'task_queues: [{for_each: {csv: "a\\0b"}, name: q}]'])
def test_a_table_whose_name_contains_nul_cannot_be_read(named):
    Path("w.yaml").write_text(f"workspace: {{name: W}}\n{named}\n")

    assert codes("w.yaml") == ["unreadable"]


def test_a_link_in_a_folder_leads_nowhere_else(home):
    Path("conf").mkdir()
    Path("conf/w.yaml").write_text("workspace: {name: W}\n")
    Path("conf/a.yaml").symlink_to(home / "secret.yaml")
    Path("conf/everything").symlink_to("/")
    Path("conf/more").symlink_to(home)

    assert codes("conf") == ["outside-root"] * 3


@pytest.mark.parametrize("target", ["/", "{home}", "..", "/etc"])
def test_a_path_that_is_a_link_out_is_not_walked(home, target):
    Path("conf").symlink_to(target.format(home=home))

    assert codes("conf") == ["outside-root"]


def test_a_path_that_is_a_link_out_is_read_where_the_caller_gives_the_root(home):
    (home / "ours").mkdir()
    (home / "ours" / "w.yaml").write_text("workspace: {name: W}\n")
    Path("conf").symlink_to(home / "ours")

    assert codes("conf") == ["outside-root"]
    assert codes("conf", root=home) == []


def test_a_file_that_is_a_link_out_is_not_read(home):
    Path("w.yaml").symlink_to(home / "secret.yaml")

    assert codes("w.yaml") == ["outside-root"]
    assert codes("w.yaml", root=Path()) == ["outside-root"]


@pytest.mark.parametrize("kind", ["overlays", "variable_files"])
def test_an_overlay_or_a_variable_file_in_the_repository_must_not_link_out_of_it(home, kind):
    Path("w.yaml").write_text("workspace: {name: W}\n")
    Path("o.yaml").symlink_to(home / "secret.yaml")

    assert codes("w.yaml", **{kind: [Path("o.yaml")]}) == ["outside-root"]
    assert codes("w.yaml", **{kind: [Path.cwd() / "." / "o.yaml"]}) == ["outside-root"]


def test_an_overlay_of_the_caller_may_be_anywhere_and_reaches_its_own_folder(home):
    Path("w.yaml").write_text("workspace: {name: W}\n")
    (home / "ops").mkdir()
    (home / "ops" / "people.csv").write_text("name,new\nann,true\n")
    overlay = home / "ops" / "o.yaml"

    overlay.write_text("workers: {csv: people.csv}\n")
    assert codes("w.yaml", overlays=[overlay]) == []
    overlay.write_text("workers: {csv: ../agents.csv}\n")
    assert codes("w.yaml", overlays=[overlay]) == ["outside-root"]


def test_routing_tests_are_held_to_the_same_rule(home):
    Path("w.yaml").write_text("workspace: {name: W}\n")
    Path("w.test.yaml").symlink_to(home / "secret.yaml")

    suite = load_routing_tests(load(Path("w.yaml")))

    assert [each.code for each in suite.diagnostics] == ["outside-root"]
    assert CANARY not in str(suite.diagnostics)


@pytest.mark.parametrize("home", ["folder by folder"], indirect=True)  # another process always opens as it can here
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "arguments", ["/dev/stdin < w.yaml", "<(cat w.yaml)", "w.yaml --overlay <(echo 'task_queues: []')"]
)
def test_a_file_that_a_shell_passes_on_is_read(arguments):
    Path("w.yaml").write_text("workspace: {name: W}\n")

    command = f"{shlex.quote(sys.executable)} -m tr_apply validate {arguments}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("path", "is_held"),
    [
        ("/dev/stdin", False),
        ("/dev/fd/63", False),
        ("/proc/self/fd/63", False),
        ("/dev/shm/w.yaml", True),
        ("/device/w.yaml", True),
    ],
)
def test_a_repository_in_memory_is_held_to_the_same_rule(path, is_held):
    assert (reach_module.reach_of_path(Path(path), Reach(())) is not None) is is_held


def test_a_link_that_is_exchanged_after_it_was_looked_at_leads_nowhere(home, monkeypatch):
    Path("inside").mkdir()
    Path("inside/agents.csv").write_text("name\nann\n")
    opened = "_opened_below" if reach_module._FROM_FOLDERS else "_opened_whole"
    original = getattr(reach_module, opened)

    def exchanged(*arguments):
        Path("inside").rename("was-inside")
        Path("inside").symlink_to(home)
        return original(*arguments)

    monkeypatch.setattr(reach_module, opened, exchanged)
    Path("w.yaml").write_text(WITH_TABLE.format("inside/agents.csv"))
    reach = Reach((Path.cwd(),))

    with pytest.raises(OutsideError), reach.opened(Path("inside/agents.csv")):
        pass


def test_a_link_that_is_exchanged_back_after_the_file_was_opened_leads_nowhere(home, monkeypatch):
    Path("inside").mkdir()
    Path("inside/agents.csv").write_text("name\nann\n")
    Path("link").symlink_to(home)
    original = os.open

    def exchanged(path, *arguments, **options):
        if not str(path).endswith("agents.csv"):
            return original(path, *arguments, **options)
        Path("inside").rename("was-inside")
        Path("link").rename("inside")
        try:
            return original(path, *arguments, **options)
        finally:
            Path("inside").rename("link")
            Path("was-inside").rename("inside")

    monkeypatch.setattr(os, "open", exchanged)
    is_whole = not reach_module._FROM_FOLDERS
    try:
        with Reach((Path.cwd(),)).opened(Path("inside/agents.csv")) as descriptor:
            assert os.read(descriptor, 1000) == b"name\nann\n"
            assert not is_whole
    except OutsideError:
        assert is_whole


def test_no_moment_of_an_exchange_shows_the_secret(home):
    Path("real.csv").write_text("name\nann\n")
    reach, ended = Reach((Path.cwd(),)), threading.Event()

    def exchange():
        while not ended.is_set():
            for target in (home / "agents.csv", Path("real.csv")):
                Path("next.csv").symlink_to(target)
                Path("next.csv").replace("now.csv")

    exchanger = threading.Thread(target=exchange)
    exchanger.start()
    seen = set()
    try:
        for _ in range(2000):
            try:
                with reach.opened(Path("now.csv")) as descriptor:
                    seen.add(os.read(descriptor, 1000))
            except (OutsideError, FileNotFoundError):
                pass
    finally:
        ended.set()
        exchanger.join()

    assert seen == {b"name\nann\n"}


STEPS = st.sampled_from(["..", ".", "a", "b", "a/b", "up", "out", "round", "deep", "agents.csv", ".npmrc", "/", "in"])
TARGETS = st.sampled_from(
    ["..", "../..", "a", "a/b", "up", "round", "../agents.csv", "agents.csv", "/", "a/in", "../repository"]
)


@given(
    st.dictionaries(st.sampled_from(["up", "out", "round", "deep", "a/in", "a/b/up"]), TARGETS),
    st.lists(STEPS, max_size=6),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_no_way_through_links_leads_to_the_secret(home, links, steps):
    Path("a/b").mkdir(parents=True, exist_ok=True)
    for name, target in links.items():
        Path(name).symlink_to(target)
    try:
        Path("w.yaml").write_text(WITH_TABLE.format("/".join(steps) or "x"))
        assert codes("w.yaml")
        codes(".")
        reach = Reach((home / "repository",))
        try:
            with reach.opened(Path(*steps)) as descriptor:
                assert CANARY not in os.read(descriptor, 1000).decode()
        except (OutsideError, OSError):
            pass
    finally:
        for name in links:
            Path(name).unlink()
