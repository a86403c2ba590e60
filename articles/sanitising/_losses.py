"""What the sanitiser takes out of a body, told to the person who wrote it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from lxml import etree
from lxml.etree import _Element as Element

from ._allowlist import DROPPED, RENAMED
from ._conform import attributes_of
from ._tree import TooMuchError, parse

_EXCERPT_LENGTH = 80
_MOST_TEXTS = 20
_ADDRESSES = ("src", "href", "data", "data-src")


class LossKind(StrEnum):
    """What is lost: an element with all in it, a mark around text that stays, an attribute."""

    ELEMENT = "element"
    MARK = "mark"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Loss:
    """Elements or attributes called ``name``, taken out ``count`` times; ``excerpt`` is of one."""

    kind: LossKind
    name: str
    count: int
    excerpt: str


def losses(source: str, cleaned: str) -> list[Loss]:
    """Compare a body as it was written with what ``clean`` made of it.

    Elements with their content come first, then marks, then attributes. Never raises; where the
    source is over a limit, of which ``Cleaned.text_only`` tells, the list is empty.
    """
    try:
        before, after = parse(source), parse(cleaned)
    except TooMuchError:
        return []
    found = [(LossKind.ELEMENT, tag, excerpt) for tag, excerpt in _drop(before)]
    missing = _missing(before, after)
    text = _condensed(after.itertext())
    for element in missing:
        words = _condensed(islice(element.itertext(), _MOST_TEXTS))[:_EXCERPT_LENGTH]
        kind = LossKind.MARK if words and words in text else LossKind.ELEMENT
        # What showed nothing is no loss.
        if words or element.tag in ("a", "img", "embed"):
            found.append((kind, element.tag, _excerpt(element)))
    found += _lost_attributes(before, after, gone=set(missing))
    return sorted(_grouped(found), key=lambda loss: list(LossKind).index(loss.kind))


def _drop(root: Element) -> list[tuple[str, str]]:
    """Take out the elements that never stay; return the name and an excerpt of each."""
    names = DROPPED - {"embed"}
    outermost = [
        (element.tag, _excerpt(element))
        for element in root.iterdescendants(*names)
        if next(element.iterancestors(*names), None) is None
    ]
    etree.strip_elements(root, *names, with_tail=False)
    return outermost


def _missing(before: Element, after: Element) -> list[Element]:
    """Return as many elements of each name as there are fewer ``after``, the likeliest ones."""
    kept: defaultdict[str, list[Element]] = defaultdict(list)
    for element in after.iterdescendants():
        if not _stands_for_embed(element):
            kept[element.tag].append(element)
    written: defaultdict[str, list[Element]] = defaultdict(list)
    for element in before.iterdescendants():
        if not _stands_for_embed(element):
            written[RENAMED.get(element.tag, element.tag)].append(element)
    missing: list[Element] = []
    for tag, elements in written.items():
        number = len(elements) - len(kept[tag])
        if number > 0:
            unchanged = {_excerpt(element) for element in kept[tag]}
            excerpts = {element: _excerpt(element) for element in elements}
            # What stands around a lost element has changed, too; the lost one is shorter.
            elements.sort(key=lambda one: (excerpts[one] in unchanged, len(excerpts[one])))
            missing += elements[:number]
    return missing


def _lost_attributes(
    before: Element, after: Element, *, gone: set[Element]
) -> Iterator[tuple[LossKind, str, str]]:
    kept = Counter(
        (element.tag, name) for element in after.iter() for name in attributes_of(element)
    )
    for element in before.iterdescendants():
        if element in gone:
            continue
        tag = RENAMED.get(element.tag, element.tag)
        for name, value in attributes_of(element).items():
            if kept[tag, name]:
                kept[tag, name] -= 1
            else:
                yield LossKind.ATTRIBUTE, name, value[:_EXCERPT_LENGTH]


def _grouped(found: Iterable[tuple[LossKind, str, str]]) -> list[Loss]:
    excerpts: defaultdict[tuple[LossKind, str], list[str]] = defaultdict(list)
    for kind, name, excerpt in found:
        excerpts[kind, name].append(excerpt)
    return [Loss(*key, len(all_), next(filter(None, all_), "")) for key, all_ in excerpts.items()]


def _stands_for_embed(element: Element) -> bool:
    return element.tag == "a" and (element.text or "").startswith("embedded content: ")


def _excerpt(element: Element) -> str:
    """Return the address that an element names, and the beginning of its text."""
    attributes = attributes_of(element)
    address = next((attributes[name] for name in _ADDRESSES if attributes.get(name)), "")
    words = " ".join(" ".join(islice(element.itertext(), _MOST_TEXTS)).split())
    return " ".join(filter(None, [address[:_EXCERPT_LENGTH], words[:_EXCERPT_LENGTH]]))


def _condensed(pieces: Iterable[str]) -> str:
    return "".join("".join(pieces).split())
