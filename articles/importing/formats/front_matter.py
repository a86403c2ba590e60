"""Markdown with YAML front matter, as static site generators keep their pages.

The format is Jekyll's, see https://jekyllrb.com/docs/front-matter/.
"""

import html
import re
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler
from markdown_it import MarkdownIt

from articles.importing.formats.times import read_time
from articles.importing.parsed import ParsedArticle, ProblemKind, UnusableFileError

_OPENING = re.compile(r"-{3,}[ \t]{0,99}\n")
_CLOSING = re.compile(r"\n-{3,}[ \t]{0,99}(?:\n|\Z)")
_LONGEST_FRONT_MATTER = 20_000
# markdown-it takes seconds for a megabyte of brackets, and no article is as long as this.
_LONGEST_MARKDOWN = 200_000
# markdown-it leaves out what is nested more deeply, without a word.
_DEEPEST_MARKDOWN = 120
_TOO_DEEP = re.compile(r"^(?:[ \t]?[ \t]|[ \t]?[>*+-]|\d+[.)]){50}", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")

_ADDRESS_KEYS = ("url", "original_url", "link", "from", "source")
_AUTHOR_KEYS = ("author", "authors", "byline")
_DATE_KEYS = ("date", "published", "published_at", "pubdate")


def matches(text: str) -> bool:
    """Whether ``text`` begins with two lines of dashes and something between them."""
    text = text[:_LONGEST_FRONT_MATTER].lstrip()
    opening = _OPENING.match(text)
    return opening is not None and _CLOSING.search(text, opening.end() - 1) is not None


def parse(text: str) -> ParsedArticle:
    """Return the article in ``text``, title, address and body possibly empty.

    Raises UnusableFileError (UNKNOWN_FORMAT) where the front matter is no valid YAML or has no
    keys.
    """
    handler = YAMLHandler()
    text = text.lstrip()
    front, body = handler.split(text)
    first_line = text[: text.index(front)].count("\n") + 1
    values = _load(handler, front, first_line)
    return ParsedArticle(
        format="front_matter",
        title=_text(values.get("title")),
        url=_address(values),
        body=_as_html(body),
        published_at=read_time(_first(values, _DATE_KEYS)),
        byline=_first(values, _AUTHOR_KEYS),
    )


def _load(handler: YAMLHandler, front: str, first_line: int) -> dict[str, Any]:
    try:
        # Every scalar stays as written: a title such as “2020” or “no” is a text, and a date that
        # does not exist is no reason to refuse the file. Like SafeLoader, it makes no objects.
        values = handler.load(front, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" in line {first_line + mark.line}" if mark else ""
        raise _invalid(f"{error.problem or error.context}{line}") from error
    except yaml.YAMLError as error:
        raise _invalid(str(error).replace("\n", " ")) from error
    except (RecursionError, ValueError) as error:
        raise _invalid("its values are nested too deeply or malformed") from error
    if not isinstance(values, dict):
        raise _invalid("it has no lines such as “title: …”")
    return {str(key).strip().lower(): value for key, value in values.items()}


def _invalid(reason: str) -> UnusableFileError:
    return UnusableFileError(
        ProblemKind.UNKNOWN_FORMAT,
        f"The front matter (the lines between ---) is no valid YAML: {reason}. Values that contain "
        "a colon or begin with a special character need quotation marks.",
        keep_capture=True,
    )


def _text(value: object) -> str:
    """A value as one text: lists are joined, anything deeper is left out."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return ", ".join(item.strip() for item in value if isinstance(item, str))
    return ""


def _first(values: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _text(values.get(key)))), "")


def _address(values: dict[str, Any]) -> str:
    """The first value that is an http address: ``from`` and ``source`` may also be names."""
    written = [text for key in _ADDRESS_KEYS if (text := _text(values.get(key)))]
    return next((text for text in written if text.lower().startswith(("http://", "https://"))), "")


def _as_html(body: str) -> str:
    body = body.strip()
    if body.startswith("<"):
        return body
    if len(body) > _LONGEST_MARKDOWN or _TOO_DEEP.search(body):
        return "".join(f"<p>{html.escape(block)}</p>" for block in _BLANK_LINES.split(body))
    options = {"html": True, "maxNesting": _DEEPEST_MARKDOWN}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    return str(markdown.render(body))
