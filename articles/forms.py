"""What readers can ask of a list: outlets and days."""

import calendar
import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from articles.models import OldSlug, Outlet
from articles.moments import FIRST_YEAR, LAST_YEAR

__all__ = ["FIRST_YEAR", "LAST_YEAR", "BadQuestionError", "FilterForm", "narrowing"]


class PeriodField(forms.CharField):
    """A year, a month or a day; gives its first day, or its last with ``last``."""

    def __init__(self, *, last: bool, **options: Any) -> None:
        options["widget"] = forms.DateInput(attrs={"type": "date"})
        super().__init__(required=False, **options)
        self._last = last

    def clean(self, value: Any) -> Any:
        """Return a date, or None where nothing was given."""
        text = super().clean(value)
        if not text:
            return None
        message = _("“%(value)s” is no date; write it as 2023, 2023-12 or 2023-12-14.")
        match = re.fullmatch(r"([0-9]{4})(?:[-/.]?([0-9]{1,2})(?:[-/.]?([0-9]{1,2}))?)?", text)
        try:
            if not match:
                raise ValueError
            year, month, day = (int(part) if part else None for part in match.groups())
            if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
                raise ValueError
            month = month or (12 if self._last else 1)
            day = day or (calendar.monthrange(year, month)[1] if self._last else 1)
            return date(year, month, day)
        except ValueError:
            raise ValidationError(message, params={"value": text[:50]}) from None

    def prepare_value(self, value: Any) -> Any:
        """Show what was understood, as a date field of a browser wants it; else nothing."""
        try:
            return self.clean(value).isoformat()
        except (ValidationError, AttributeError):
            return None


class OutletSelect(forms.SelectMultiple):
    """Names several outlets in an address; the empty choice of a page's list names none."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """Return the slugs that are not empty."""
        return [slug for slug in super().value_from_datadict(data, files, name) or [] if slug]


class OutletsField(forms.ModelMultipleChoiceField):
    """Outlets by their slugs, also by those that they had."""

    def prepare_value(self, value: Any) -> Any:
        """Choose the outlets by the slugs that they have now."""
        is_list = isinstance(value, list)
        return super().prepare_value(_slugs_now(value) if is_list else value)

    def clean(self, value: Any) -> Any:
        """Return the outlets; a slug that no outlet has or had is a mistake."""
        return super().clean(_slugs_now(value or []))


def _slugs_now(slugs: list[str]) -> list[str]:
    """Return the slugs of today in the place of those that outlets had."""
    old = OldSlug.objects.filter(slug__in=slugs).exclude(slug__in=Outlet.objects.values("slug"))
    now = dict(old.values_list("slug", "outlet__slug"))
    return [now.get(slug, slug) for slug in slugs]


class FilterForm(forms.Form):
    """Narrows a list; what is wrong is said at its field, and the rest still holds."""

    outlet = OutletsField(
        label=_("Outlet"),
        queryset=Outlet.objects.all(),
        to_field_name="slug",
        required=False,
        widget=OutletSelect,
    )
    after = PeriodField(label=_("From"), last=False)
    before = PeriodField(label=_("To"), last=True)

    @property
    def offered_outlets(self) -> list[Outlet]:
        """The outlets to choose from, by name: what readers see articles of, and what is chosen."""
        self.is_valid()
        chosen = self.cleaned_data.get("outlet") or []
        outlets = {*Outlet.objects.with_articles(), *chosen}
        return sorted(outlets, key=lambda outlet: outlet.name)

    @property
    def narrowing(self) -> dict[str, Any]:
        """What to narrow by: ``outlets``, ``after`` and ``before``."""
        self.full_clean()
        return {
            "outlets": list(self.cleaned_data.get("outlet") or []),
            "after": self.cleaned_data.get("after"),
            "before": self.cleaned_data.get("before"),
        }


class BadQuestionError(ValueError):
    """A question that cannot be answered; the message says, in English, what is wrong."""


def narrowing(*, outlets: list[str], after: str, before: str) -> dict[str, Any]:
    """Return ``outlets`` (slugs), ``after`` and ``before`` as querysets and searches take them.

    Days are written as a list's filter takes them; "" leaves a side open. Raises BadQuestionError.
    """
    form = FilterForm({"outlet": list(outlets), "after": after, "before": before})
    with override(None):
        if form.errors:
            wrong = ((name, error) for name, errors in form.errors.items() for error in errors)
            raise BadQuestionError(" ".join(f"{name}: {error}" for name, error in wrong))
    return form.narrowing
