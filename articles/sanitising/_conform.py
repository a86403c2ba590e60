"""Bring a tree into the shape that every HTML parser reads back as the same tree.

The sanitisers parse what we write again, by the HTML rules: a paragraph ends where a block begins,
a link where another begins, and formatting that was open there is opened anew. On a tree that
breaks those rules this moves and multiplies elements, without bound if an attacker wants it so.
Here the tree is put right first, and they find nothing to do.
"""

import re
from typing import cast

from lxml import etree
from lxml.etree import _Element as Element

from ._allowlist import BLOCKS, CELLS, DROPPED, HEADINGS, RENAMED, TAGS, allowed
from ._markup import without_controls

# Marks for elements that go with all they hold, or leave what they hold in their place.
# No parser makes upper-case names, so no source can hold them.
GONE = "GONE"
UNWRAPPED = "UNWRAPPED"

# The parser takes the rest of the page for the inside of an <embed>, which HTML leaves empty.
_DROPPED = DROPPED - {"embed"}

_BLANK = re.compile("[\\s\u00ad\u200b-\u200d\u2060\ufeff]*")
_PARENTS = {
    "li": {"ul", "ol"},
    "dt": {"dl"},
    "dd": {"dl"},
    "caption": {"table"},
    "colgroup": {"table"},
    "col": {"colgroup", "table"},
    "thead": {"table"},
    "tbody": {"table"},
    "tfoot": {"table"},
    "tr": {"table", "thead", "tbody", "tfoot"},
    "td": {"tr"},
    "th": {"tr"},
    "rb": {"ruby", "rtc"},
    "rt": {"ruby", "rtc"},
    "rp": {"ruby", "rtc"},
    "rtc": {"ruby"},
}
_ROW_GROUPS = frozenset(("thead", "tbody", "tfoot"))
_TABLE_PARTS = _ROW_GROUPS | CELLS | {"tr", "col", "colgroup"}
_PARAGRAPH_ENDS_OUTSIDE = CELLS | {"caption"}
_MAY_HOLD_BLOCKS = frozenset(("div", "blockquote", "li", "dd", "td", "th", "figure", "figcaption"))


def attributes_of(element: Element) -> dict[str, str]:
    """The attributes of the element, to look at."""
    # Asking for one by its name fails where a brace in the name looks like a namespace.
    return dict(cast(list[tuple[str, str]], element.items()))


def keep_allowed_attributes(element: Element, tag: str) -> None:
    """Leave the attributes that an element `tag` may carry; rel is for nh3 to write."""
    if not element.attrib:
        return
    attributes = attributes_of(element)
    kept = {
        name: value
        for name, value in attributes.items()
        if name != "rel" and allowed(tag, name, value)
    }
    if len(kept) < len(attributes):
        element.attrib.clear()
        for name, value in kept.items():
            element.set(name, without_controls(value))


def is_blank(text: str | None) -> bool:
    """Whether the text shows nothing: white space and characters without width only."""
    return not text or _BLANK.fullmatch(text) is not None


def remove_marked(root: Element) -> None:
    """Take the marked elements out of the tree; the text after them stays."""
    etree.strip_elements(root, GONE, with_tail=False)
    etree.strip_tags(root, UNWRAPPED)


def conform(root: Element) -> None:
    """Leave only allowed elements and attributes, in places where HTML allows them."""
    etree.strip_elements(root, *_DROPPED, with_tail=False)
    for element in root.iterdescendants():
        _allow(element)
    remove_marked(root)
    _put_in_place(root)
    remove_marked(root)


def _allow(element: Element) -> None:
    tag = RENAMED.get(element.tag, element.tag)
    if tag not in TAGS:
        element.tag = tag if tag in (GONE, UNWRAPPED) else UNWRAPPED
        return
    if tag != element.tag:
        element.tag = tag
    keep_allowed_attributes(element, tag)
    if tag == "a" and element.get("href") is None:
        element.tag = UNWRAPPED
    elif tag == "img" and (element.get("src") is None or _is_beacon(element)):
        element.tag = GONE


