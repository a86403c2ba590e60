"""The message catalogues: complete, compiled, and nothing in them that nobody says."""

import ast
import re
import runpy
import string
from collections.abc import Iterator
from pathlib import Path

import opencc
import polib
import pytest
from django.template import engines
from django.template.base import Lexer, TokenType
from django.utils.translation import trim_whitespace

ROOT = Path(__file__).parents[2]
SIMPLIFIED = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
TRADITIONAL = ROOT / "locale" / "zh_Hant" / "LC_MESSAGES" / "django.po"
FUNCTIONS = {
    "_",
    "gettext",
    "gettext_lazy",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
}


def in_code() -> Iterator[tuple[str, Path]]:
    for folder in ("articles", "search", "newsarchive"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in FUNCTIONS
                ):
                    # Context is no message.
                    for argument in node.args[node.func.id.startswith("pgettext") :]:
                        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                            yield argument.value, path


def in_templates() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        tokens = iter(Lexer(path.read_text(encoding="utf-8")).tokenize())
        for token in tokens:
            for quoted in re.findall(r"""_\(("[^"]*"|'[^']*')\)""", token.contents):
                if token.token_type in (TokenType.BLOCK, TokenType.VAR):
                    yield quoted[1:-1], path
            if token.token_type != TokenType.BLOCK:
                continue
            word = token.split_contents()[0]
            if word in ("translate", "trans"):
                message = token.split_contents()[1]
                yield message[1:].partition(message[0])[0], path
            if word in ("blocktranslate", "blocktrans"):
                trimmed = "trimmed" in token.split_contents()
                for message in _blocks(tokens):
                    yield (trim_whitespace(message) if trimmed else message), path


def _blocks(tokens: Iterator[object]) -> Iterator[str]:
    parts: list[str] = []
    for token in tokens:
        kind, contents = token.token_type, token.contents  # type: ignore[attr-defined]
        if kind == TokenType.BLOCK and contents.split()[0] in ("plural", "endblocktranslate"):
            yield "".join(parts)
            parts = []
            if contents.split()[0] == "endblocktranslate":
                return
        elif kind == TokenType.VAR:
            parts.append(f"%({contents.strip()})s")
        else:
            parts.append(contents.replace("%", "%%"))


@pytest.fixture(scope="module", params=[SIMPLIFIED, TRADITIONAL], ids=["zh_Hans", "zh_Hant"])
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def catalogue(path: Path) -> polib.POFile:
    return polib.pofile(str(path))


def test_the_compiled_file_is_the_catalogue(path: Path, catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(path.with_suffix(".mo")))

    def content(entries: list[polib.POEntry]) -> dict[tuple[str, str], object]:
        return {
            (entry.msgctxt or "", entry.msgid): (
                entry.msgid_plural,
                entry.msgstr_plural or entry.msgstr,
            )
            for entry in entries
        }

    assert content(list(compiled)) == content(catalogue.translated_entries())
    # msgfmt leaves this one out.
    written = {key: value for key, value in catalogue.metadata.items() if "POT" not in key}
    assert compiled.metadata == written


def test_nothing_is_missing_fuzzy_or_stale(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if not entry.translated()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []
    assert not catalogue.metadata_is_fuzzy


def test_placeholders_survive_translation(catalogue: polib.POFile) -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)", text)) | {
            name
            for _text, name, _spec, _conversion in string.Formatter().parse(
                text.replace("%(", "").replace("{", "").replace("}", "")
            )
            if name
        }

    for entry in catalogue:
        for translated in [*entry.msgstr_plural.values(), entry.msgstr]:
            if translated:
                assert names(translated) == names(entry.msgid_plural or entry.msgid), entry.msgid


def test_everything_said_is_in_the_catalogue(catalogue: polib.POFile) -> None:
    known = {entry.msgid for entry in catalogue} | {entry.msgid_plural for entry in catalogue}
    said = [*in_code(), *in_templates()]
    assert len(said) > 80
    assert [(message, path.name) for message, path in said if message not in known] == []


def test_nothing_is_in_the_catalogue_that_nobody_says(catalogue: polib.POFile) -> None:
    said = {message for message, _path in [*in_code(), *in_templates()]}
    assert [entry.msgid for entry in catalogue if entry.msgid not in said] == []


def test_the_traditional_catalogue_follows_the_simplified_one() -> None:
    made = runpy.run_path(str(ROOT / "locale" / "traditional.py"))["traditional_catalogue"]
    expected = made(polib.pofile(str(SIMPLIFIED)))
    assert list(polib.pofile(str(TRADITIONAL))) == list(expected), "run: make messages"


def test_the_traditional_catalogue_is_written_in_traditional_characters() -> None:
    to_traditional = opencc.OpenCC("s2t").convert
    fine = {"台"}  # 編輯台 and the like; 臺 is the other way to write it
    for entry in polib.pofile(str(TRADITIONAL)):
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            text.encode("big5")
            simplified = {character for character in text if to_traditional(character) != character}
            assert simplified <= fine, text


def test_templates_say_nothing_untranslated() -> None:
    """No Latin words stand in a template's text but names, commands and codes."""
    allowed = {
        "GET",
        "OpenAPI",
        "python",
        "manage",
        "py",
        "import",
        "articles",
        "rebuild",
        "index",
        "PATH",
        "SHA",
        "GB",
        "BibTeX",
        "RIS",
        "bib",
        "ris",
    }
    for path in sorted((ROOT / "templates").rglob("*.html")):
        parts = [
            token.contents
            for token in Lexer(path.read_text(encoding="utf-8")).tokenize()
            if token.token_type == TokenType.TEXT
        ]
        source = re.sub(
            r"\{%\s*(blocktrans.*?endblocktrans\w*|block bodyclass.*?endblock)\s*%\}",
            "",
            path.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        source = re.sub(r"\{[%#].*?[%#]\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>|&\w+;", " ", source)
        assert parts
        assert set(re.findall(r"[A-Za-z]{2,}", text)) <= allowed, path
    assert engines["django"]
