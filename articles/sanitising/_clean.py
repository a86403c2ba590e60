"""The way of a body: tree, furniture, nh3, bleach, and the proof that nothing is left to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lxml.etree import _Element as Element

from ._addresses import host
from ._conform import conform, prune
from ._embeds import resolve
from ._furniture import remove_furniture, repeats_date
from ._markup import paragraphs, text_lines, without_controls
from ._text import text_of
from ._tree import TooMuchError, parse, serialise
from ._wash import StoredPicture, bleach_clean, bleach_pictures, nh3_clean

VERSION: int = 1

# Real pages settle in the first round; each further one mends what the parsers disagree on.
_MAX_ROUNDS = 5

# The sanitisers need quadratic time for character references in one text and for the children of
# one element; up to this number that is about a second. Real bodies hold some hundred of both.
_MAX_MARKS = 20_000


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A body that a reader's browser may get, its text, and why it is text only if it is."""

    body: str
    text: str
    text_only: str


def clean(html: str, *, url: str = "", published_at: datetime | None = None) -> Cleaned:
    """Take the furniture out of an archived body and sanitise what is left.

    `url` is the address of the article: it makes relative addresses absolute and tells the outlet.
    `published_at` tells a printed time at the very top from one that says something new.

    Takes any string and never raises. Cleaning the body again changes nothing. HTML over a limit
    (2,000,000 characters, 256 levels, 50 attributes of an element, 20,000 tags and character
    references) comes back as paragraphs of its text, and `text_only` says why.
    """
    base = url if host(url) else ""
    outlet = host(url)

    def tidy(root: Element) -> None:
        remove_furniture(root, outlet, published_at)
        resolve(root, base)
        conform(root)
        prune(root)

    try:
        body, root = _settle(html, tidy)
    except TooMuchError as reason:
        lines = text_lines(without_controls(html))
        while lines and published_at is not None and repeats_date(lines[0], published_at):
            lines.pop(0)
        return Cleaned(paragraphs(lines), "\n".join(lines), str(reason))
    return Cleaned(body, text_of(root), "")


def sanitise(html: str) -> str:
    """Let only allowed elements, attributes and addresses through; furniture stays.

    Takes any string and never raises; sanitising the result again changes nothing. HTML over a
    limit comes back as paragraphs of its text.
    """
    try:
        return _settle(html, conform)[0]
    except TooMuchError:
        return paragraphs(text_lines(without_controls(html)))


def plain_text(body: str) -> str:
    """The text of a sanitised body, one block per line. Never raises."""
    try:
        return text_of(parse(body))
    except TooMuchError:
        return "\n".join(text_lines(without_controls(body)))


def without_pictures(body: str, stored: Mapping[str, StoredPicture] | None = None) -> str:
    """A sanitised body with a link of class "picture" in the place of each picture.

    Its text is the picture's own, or the host it lies on.

    A picture inside a link becomes a span of that class; our own pictures stay, and so do those
    that are `stored`, by their addresses on other sites: they are shown from our own.
    """
    return _with_pictures_as(body, stored or {}, with_others=False)


def with_pictures(body: str, stored: Mapping[str, StoredPicture]) -> str:
    """A sanitised body whose pictures browsers load when they come into sight.

    Those that are `stored`, by their addresses on other sites, are shown from our own.
    """
    return _with_pictures_as(body, stored, with_others=True)


def remote_pictures(body: str) -> list[str]:
    """The addresses on other sites of the pictures in a sanitised body, each once, in order."""
    if "<img" not in body:
        return []
    try:
        sources = [image.get("src", "") for image in parse(body).iter("img")]
    except TooMuchError:
        return []
    return list(dict.fromkeys(source for source in sources if host(source)))


def _with_pictures_as(body: str, stored: Mapping[str, StoredPicture], *, with_others: bool) -> str:
    if "<img" not in body:
        return body
    return bleach_pictures(body, stored=stored, with_others=with_others)


def _settle(html: str, tidy: Callable[[Element], None]) -> tuple[str, Element]:
    """Tidy and sanitise until that changes nothing; the body and its tree.

    Three parsers take part, so that a body is a fixed point is not taken for granted. Proving it
    needs bleach, the slowest of them, only once: if its output leads to the same input for it
    again, it will lead to the same output.
    """
    root = parse(html)
    tidy(root)
    before = _input_for_bleach(root)
    for _ in range(_MAX_ROUNDS):
        body = bleach_clean(before)
        root = parse(body)
        tidy(root)
        after = _input_for_bleach(root)
        if after == before:
            return body, root
        before = after
    raise TooMuchError("the parsers do not agree on what the markup of the body means")


def _input_for_bleach(root: Element) -> str:
    html = serialise(root)
    _limit_marks(html)
    html = nh3_clean(html)
    _limit_marks(html)
    return html


def _limit_marks(html: str) -> None:
    # Both sanitisers write a no-break space as a reference.
    if html.count("<") + html.count("&") + html.count("\xa0") > _MAX_MARKS:
        raise TooMuchError(f"the body holds more than {_MAX_MARKS:,} tags and character references")
