"""Where SVG and MathML end: at an HTML element that cannot stand in them, as browsers have it.

The parser lets an unclosed `<svg>` swallow the rest of the page; browsers do not, and what they
show must not be lost. Source: https://html.spec.whatwg.org/#parsing-main-inforeign
"""

import re

from lxml import etree
from lxml.etree import _Element as Element

from ._allowlist import words
from ._markup import without_controls

_BREAKERS = words(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li "
    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
# HTML may stand inside these, so nothing there breaks out.
_HOSTS = words("foreignobject desc title annotation-xml mi mo mn ms mtext style script")

_foreign = etree.XPath("//svg | //math")
# Each parsing may uncover another text to parse: with no end, hostile markup took quadratic time.
MOST_PARSINGS = 20
_raw_texts = etree.XPath(".//style | .//script")
_breaking_tag = re.compile(rf"<(?:{'|'.join(sorted(_BREAKERS))})[\s/>]", re.IGNORECASE)


def end_foreign_content(root: Element) -> None:
    """Move what a browser shows outside of SVG and MathML behind them."""
    pending = list(_foreign(root))
    parsings = MOST_PARSINGS
    while pending:
        outer = pending.pop(0)
        for raw in _raw_texts(outer)[:parsings]:
            parsings -= 1
            pending += _parse_raw_text(raw)
        breaker = _first_breaker(outer)
        if breaker is not None:
            _move_behind(outer, breaker)


def _parse_raw_text(element: Element) -> list[Element]:
    """Read tags also in styles and scripts of SVG, as browsers do; return what SVG is there."""
    text = element.text or ""
    match = _breaking_tag.search(text)
    if match is None:
        return []
    page = etree.fromstring(f"<html><body>{text[match.start() :]}".encode(), _parser())
    element.text = None
    element.tag = "g"
    element.extend(page[0])
    return list(element.iter("svg", "math"))


def _parser() -> etree.HTMLParser:
    return etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)


def _first_breaker(outer: Element) -> Element | None:
    walk = etree.iterwalk(outer, events=("start",))
    for _event, element in walk:
        if element.tag in _HOSTS:
            walk.skip_subtree()
        elif element.tag in _BREAKERS and element is not outer:
            return element
    return None


def _move_behind(outer: Element, breaker: Element) -> None:
    """Move `breaker` and all that follows it inside `outer` behind `outer`, in order."""
    moved = [breaker, *breaker.itersiblings()]
    parent = breaker.getparent()
    while parent is not outer:
        moved[-1].tail = _joined(moved[-1].tail, parent.tail)
        parent.tail = None
        moved += parent.itersiblings()
        parent = parent.getparent()
    tail, outer.tail = outer.tail, None
    place = outer
    for element in moved:
        place.addnext(element)
        place = element
    place.tail = _joined(place.tail, tail)


def _joined(*texts: str | None) -> str:
    # The parser accepts references to control characters that a tree refuses to be given.
    return without_controls("".join(text or "" for text in texts))
