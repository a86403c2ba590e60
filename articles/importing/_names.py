"""The names of files in folders and zip archives: as labels for people, and what they tell."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

__all__ = [
    "LINES_SUFFIX",
    "READ_SUFFIXES",
    "ZIP_SUFFIX",
    "holders",
    "is_ignored",
    "printable",
    "suffix",
    "walking_order",
]

ZIP_SUFFIX = ".zip"
LINES_SUFFIX = ".jsonl"
READ_SUFFIXES = frozenset(
    {"", ".md", ".markdown", ".txt", ".html", ".htm", ".xhtml", LINES_SUFFIX, ZIP_SUFFIX}
)
"""The endings of files in folders that may be articles or hold some."""
_NEVER_ARTICLES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
# 1048575 - n, see docs/formats.md.
_CRAWLER_ID = re.compile(r"(10[0-4][0-9]{4})(?:_.*)?\.md")
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def suffix(name: str) -> str:
    """Return the ending of a name, in small letters, with its dot."""
    return PurePosixPath(name).suffix.lower()


def walking_order(name: str) -> tuple[int, str]:
    """Return a key by which the files of a folder are in order, later captures after earlier ones.

    Crawlers count their ids down: 1048574.md was written after 1048575.md.
    """
    match = _CRAWLER_ID.fullmatch(name)
    return (-int(match[1]) if match else 0), name


def holders(label: str) -> Iterator[str]:
    """Yield the labels of what a file lies in: ``x.zip`` for ``x.zip!a.md``."""
    for match in re.finditer("!", label):
        yield label[: match.start()]


def is_ignored(name: str) -> bool:
    """Tell dot-files, and what editors and operating systems drop."""
    return (
        name.startswith((".", "~$", "#")) or name.endswith("~") or name.lower() in _NEVER_ARTICLES
    )


def printable(name: str) -> str:
    """Return a name that can be shown and stored.

    Python keeps undecodable bytes of names as lone surrogates, which no database takes.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogateescape" if _is_escaped(name) else "replace")
        with suppress(UnicodeDecodeError):
            name = raw.decode("gb18030")
    return "".join(
        "\ufffd" if unicodedata.category(character) in _UNPRINTABLE else character
        for character in name
    )


def _is_escaped(name: str) -> bool:
    surrogates = [character for character in name if "\ud800" <= character <= "\udfff"]
    return all("\udc80" <= character <= "\udcff" for character in surrogates)
