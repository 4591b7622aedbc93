"""A configuration in a folder of its own."""

from pathlib import Path

import pytest

from tr_apply.config.load import Inputs, load


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current directory; messages then name files without folders."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def loaded(folder):  # noqa: ARG001
    """Writes files and loads what they say."""

    def load_(content, *, overlays=(), variable_files=(), given=(), environment=(), credentials_variables=()):
        files = content if isinstance(content, dict) else {"c.yaml": content}
        inputs = Inputs(
            overlays=_written("overlay", overlays),
            variable_files=_written("variables", variable_files),
            given=dict(given),
            environment=dict(environment),
            credentials_variables=credentials_variables,
        )
        for name, text in files.items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(Path() if isinstance(content, dict) else Path("c.yaml"), inputs)

    return load_


def _written(name, texts):
    paths = [Path(f"{name}{index}.txt") for index in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8", newline="")
    return paths