def _is_beacon(image: Element) -> bool:
    return image.get("width") in ("0", "1") and image.get("height") in ("0", "1")


def _put_in_place(root: Element) -> None:
    """Rename what stands where HTML has no room for it."""
    paragraphs: dict[Element, Element | None] = {root: None}
    linked: dict[Element, bool] = {root: False}
    for element in root.iterdescendants():
        parent = element.getparent()
        assert parent is not None
        tag = element.tag
        if tag in _PARENTS and parent.tag not in _PARENTS[tag]:
            tag = GONE if tag == "col" else "div" if tag in BLOCKS else "span"
            _rename(element, tag)
        elif (tag == "table" and not _is_sound(element)) or (
            tag in HEADINGS and parent.tag in HEADINGS
        ):
            tag = "div"
            _rename(element, tag)
        elif tag == "a" and linked[parent]:
            tag = "span"
            _rename(element, tag)
        elif tag == "pre" and element.text:
            # Parsers take the first line break in a <pre> as part of the tag.
            element.text = without_controls(element.text).lstrip("\n")
        elif tag == "wbr" and (element.text or len(element)):
            element.tag = UNWRAPPED
        paragraph = paragraphs[parent]
        if paragraph is not None and tag in BLOCKS:
            paragraph.tag = "div"
        if tag == "p":
            paragraph = element
        elif tag in _PARAGRAPH_ENDS_OUTSIDE:
            paragraph = None
        paragraphs[element] = paragraph
        linked[element] = linked[parent] or tag == "a"


def _rename(element: Element, tag: str) -> None:
    element.tag = tag
    keep_allowed_attributes(element, tag)


def _is_sound(table: Element) -> bool:
    """Whether only rows, groups of rows, columns and captions stand in the table itself."""
    if not _holds_only(table, _ROW_GROUPS | {"tr", "caption", "colgroup", "col"}):
        return False
    for part in table:
        if part.tag in _ROW_GROUPS:
            if not _holds_only(part, {"tr"}):
                return False
            if not all(_holds_only(row, CELLS) for row in part):
                return False
        elif (part.tag == "tr" and not _holds_only(part, CELLS)) or (
            part.tag == "colgroup" and not _holds_only(part, {"col"})
        ):
            return False
    return True


def _holds_only(element: Element, tags: frozenset[str] | set[str]) -> bool:
    if element.text and not element.text.isspace():
        return False
    return all(child.tag in tags and (not child.tail or child.tail.isspace()) for child in element)


def prune(root: Element) -> None:
    """Remove elements that show nothing, and each bare `div` that only holds blocks.

    One pass from the last element to the first: what an element holds is judged before itself.
    """
    full: set[Element] = set()
    with_inline: set[Element] = set()
    for element in reversed(list(root.iterdescendants())):
        parent = element.getparent()
        assert parent is not None
        tag = element.tag
        if not is_blank(element.tail):
            full.add(parent)
            with_inline.add(parent)
        if not is_blank(element.text):
            full.add(element)
            with_inline.add(element)
        if tag in ("br", "wbr"):
            with_inline.add(parent)
            continue
        if tag in ("img", "hr"):
            full.add(element)
        if element in full:
            full.add(parent)
            if tag not in BLOCKS:
                with_inline.add(parent)
            elif (
                tag == "div"
                and element not in with_inline
                and not element.attrib
                and (parent is root or parent.tag in _MAY_HOLD_BLOCKS)
            ):
                element.tag = UNWRAPPED
        elif tag in BLOCKS:
            # Cells give a table its shape; they go only with the whole table.
            if tag not in _TABLE_PARTS:
                element.tag = GONE
        else:
            # The white space in it may part two words.
            element.tag = UNWRAPPED
    remove_marked(root)
