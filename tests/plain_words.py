"""Find the words that CONTRIBUTING.md replaces by plainer ones, in the texts that people read.

python tests/plain_words.py              # the texts that users read
python tests/plain_words.py --all        # and the texts that maintainers read
"""

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / ".github" / "CONTRIBUTING.md"
PACKAGE = ROOT / "tr_apply"
CODE = re.compile(r"`[^`\n]*`")
PYTHON_COMMENT = re.compile(r"(?:^\s*|\s\s)# (.*)$", re.MULTILINE)
SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z{]")
TEST_NAME = re.compile(r"^\s*(?:async )?def test_(\w+)", re.MULTILINE)
CLAUSE = re.compile(r"(?:what|whatever)\s", re.IGNORECASE)
COMMENT_OR_LITERAL = re.compile(
    r"""
    \#[^\n]*
    | ("{3} [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* "{3} | '{3} [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* '{3}
    | "[^"\\\n]* (?: \\. [^"\\\n]* )* " | '[^'\\\n]* (?: \\. [^'\\\n]* )* ')
    """,
    re.DOTALL | re.VERBOSE,
)
# Between two words of a literal: white space, escaped or not, or the ends of two literals that Python joins.
IN_SOURCE = r"""(?:[\s"'\\]|\\(?:[a-z]|x..|u....)|[bfru]+(?=["']))+"""
CLAUSE_IN_SOURCE = re.compile(r"""["'\n](?:what|whatever)[\s\\"']""")


@dataclass(frozen=True)
class Word:
    """A row of the table: what to avoid, and what to write.

    Attributes:
        pattern: The phrase.
        in_source: The same in small letters and in the literals of a source: finds all that the pattern finds, and more.
        longest: The longest word of the phrase in small letters: a text without it does not have the phrase.
        instead: What to write.
    """

    pattern: re.Pattern[str]
    in_source: re.Pattern[str]
    longest: str
    instead: str


@dataclass(frozen=True)
class Text:
    """A text of a file, and the line that it begins in."""

    path: Path
    line: int
    text: str


@dataclass(frozen=True)
class Found:
    """A word that should be a plainer one."""

    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}: write {self.instead}"


def words(guide: str | None = None) -> list[Word]:
    """The rows of the table under "Prose": phrases, their replacement, and the phrases in which they are fine."""
    prose = (guide or GUIDE.read_text("utf-8")).split("## Prose")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in prose.splitlines() if row[:1] == "|"]
    return [word for row in rows[2:] for word in _words(*row, *[""] * (3 - len(row)))]


def _words(avoid: str, instead: str, fine: str) -> Iterator[Word]:
    """One pattern for each phrase: whole words, any white space between them, and none of the *fine* phrases."""
    allowed = [phrase.strip(" |") for phrase in fine.split(",") if phrase.strip(" |")]
    for phrase in avoid.split(","):
        bare = phrase.strip()
        before, after = "", ""
        for exception in allowed:
            left, found, right = exception.partition(bare)
            before += f"(?<!{_character_by_character(left)})" if found and left else ""
            after += f"(?!{_spaced(right)})" if found and right else ""
        yield Word(
            re.compile(rf"{before}\b{_spaced(bare)}\b{after}", re.IGNORECASE),
            re.compile(rf"{before}{_spaced(bare.lower(), IN_SOURCE)}(?![^\W_]){after}"),
            max(bare.lower().split(), key=len),
            instead,
        )


def _spaced(phrase: str, space: str = r"\s+") -> str:
    return space.join(re.escape(part) for part in re.split(r"\s+", phrase))


def _character_by_character(text: str) -> str:
    """A pattern of fixed width, which a regular expression needs for the text before a match."""
    return "".join(r"\s" if character.isspace() else re.escape(character) for character in text)


def user_texts(avoided: list[Word]) -> Iterator[Text]:
    """The messages, helps, pages, templates and documents; no messages of modules that have none of the *avoided*."""
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text("utf-8")
        if may_have(source, avoided):
            yield from python_messages(path, source)
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(PACKAGE / "manual").glob("*.md")]
    templates = [path for kind in ("yaml", "yml", "html", "js", "md") for path in PACKAGE.rglob(f"*.{kind}")]
    # The map is for maintainers.
    for path in {*documents, *templates} - {PACKAGE / "README.md"}:
        yield Text(path, 1, path.read_text("utf-8"))
    for path in (ROOT / "schemas").glob("*.json"):
        yield from _descriptions(path)


