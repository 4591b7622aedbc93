"""Which files of routing tests belong to which configuration."""

from pathlib import Path

import pytest

from tr_apply.config.routing_test_files import configuration_of, selected

WORKSPACE = "workspace: {name: W}\n"


@pytest.fixture
def files(folder):  # noqa: ARG001  the working directory
    def write(*names):
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text("tests: []\n" if name.endswith((".test.yaml", ".test.yml")) else WORKSPACE)

    return write


def chosen(*paths, root=None):
    selection = selected([Path(each) for each in paths], root)
    return {str(path): None if tests is None else [str(each) for each in tests] for path, tests in selection.items()}


def test_configurations_alone_have_all_their_tests(files):
    files("one/w.yaml", "one/a.test.yaml", "two/w.yaml")

    assert chosen("one", "two", "one") == {"one": None, "two": None}


def test_files_of_one_configuration_are_tried_together(files):
    files("one/w.yaml", "one/a.test.yaml", "one/deep/b.test.yml")

    assert chosen("one/deep/b.test.yml", "one/a.test.yaml") == {"one": ["one/deep/b.test.yml", "one/a.test.yaml"]}


def test_a_file_selects_among_the_tests_of_the_configurations_given(files):
    files("one/w.yaml", "one/a.test.yaml", "one/b.test.yaml", "two/w.yaml", "two/c.test.yaml")

    assert chosen("one", "two", "one/b.test.yaml") == {"one": ["one/b.test.yaml"]}
    assert chosen("one", "one/b.test.yaml", "two", "two/c.test.yaml") == {
        "one": ["one/b.test.yaml"],
        "two": ["two/c.test.yaml"],
    }


def test_a_file_may_be_given_with_the_very_file_that_it_tests(files):
    files("base.yaml", "other.yaml", "voice.test.yaml", "tests/chat.test.yaml")

    assert chosen("base.yaml", "voice.test.yaml") == {"base.yaml": ["voice.test.yaml"]}
    assert chosen("base.yaml", "tests/chat.test.yaml") == {"base.yaml": ["tests/chat.test.yaml"]}


def test_a_file_of_none_of_them_has_a_configuration_of_its_own(files):
    files("one/w.yaml", "two/w.yaml", "two/c.test.yaml")

    assert chosen("one", "two/c.test.yaml") == {"one": None, "two": ["two/c.test.yaml"]}


def test_a_file_selects_also_by_another_spelling_of_its_path(files):
    files("one/w.yaml", "one/a.test.yaml")

    assert chosen("one", str(Path("one/a.test.yaml").absolute())) == {"one": [str(Path("one/a.test.yaml").absolute())]}
    assert chosen("one", "one/../one/a.test.yaml") == {"one": ["one/../one/a.test.yaml"]}


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("a/b/w.yaml", "a/b"),
        ("a/w.yaml", "a"),
        ("w.yml", "."),
        ("a/config/w.yaml", "a"),
        ("a/b/deeper/w.yaml", "a/b"),
    ],
)
def test_the_nearest_folder_that_declares_a_workspace_is_the_configuration(files, configuration, expected):
    files(configuration, "a/b/x.test.yaml")
    if not configuration.startswith("a/b/"):
        Path("a/b/part.yaml").write_text("activities: []\n")

    assert configuration_of(Path("a/b/x.test.yaml")) == Path(expected)
    assert configuration_of(Path("a/b/x.test.yaml").absolute()) == Path(expected).absolute()


def test_of_two_the_nearer_one_counts(files):
    files("w.yaml", "a/w.yaml", "a/b/x.test.yaml")

    assert configuration_of(Path("a/b/x.test.yaml")) == Path("a")


def test_above_the_working_directory_only_files_right_in_a_folder_count(files, monkeypatch):
    files("top/w.yaml", "top/a/b/x.test.yaml", "other/w.yaml", "other/.hidden.yaml")
    monkeypatch.chdir("top/a/b")

    assert configuration_of(Path("x.test.yaml")) == Path("../..").resolve()
    assert configuration_of(Path("x.test.yaml"), root=Path("../../..")) == Path("../..").resolve()


def test_nothing_above_the_root_counts(files):
    files("w.yaml", "a/b/x.test.yaml")

    assert configuration_of(Path("a/b/x.test.yaml"), root=Path("a")) == Path("a/b")
    assert configuration_of(Path("a/b/x.test.yaml"), root=Path()) == Path()


def test_nothing_counts_where_anyone_may_put_a_file(files, monkeypatch):
    files("top/w.yaml", "top/a/x.test.yaml")
    monkeypatch.chdir("top/a")
    Path("..").chmod(0o777)

    assert configuration_of(Path("x.test.yaml")) == Path()


def test_where_no_folder_declares_a_workspace_it_is_that_of_the_file(files):
    files("a/x.test.yaml")

    assert configuration_of(Path("a/x.test.yaml")) == Path("a")


def test_a_file_that_cannot_be_read_to_its_end_may_declare_one(files):
    files("w.yaml", "a/x.test.yaml")
    Path("a/broken.yaml").write_text("activities: [\n")

    assert configuration_of(Path("a/x.test.yaml")) == Path("a")
