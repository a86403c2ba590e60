"""The archive format: what the crawler of github.com/duty-machine/news writes.

::

    <!--1702566901000-->
    [title](https://…)
    ------

    <p>the body, as a rule in one line</p>

Our own exports put the byline into a comment before the body, ``<!--byline: 记者-->``, and an empty
one before a body that begins with bare text: such a body is all there is.

The first line is JavaScript's time; it may be missing or ``NaN``. In an older sister archive
(github.com/duty-machine/chinadigitaltimes) it is always missing, and the body begins with a line
such as ``日期：Thu, 02 Jul 2020 07:39:48 +0000``. Neither title nor address is escaped: both may
contain brackets, and the title line breaks. Some bodies repeat the whole header, joined into one
line.
"""

import html
import re
from dataclasses import dataclass

from articles.importing.formats.times import from_epoch_milliseconds, read_time
from articles.importing.parsed import ParsedArticle, ProblemKind, UnusableFileError

# No header is longer; what lies beyond belongs to the body and need not be searched.
_LONGEST_HEADER = 20_000

_OPENING = re.compile(
    r"(?:<!--\s{0,9}(?P<time>-?\d{1,20}|NaN|null|undefined)?\s{0,9}-->\s{0,99})?\["
)
_SEPARATOR = re.compile(r"\)\s{0,99}-{3,}[ \t]{0,99}")
_WHITE_SPACE = re.compile(r"\s")
_DATE_LINE = re.compile(r"日期\s?[：:](?P<time>[^\n<]{0,99})(?=[\n<]|$)")

_BYLINE = re.compile(r"<!--byline:(?P<byline>[^\n<>]{0,3000})-->")

# What JavaScript writes for a value that is not there.
_NOTHING = frozenset({"undefined", "null"})


@dataclass(frozen=True, slots=True)
class _Header:
    time: str
    title: str
    address: str
    end: int


def matches(text: str) -> bool:
    """Whether ``text`` begins with an archive file's header, be it a damaged one."""
    text = text[:_LONGEST_HEADER].lstrip()
    opening = _OPENING.match(text)
    return opening is not None and (opening["time"] is not None or _header(text) is not None)


def parse(text: str) -> ParsedArticle:
    """Return the article in ``text``, title, address and body possibly empty.

    Raises UnusableFileError (NO_ADDRESS) where the header is incomplete.
    """
    text = text.lstrip()
    header = _header(text)
    if header is None:
        raise UnusableFileError(
            ProblemKind.NO_ADDRESS,
            "The file begins as an archive file does, but [title](address) with a line of dashes "
            "below does not follow. It may be cut short: complete it and import it again.",
            keep_capture=True,
        )
    body = text[header.end :].strip()
    published_at = from_epoch_milliseconds(header.time)
    byline = _BYLINE.match(body)
    if byline is not None:
        return ParsedArticle(
            format="archive",
            title=header.title,
            url=header.address,
            body=body[byline.end() :],
            published_at=published_at,
            byline=html.unescape(byline["byline"]).strip(),
        )

    repeated = _header(body)
    if repeated is not None and (
        repeated.address == header.address or repeated.title == header.title
    ):
        body = body[repeated.end :].lstrip()
        published_at = published_at or from_epoch_milliseconds(repeated.time)

    date_line = _DATE_LINE.match(body)
    if date_line is not None:
        body = body[date_line.end() :].lstrip()
        published_at = published_at or read_time(date_line["time"])

    return ParsedArticle(
        format="archive",
        title=header.title,
        url=header.address,
        body=body,
        published_at=published_at,
    )


def _header(text: str) -> _Header | None:
    opening = _OPENING.match(text)
    if opening is None:
        return None
    for separator in _SEPARATOR.finditer(text, opening.end(), _LONGEST_HEADER):
        link = text[opening.end() : separator.start()]
        title, bracket, address = link.rpartition("](")
        # A title such as “one (two) --- three” contains what looks like the end of the header.
        if bracket and (address.startswith("http") or not _WHITE_SPACE.search(address.strip())):
            return _Header(
                time=opening["time"] or "",
                title=_written(title),
                address=_written(address),
                end=separator.end(),
            )
    return None


def _written(value: str) -> str:
    value = value.strip()
    return "" if value in _NOTHING else value
