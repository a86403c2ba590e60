"""Citing an article: GB/T 7714, BibTeX and RIS.

Whatever a title holds, a citation is one record: line breaks and control characters never come
into it. A citation names the original address and the archive's own, which stays.
"""

import unicodedata
from datetime import date, datetime

from django.utils import timezone
from django.utils.encoding import iri_to_uri

from articles.models import Article

__all__ = ["bibtex", "citation_key", "gbt7714", "ris"]

UNTITLED = "[无题名]"

# BibTeX counts braces also behind a backslash, so that those of a title must become words.
_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        **{character: f"\\{character}" for character in "%#$&_"},
    }
)
# Embeddings, overrides and isolates turn round what follows them.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def gbt7714(article: Article, *, address: str, accessed: date | None = None) -> str:
    """Return the citation of an article as one of a newspaper online.

    ``作者. 题名[N/OL]. 媒体, 日期[引用日期]. 网址.`` (GB/T 7714—2015, 4.5 and annex A.8).
    ``address`` is the article's in this archive; ``accessed`` a day of the archive's time zone,
    today by default. A part that is not known is left out.
    """
    published = _day(article.published_at)
    source = ", ".join(filter(None, [_line(article.outlet.name), str(published or "")]))
    parts = [
        _line(article.byline),
        f"{_title(article)}[N/OL]",
        f"{source}[{accessed or timezone.localdate()}]",
        iri_to_uri(article.original_url),
        f"存档: {iri_to_uri(address)}",
    ]
    return ". ".join(filter(None, parts)) + "."


def citation_key(article: Article) -> str:
    """Return the name of the citation: ASCII, and in this archive the article's alone."""
    year = str(_day(article.published_at) or "undated").partition("-")[0]
    return f"{article.outlet.slug}-{year}-{article.pk}"


def bibtex(article: Article, *, address: str, accessed: date | None = None) -> str:
    """Return the article as an ``@online`` entry of biblatex, ending in a line break.

    Parameters as of ``gbt7714``. Title and names stand in braces of their own: no style changes
    their case, and no name is taken apart.
    """
    fields = {
        "title": _braced(_title(article)),
        "author": _braced(_line(article.byline)),
        "organization": _braced(_line(article.outlet.name)),
        "date": str(_day(article.published_at) or ""),
        "url": iri_to_uri(article.original_url),
        "urldate": str(accessed or timezone.localdate()),
        "addendum": f"Archived: \\url{{{iri_to_uri(address)}}}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@online{{{citation_key(article)},", *lines, "}", ""])


def ris(article: Article, *, address: str, accessed: date | None = None) -> str:
    """Return the article as a ``NEWS`` record of RIS, its lines ending as the format wants it.

    Parameters as of ``gbt7714``. The tags: https://en.wikipedia.org/wiki/RIS_(file_format)
    """
    published = _day(article.published_at)
    fields = [
        ("TY", "NEWS"),
        ("ID", citation_key(article)),
        ("TI", _title(article)),
        ("AU", _line(article.byline)),
        ("T2", _line(article.outlet.name)),
        ("PY", str(published or "")[:4]),
        ("DA", _slashed(published)),
        ("Y2", _slashed(accessed or timezone.localdate())),
        ("UR", iri_to_uri(article.original_url)),
        ("AV", iri_to_uri(address)),
    ]
    lines = [f"{tag}  - {value}" for tag, value in fields if value]
    return "\r\n".join([*lines, "ER  - ", ""])


def _title(article: Article) -> str:
    return _line(article.headline) or UNTITLED


def _braced(text: str) -> str:
    return text and f"{{{text.translate(_TEX)}}}"


def _slashed(day: date | None) -> str:
    return str(day or "").replace("-", "/")


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


def _line(text: str) -> str:
    """Return ``text`` in one line, without what controls a terminal or the direction of reading."""
    words = " ".join(text.split())
    return "".join(
        character
        for character in words
        if character not in _TURNING and unicodedata.category(character) not in ("Cc", "Cs")
    ).strip()
