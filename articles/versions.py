"""What differs between two versions of an article, for people to read."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from articles.comparing import Change, Run, compare, paragraphs, runs
from articles.editing import VERSIONED
from articles.models import Article
from articles.sanitising import plain_text

__all__ = ["Difference", "FieldChange", "changed_labels", "difference"]

_block_end = re.compile(r"(</(?:p|div|h[2-6]|li|[uo]l|blockquote|figure|table|tr|pre)>|<hr>)")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after, as people read it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions: short fields, and the body by paragraph.

    ``is_markup`` tells that the bodies say the same, so that ``body`` compares their sources.
    ``body`` is empty where the bodies are equal.
    """

    fields: list[FieldChange]
    body: list[Change]
    is_markup: bool = False

    @property
    def runs(self) -> list[Run]:
        """The comparison of the bodies, cut into what to read and what to fold away."""
        return runs(self.body)

    def __bool__(self) -> bool:
        return bool(self.fields or self.body)


def changed_labels(before: Any, after: Any) -> list[str]:
    """Return the names, for people, of the fields in which two versions differ."""
    return [_label(name) for name in VERSIONED if getattr(before, name) != getattr(after, name)]


def difference(before: Any, after: Any) -> Difference:
    """Compare two versions; each is an article or a row of its history."""
    fields = [
        FieldChange(_label(name), _shown(before, name), _shown(after, name))
        for name in VERSIONED
        if name != "body" and getattr(before, name) != getattr(after, name)
    ]
    if before.body == after.body:
        return Difference(fields, [])
    texts = plain_text(before.body), plain_text(after.body)
    if texts[0] != texts[1]:
        return Difference(fields, compare(paragraphs(texts[0]), paragraphs(texts[1])))
    sources = (paragraphs(_block_end.sub(r"\1\n", version.body)) for version in (before, after))
    return Difference(fields, compare(*sources), is_markup=True)


def _label(name: str) -> str:
    return str(Article._meta.get_field(name.removesuffix("_id")).verbose_name)  # type: ignore[union-attr]


def _shown(version: Any, name: str) -> str:
    value = getattr(version, name)
    if name == "outlet_id":
        try:
            return str(version.outlet)
        except ObjectDoesNotExist:
            return _("an outlet that is gone")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return date_format(localtime(value), "Y-m-d H:i:s")
    return str(value or "")
