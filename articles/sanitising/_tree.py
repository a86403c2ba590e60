"""Between an HTML string and a tree, within limits that keep every later step linear."""

import re

from lxml import etree
from lxml.etree import _Element as Element

from ._markup import most_attributes, without_controls

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 256
MAX_ATTRIBUTES = 50

# An element needs this many characters before its attributes cost a parser noticeable time.
_HARMLESS_SIZE = 40_000

# The parser throws away what follows the end of the body, and takes an unclosed <wbr> for the
# parent of all that follows.
_PAGE_END = re.compile(r"</(?:body|html)(?=[\s/>])", re.IGNORECASE)
_WORD_BREAK = re.compile(r"<wbr\s*>", re.IGNORECASE)

# The wrapping html and body elements are two more levels.
_too_deep = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 3)})")
_too_many_attributes = etree.XPath(f"boolean(//*[count(@*) > {MAX_ATTRIBUTES}])")


class TooMuchError(Exception):
    """The HTML exceeds a limit; the message says which, in English."""


def parse(html: str) -> Element:
    """The tree of an HTML fragment under a root `div` without attributes.

    Raises TooMuchError where a limit is exceeded.
    """
    html = without_controls(html)
    if len(html) > MAX_CHARACTERS:
        raise TooMuchError(f"the body is longer than {MAX_CHARACTERS:,} characters")
    attributes_reason = f"an element of the body has more than {MAX_ATTRIBUTES} attributes"
    if len(html) > _HARMLESS_SIZE and most_attributes(html) > MAX_ATTRIBUTES:
        raise TooMuchError(attributes_reason)
    html = _WORD_BREAK.sub("<wbr/>", _PAGE_END.sub("</x", html))
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(f"<html><body>{html}".encode(), parser)
    if _too_deep(root):
        raise TooMuchError(f"the body nests deeper than {MAX_DEPTH} elements")
    if _too_many_attributes(root):
        raise TooMuchError(attributes_reason)
    etree.strip_tags(root, "body", "head", "html")
    root.attrib.clear()
    root.tag = "div"
    root.tail = None
    return root


def serialise(root: Element) -> str:
    """What is inside the root as HTML."""
    html: str = etree.tostring(root, encoding="unicode", method="html")
    # A reference such as &#13; brings control characters back that were not in the source.
    return without_controls(html.removeprefix("<div>").removesuffix("</div>")).strip("\t\n ")
