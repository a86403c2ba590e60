"""What templates ask about outlets."""

import zlib

from django import template

register = template.Library()

COLOURS = 12


@register.filter
def colour_number(slug: str) -> int:
    """Return which of the colours ``.outlet-0`` to ``.outlet-11`` of the style sheet is its own.

    The same slug has the same colour in every archive and for good.
    """
    return zlib.crc32(slug.encode()) % COLOURS