def maintainer_texts(avoided: list[Word]) -> Iterator[Text]:
    """The docstrings, comments and names of tests in the repository, its YAML, and the guides.

    Docstrings of files that have none of the *avoided* and do not begin with a clause are left out.
    """
    for path in _python_files():
        source = path.read_text("utf-8")
        if may_have(source, avoided):
            yield from python_docstrings(path, source)
        for pattern in (PYTHON_COMMENT, TEST_NAME):
            for found in pattern.finditer(source):
                line = source.count("\n", 0, found.start(1)) + 1
                yield Text(path, line, found[1].replace("_", " ") if pattern is TEST_NAME else found[1])
    texts = [
        path
        for folder in ("tests", "examples")
        for kind in ("md", "yaml")
        for path in (ROOT / folder).rglob(f"*.{kind}")
    ]
    for path in (PACKAGE / "README.md", GUIDE.with_name("SECURITY.md"), ROOT / "pyproject.toml", *texts):
        yield Text(path, 1, path.read_text("utf-8"))
    guide = GUIDE.read_text("utf-8")
    yield Text(GUIDE, 1, "\n".join("" if line[:1] == "|" else line for line in guide.splitlines()))


def _python_files() -> Iterator[Path]:
    for folder in (PACKAGE, ROOT / "tests", ROOT / "examples", ROOT / ".github"):
        yield from sorted(folder.rglob("*.py"))


def _descriptions(path: Path) -> Iterator[Text]:
    nodes = [json.loads(path.read_text("utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            nodes += node.values()
            if isinstance(node.get("description"), str):
                yield Text(path, 1, node["description"])
        elif isinstance(node, list):
            nodes += node


def may_have(source: str, avoided: list[Word]) -> bool:
    """Whether a literal of *source* may have one of the *avoided* words or begin with a clause.

    Few files do, and to parse the others would take most of the time.
    """
    literals = "".join(found[0] for found in COMMENT_OR_LITERAL.finditer(source) if found[1]).lower()
    if "what" in literals and CLAUSE_IN_SOURCE.search(literals):
        return True
    return any(word.in_source.search(literals) for word in avoided if word.longest in literals)


def python_messages(path: Path, source: str) -> Iterator[Text]:
    """The string literals with words in them; the values of an f-string count as `{}`."""
    tree = ast.parse(source)
    skipped = {id(text) for text in _docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            text = node.value
        else:
            continue
        if SENTENCE.search(text):
            yield Text(path, node.lineno, text)


def python_docstrings(path: Path, source: str) -> Iterator[Text]:
    """The docstrings of modules, classes, functions and attributes."""
    return (Text(path, text.lineno, str(text.value)) for text in _docstrings(ast.parse(source)))


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield statement.value


def find(texts: Iterable[Text], avoided: list[Word]) -> list[Found]:
    """Each of the *avoided* words in *texts*, outside of `code`, in the order of the files."""
    found = []
    for text in texts:
        prose = CODE.sub(lambda code: "`" + " " * (len(code.group()) - 2) + "`", text.text)
        lower = prose.lower()
        found += [
            Found(
                text.path.relative_to(ROOT).as_posix(),
                text.line + prose.count("\n", 0, match.start()),
                " ".join(match.group().split()),
                word.instead,
            )
            for word in avoided
            if word.longest in lower
            for match in word.pattern.finditer(prose)
        ]
    return sorted(found, key=lambda one: (one.path, one.line, one.word))


def begins_with_what(texts: Iterable[Text]) -> list[Found]:
    """The docstrings, comments and names of tests that begin with a clause instead of a noun."""
    return [
        Found(text.path.relative_to(ROOT).as_posix(), text.line, "What …", "the noun: what is it, or what does it do?")
        for text in texts
        if CLAUSE.match(text.text)
    ]


def main() -> None:
    """Print the words that are left."""
    avoided = words()
    found = find(user_texts(avoided), avoided)
    if "--all" in sys.argv:
        texts = list(maintainer_texts(avoided))
        found += find(texts, avoided) + begins_with_what(texts)
    for one in found:
        sys.stdout.write(f"{one}\n")


if __name__ == "__main__":
    main()
