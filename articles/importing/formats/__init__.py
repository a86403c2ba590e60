"""The file formats of articles, one module each, found by content and never by file name.

A format module has ``matches(text)``, cheap and without side effects, and ``parse(text)``.
"""

import unicodedata
from dataclasses import replace

from articles.addresses import canonical_address
from articles.importing.formats import archive, front_matter, link_list, web_page
from articles.importing.parsed import (
    NotAnArticleError,
    ParsedArticle,
    ProblemKind,
    UnusableFileError,
)

# The strictest first: an archive file may contain a whole web page, but not the other way round.
_FORMATS = (archive, front_matter, web_page)


def parse(text: str, path: str) -> ParsedArticle:
    """Return the article in ``text``, as ``decoding.decode`` returned it.

    ``path`` helps to tell a list of links from an article; the format depends on ``text`` alone.
    The title of the result is one line and not empty, its address one that ``canonical_address``
    accepts; its body may be empty.

    Raises NotAnArticleError for a list of links or another read-me, and UnusableFileError
    (UNKNOWN_FORMAT, NO_TITLE, NO_ADDRESS, BAD_ADDRESS) with a message that says what to do.
    """
    if link_list.matches(text, path):
        raise NotAnArticleError(f"{path} is a list of links, not an article.")
    for format_module in _FORMATS:
        if format_module.matches(text):
            return _checked(format_module.parse(text))
    if link_list.is_read_me(path):
        raise NotAnArticleError(f"{path} describes the archive and is not an article.")
    raise UnusableFileError(
        ProblemKind.UNKNOWN_FORMAT,
        "This is no article in a format that can be imported. Expected is an archive file (a time "
        "in <!-- -->, [title](address), a line of dashes, the body), Markdown with YAML front "
        "matter between lines of ---, or a saved web page.",
    )


def read(text: str) -> ParsedArticle | None:
    """Return what ``text`` tells of an article, as far as it does; None where nothing can be read.

    For people who fill in the rest: title, address and body may be empty, the address unusable.
    """
    for format_module in _FORMATS:
        if format_module.matches(text):
            reader = web_page.read if format_module is web_page else format_module.parse
            try:
                article = reader(text)
            except UnusableFileError:
                return None
            return replace(
                article, title=_one_line(article.title), byline=_one_line(article.byline)
            )
    return None


def _checked(article: ParsedArticle) -> ParsedArticle:
    title = _one_line(article.title)
    if not title:
        raise UnusableFileError(
            ProblemKind.NO_TITLE,
            "The article has no title. Add one to the file and import it again.",
            keep_capture=True,
        )
    if not article.url:
        raise UnusableFileError(
            ProblemKind.NO_ADDRESS,
            f"“{_shortened(title)}” has no address, so nothing says which article it is. Add the "
            "address where it was published and import it again.",
            keep_capture=True,
        )
    try:
        canonical_address(article.url)
    except ValueError as error:
        raise UnusableFileError(
            ProblemKind.BAD_ADDRESS,
            f"“{_shortened(title)}” has an address that cannot be used. {error} Correct it in the "
            "file and import it again.",
            keep_capture=True,
        ) from error
    return replace(article, title=title, byline=_one_line(article.byline))


def _one_line(text: str) -> str:
    visible = "".join(
        " " if unicodedata.category(character) == "Cc" else character for character in text
    )
    return " ".join(visible.split())


def _shortened(title: str) -> str:
    return title if len(title) <= 60 else f"{title[:60]}…"
