"""Saved web pages, as browsers, SingleFile and wget keep them.

trafilatura (https://trafilatura.readthedocs.io) finds title, byline and article among a page's
furniture. The address comes from where the page itself or the saving program wrote it.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml.etree import Comment, LxmlError, XPath, strip_tags

from articles.importing.formats.times import read_time
from articles.importing.parsed import ParsedArticle, ProblemKind, UnusableFileError

_BEGINNING = 4_000
_BEGINS = re.compile(
    r"<(?:!doctype\s+html|html|head|body|title|meta|link|article|main|section|header"
    r"|div|p|h[1-6]|table|figure|blockquote)\b",
    re.I,
)
_XML_DECLARATION = re.compile(r"\s{0,99}<\?xml[^>]{0,200}\?>")

# Internet Explorer's mark, kept up by Chrome, and SingleFile's.
_SAVED_FROM = re.compile(
    r"<!--\s{0,9}saved from url=\(\d{1,9}\)(\S{1,4000})"
    r"|<!--\s{0,9}Page saved with SingleFile\s{1,9}url:\s{0,9}(\S{1,4000})",
    re.I,
)
_SAVED_FROM_WITHIN = 20_000

_TIME_NAMES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "pubdate",
    "publishdate",
    "publish_date",
    "publication_date",
    "parsely-pub-date",
    "dc.date.issued",
    "dcterms.created",
    "date",
)

_MOST_ELEMENTS = 20_000
_MOST_TEXT = 1_000_000

# What holds less than this share of a page's text is a part of its article, or something else.
_TOO_LITTLE = 0.5
# On a short page trafilatura falls back to all of its text in one paragraph.
_TOO_MUCH = 1.1
_CONTAINERS = (".//*[@itemprop='articleBody']", ".//article", ".//main")
_MOST_CONTAINERS = 20
_TEXT_OUTSIDE_LINKS = XPath(
    ".//text()[not(ancestor::a or ancestor::script or ancestor::style or ancestor::noscript)]"
)


def matches(text: str) -> bool:
    """Whether ``text`` is HTML: it begins with a tag, and with one that pages begin with."""
    beginning = text[:_BEGINNING].lstrip()
    return beginning.startswith("<") and _BEGINS.search(beginning) is not None


def parse(text: str) -> ParsedArticle:
    """Return the article in the page ``text``, title and body possibly empty.

    Raises UnusableFileError: NO_ADDRESS for a page that does not say where it comes from,
    UNKNOWN_FORMAT for one that cannot be read at all.
    """
    page = _tree(text)
    metas = _metas(page)
    address = _address(page, metas, text)
    if not address:
        raise UnusableFileError(
            ProblemKind.NO_ADDRESS,
            "The web page does not say which address it was saved from. Add a line such as "
            '<link rel="canonical" href="https://…"> to its head and import it again.',
            keep_capture=True,
        )
    return _article(page, metas, address)


def read(text: str) -> ParsedArticle:
    """Return what the page ``text`` tells of its article; the address may be missing, too.

    Raises UnusableFileError (UNKNOWN_FORMAT) for a page that cannot be read at all.
    """
    page = _tree(text)
    metas = _metas(page)
    return _article(page, metas, _address(page, metas, text))


def _article(page: lxml.html.HtmlElement, metas: dict[str, str], address: str) -> ParsedArticle:
    title, byline, day = metas.get("og:title", ""), metas.get("author", ""), ""
    extracted: str | None = None
    if _is_reasonable(page):
        # Slow to import, and most archives have no web pages.
        import trafilatura

        # Its many heuristics fail in as many ways on broken pages; the page itself serves then.
        with suppress(Exception):
            found = trafilatura.extract_metadata(page, default_url=address)
            title, byline, day = found.title or title, found.author or byline, found.date or ""
            extracted = trafilatura.extract(
                page,
                url=address,
                output_format="html",
                include_comments=False,
                include_formatting=True,
                include_images=True,
                include_links=True,
                include_tables=True,
            )
    title = title or _title(page)
    return ParsedArticle(
        format="web_page",
        title=title,
        url=address,
        body=_body(page, extracted, title),
        published_at=_published_at(page, metas) or read_time(day),
        byline=byline.replace("; ", ", "),
    )


def _tree(text: str) -> lxml.html.HtmlElement:
    try:
        page = lxml.html.document_fromstring(_XML_DECLARATION.sub("", text, count=1))
    except (LxmlError, ValueError) as error:
        raise UnusableFileError(
            ProblemKind.UNKNOWN_FORMAT,
            f"The web page cannot be read as HTML: {error}. Save it again from the browser.",
        ) from error
    # Never part of an article, and megabytes of them keep trafilatura busy.
    strip_tags(page, Comment)
    return page


def _metas(page: lxml.html.HtmlElement) -> dict[str, str]:
    """What the page says about itself, the first value of each name."""
    metas: dict[str, str] = {}
    for meta in page.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        content = (meta.get("content") or "").strip()
        if name and content:
            metas.setdefault(name.lower(), content)
    return metas


def _title(page: lxml.html.HtmlElement) -> str:
    titles = (element.text_content().strip() for element in page.iter("h1", "title"))
    return next((title for title in titles if title), "")


def _address(page: lxml.html.HtmlElement, metas: dict[str, str], text: str) -> str:
    """The best address that the page names for itself, or nothing.

    The address of a whole site never serves: every page saved from it would be the same article.
    """
    saved = _SAVED_FROM.search(text, 0, _SAVED_FROM_WITHIN)
    saved_from = (saved[1] or saved[2]) if saved else ""
    canonical = next(
        (
            link.get("href") or ""
            for link in page.iter("link")
            if "canonical" in (link.get("rel") or "").lower().split()
        ),
        "",
    )
    base = next((element.get("href") or "" for element in page.iter("base")), "")
    og_url = metas.get("og:url", "")
    known_base = next((url for url in (base, saved_from, og_url) if _is_absolute(url)), "")
    for candidate in (canonical, og_url, saved_from, base):
        try:
            address = urljoin(known_base, candidate.strip()) if candidate.strip() else ""
            if _is_absolute(address) and (urlsplit(address).path.strip("/") or "?" in address):
                return address
        except ValueError:
            continue
    return ""


def _is_absolute(address: str) -> bool:
    return address.strip().lower().startswith(("http://", "https://"))


def _published_at(page: lxml.html.HtmlElement, metas: dict[str, str]) -> datetime | None:
    """The first time that comes with an hour, else the first day."""
    written = [
        *(metas[name] for name in _TIME_NAMES if name in metas),
        *_linked_data_times(page),
        *(element.get("datetime") or "" for element in page.iter("time")),
    ]
    with_hour = sorted(written[:50], key=lambda time: ":" not in time)
    return next((moment for time in with_hour if (moment := read_time(time))), None)


def _linked_data_times(page: lxml.html.HtmlElement) -> Iterator[str]:
    """``datePublished`` wherever it stands in JSON-LD, see https://schema.org/NewsArticle."""
    for script in page.iter("script"):
        if (script.get("type") or "").strip().lower() != "application/ld+json":
            continue
        try:
            pending: list[Any] = [json.loads(script.text or "", strict=False)]
        except (ValueError, RecursionError):
            continue
        while pending:
            value = pending.pop(0)
            if isinstance(value, dict):
                if isinstance(value.get("datePublished"), str):
                    yield value["datePublished"]
                pending.extend(value.values())
            elif isinstance(value, list):
                pending.extend(value)


