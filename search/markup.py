"""A sanitised body, or escaped text, cut into tags, character references and text.

From what is no such token on, nothing is yielded: it stays as it is.
"""

import re
from collections.abc import Iterator

__all__ = ["BREAK", "SHOWN_AS", "tokens"]

_tokens = re.compile(
    r"""
    <(?P<closing>/?)(?P<tag>[a-z][a-z0-9]*)(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>
    | (?P<reference>&(?:\#[0-9]+|\#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);)
    | [^<&]+
    """,
    re.VERBOSE,
)

BREAK = "\v"
# The lines that ``articles.sanitising`` makes of a body: its text is what was indexed.
SHOWN_AS = {
    **dict.fromkeys(("p", "hr", "div", "blockquote", "pre", "figure", "figcaption"), "\n"),
    **dict.fromkeys(("h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd"), "\n"),
    **dict.fromkeys(("table", "caption", "thead", "tbody", "tfoot", "tr"), "\n"),
    **dict.fromkeys(("td", "th"), " "),
    "br": BREAK,
}
"""What tags are in a body's text: an end of a line, a space, or a break; all others are inline."""


def tokens(html: str) -> Iterator[re.Match[str]]:
    """Yield the tokens of ``html``, in order, with the groups closing, tag and reference."""
    return iter(_tokens.scanner(html).match, None)  # type: ignore[attr-defined]
