"""Headings of bodies: outlets choose them by how large they look, readers step through them."""

import re

from django.utils.safestring import SafeString, mark_safe

__all__ = ["with_headings_in_order"]

_tag = re.compile(r"(</?h)([2-6])(?=[\s>])")


def with_headings_in_order(body: SafeString) -> SafeString:
    """Return a sanitised body, as long as before, in which no heading skips a level.

    The uppermost are h2, below the page's h1; what is deeper than a heading stays deeper.
    """
    above: list[str] = []

    def renumbered(tag: re.Match[str]) -> str:
        start, level = tag.groups()
        if start == "<h":
            while above and above[-1] >= level:
                above.pop()
            above.append(level)
        return f"{start}{1 + len(above)}"

    # Nothing changes but digits.
    return mark_safe(_tag.sub(renumbered, body))  # noqa: S308