def _is_reasonable(page: lxml.html.HtmlElement) -> bool:
    """Whether trafilatura, whose time grows with the square of a page's parts, may look at it."""
    elements = sum(1 for _ in islice(page.iter(), _MOST_ELEMENTS + 1))
    text = sum(len(part) for part in page.itertext())
    return elements <= _MOST_ELEMENTS and text <= _MOST_TEXT


def _body(page: lxml.html.HtmlElement, extracted: str | None, title: str) -> str:
    """What trafilatura found, unless it lost or added much: text, blocks, all pictures."""
    container = _container(page)
    for furniture in container.xpath(".//nav | .//aside | .//footer | .//form"):
        furniture.drop_tree()
    found = lxml.html.document_fromstring(extracted).find("body") if extracted else None
    if (
        found is None
        or _weight(found) < _TOO_LITTLE * _weight(container)
        or _weight(found) > _TOO_MUCH * _weight(container)
        or _blocks(found) < _TOO_LITTLE * _blocks(container)
        or (container.find(".//img") is not None and found.find(".//img") is None)
    ):
        found = container
    _drop_repeated_title(found, title)
    return _inner_html(found)


def _blocks(element: lxml.html.HtmlElement) -> int:
    return sum(bool(block.text_content().strip()) for block in element.iter("p", "li", "tr"))


def _drop_repeated_title(body: lxml.html.HtmlElement, title: str) -> None:
    """Take out the first heading where it only says the title again."""
    heading = next(body.iter("h1", "h2"), None)
    if heading is not None and "".join(heading.text_content().split()) == "".join(title.split()):
        heading.drop_tree()


def _container(page: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    """The element that the page itself declares to hold its article, else the whole body."""
    body = page.find("body")
    whole = page if body is None else body
    enough = _TOO_LITTLE * _weight(whole)
    for path in _CONTAINERS:
        heaviest = max(page.findall(path)[:_MOST_CONTAINERS], key=_weight, default=None)
        if heaviest is not None and _weight(heaviest) >= enough:
            return heaviest
    return whole


def _weight(element: lxml.html.HtmlElement) -> int:
    """The length of an element's text without its menus and lists of links."""
    texts = cast("list[str]", _TEXT_OUTSIDE_LINKS(element))
    return sum(len(text.strip()) for text in texts)


def _inner_html(element: lxml.html.HtmlElement) -> str:
    children = (lxml.html.tostring(child, encoding="unicode") for child in element)
    return ((element.text or "") + "".join(children)).strip()
