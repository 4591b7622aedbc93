"""Real workspaces: the export of each plans empty, from one file and from a folder."""

import yaml

from tests.yaml_files import SAFE

SECTIONS = ("workspace", "activities", "task_channels", "task_queues", "workflows", "workers", "manage")


def test_a_real_workspace_is_exported_as_what_plans_empty(new_local, corpus, corpus_file, tmp_path):
    live = new_local()
    name = corpus(live, corpus_file)
    file, folder = tmp_path / "workspace.yaml", tmp_path / "folder"

    code, text = live.command("export", name)
    file.write_text(text, encoding="utf-8")
    assert code == 0
    assert live.command("export", name, "--output", f"{folder}/") == (0, "")

    assert live.plan(file) == (0, [], [])
    assert live.plan(folder) == (0, [], [])
    sections = yaml.load(text, SAFE)
    assert list(sections) == [section for section in SECTIONS if section in sections]
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{section}.yaml" for section in sections)
    assert {path.stem: yaml.load(path.read_text(), SAFE)[path.stem] for path in folder.iterdir()} == sections


def test_the_same_workspace_with_other_sids_is_the_same_text(new_local, corpus, corpus_built, corpus_file):
    first, second = new_local(), new_local()
    name = corpus(first, corpus_file)
    corpus_built(second, corpus_file)

    texts = [each.command("export", name) for each in (first, first, second)]

    assert texts[0] == texts[1] == texts[2]
    assert texts[0][0] == 0
