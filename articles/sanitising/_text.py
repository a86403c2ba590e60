"""The plain text of a sanitised body: one block per line."""

import re
from itertools import islice

from lxml import etree
from lxml.etree import _Element as Element

from ._allowlist import BLOCKS, CELLS

_LINES = BLOCKS - CELLS - {"col", "colgroup"}
# No text holds this control character, so it can stand for <br>.
_BREAK = "\v"
_BREAKS = re.compile(r"\v\s*\v\s*|\v")

# More elements than this are never a label, however little text they hold.
_MOST_SMALL = 300


def text_of(root: Element) -> str:
    """The text of the tree, one block per line, white space collapsed, no empty lines.

    A single <br> is white space; several in a row part two paragraphs and so part two lines.
    """
    parts: list[str] = []
    preformatted = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag in _LINES:
                parts.append("\n")
            elif tag in CELLS:
                parts.append(" ")
            elif tag == "br":
                parts.append(_BREAK)
            preformatted += tag == "pre"
            text = element.text
        else:
            if tag in _LINES:
                parts.append("\n")
            preformatted -= tag == "pre"
            text = element.tail if element is not root else None
        if text:
            parts.append(text if preformatted else text.replace("\n", " "))
    joined = _BREAKS.sub(_line_or_space, "".join(parts))
    lines = (" ".join(line.split()) for line in joined.split("\n"))
    return "\n".join(line for line in lines if line)


def _line_or_space(breaks: re.Match[str]) -> str:
    return " " if breaks[0] == _BREAK else "\n"


def short_text(element: Element, longest: int) -> str | None:
    """The text of a small element with its white space collapsed, None if it is not that short.

    Takes no longer for large elements, so that it may be asked of every level of a deep tree.
    """
    if next(islice(element.iter(), _MOST_SMALL, None), None) is not None:
        return None
    parts: list[str] = []
    left, characters = longest, 10 * longest + 1000
    for piece in element.itertext():
        part = str(piece)
        characters -= len(part)
        if characters < 0:
            return None
        words = " ".join(part.split())
        left -= len(words)
        if left < 0:
            return None
        if words:
            parts.append(words)
    return " ".join(parts)
