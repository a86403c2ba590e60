"""Lists of links and read-mes, which lie between the articles of an archive.

The crawler of github.com/duty-machine/news writes ``lists/<outlet>.md``, a heading and a line such
as ``9-1 [title](/articles/BBC/1047717.md)`` for each article, and a ``README.md`` that links to
the lists.
"""

import re
from pathlib import PurePosixPath

_LOOKED_AT = 100_000
_LONGEST_LINE = 4_000
_LINK = re.compile(
    r"(?:[^\[\]()<>]{0,30}\[[^\n]*\]\([^\n]*\)|[^<>]{0,30}https?://\S+)[^\[\]()<>]{0,10}"
)
_UNDERLINE = re.compile(r"(?:-{3,}|={3,}|\*{3,}|_{3,})\s*")


def matches(text: str, path: str) -> bool:
    """Whether ``text`` is nothing but headings and links.

    Where ``path`` says the same (a README, a file in ``lists/``), a few other lines are allowed.
    """
    text = text[:_LOOKED_AT].lstrip()
    expected = _is_expected(path)
    # No list begins so, but nearly every article does.
    if text.startswith("<") and not expected:
        return False
    links = others = 0
    previous_is_other = False
    for line in text.split("\n")[:2_000]:
        if not line or line.isspace():
            continue
        is_underline = len(line) <= _LONGEST_LINE and _UNDERLINE.fullmatch(line) is not None
        if is_underline and previous_is_other:
            others -= 1  # the line above was a heading
        is_other = False
        if not is_underline and not line.startswith("#"):
            is_link = len(line) <= _LONGEST_LINE and _LINK.fullmatch(line.strip()) is not None
            links += is_link
            is_other = not is_link
            if previous_is_other and is_other and not expected:
                return False
            others += is_other
        previous_is_other = is_other
    if expected:
        return links > others
    return links >= 2 and others == 0


def is_read_me(path: str) -> bool:
    """Whether the file name says that the file is about the archive, not a part of it."""
    return PurePosixPath(path).stem.lower() == "readme"


def _is_expected(path: str) -> bool:
    return is_read_me(path) or PurePosixPath(path).parent.name.lower() == "lists"
