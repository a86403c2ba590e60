"""Filters of large lists: answered by indexes, and offering nothing that has to be looked for."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime
from itertools import takewhile
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from articles.forms import FIRST_YEAR, LAST_YEAR
from articles.models import UNDATED, Capture, ImportRun, end_of, start_of

__all__ = [
    "EditedFilter",
    "FlagFilter",
    "HiddenFilter",
    "NewerCaptureFilter",
    "PeriodFilter",
    "PublishedFilter",
    "RunFilter",
]

OFFERED_RUNS = 10
DAY = 3

Period = tuple[int, ...]
"""A year; a year and a month; or a year, a month and a day."""


class FlagFilter(admin.SimpleListFilter):
    """Keeps the rows that meet ``condition``, or those that do not.

    ``condition`` is that of a partial index, which gives the keys of the rows that meet it.
    """

    condition: Q
    yes, no = "1", "0"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [(self.yes, _("Yes")), (self.no, _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows to keep."""
        if self.value() is None:
            return queryset
        if self.value() not in (self.yes, self.no):
            raise IncorrectLookupParameters(f"{self.parameter_name}={self.value()}")
        chosen = _among(queryset.model._default_manager.filter(self.condition).values("pk"))
        rows = _with_key(queryset)
        return rows.filter(chosen) if self.value() == self.yes else rows.exclude(chosen)


class PeriodFilter(admin.FieldListFilter):
    """Keeps the rows of a year, a month or a day, each chosen from those of the one before it.

    ``column`` is a time that an index begins with; "" is the field itself. What can be chosen is
    what the whole list has, whatever other filters keep. The parameters are those of Django's
    ``date_hierarchy``, which reads all rows to know the days there are.
    """

    column = ""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: Any,
        model: type[Model],
        *args: Any,
        **kw: Any,
    ) -> None:
        super().__init__(field, request, params, model, *args, **kw)
        self.column = self.column or self.field_path
        self._rows = model._default_manager.only(self.column)
        self._period = self._asked()

    def expected_parameters(self) -> list[str | None]:
        """Return the parameters that this filter reads."""
        return [f"{self.field_path}__{unit}" for unit in ("year", "month", "day")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows to keep."""
        return self._between(queryset, *_bounds(self._period)) if self._period else queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield all dates, what was chosen, and the years, months or days it has, latest first."""
        yield self._choice(changelist, _("All dates"), selected=not self.used_parameters)
        chosen = [self._period[: length + 1] for length in range(len(self._period))]
        for period in [*chosen, *self._parts()]:
            values = zip(map(str, self.expected_parameters()), period, strict=False)
            selected = period == self._period
            yield self._choice(changelist, _label(period), selected=selected, **dict(values))

    def _choice(
        self, changelist: ChangeList, label: Any, *, selected: bool, **values: Any
    ) -> dict[str, Any]:
        link = changelist.get_query_string(values, [f"{self.field_path}__"])
        return {"selected": selected, "query_string": link, "display": label}

    def _asked(self) -> Period:
        """Return the period that was asked for, () for all. Raises IncorrectLookupParameters."""
        used: dict[Any, Any] = self.used_parameters
        names = takewhile(used.__contains__, self.expected_parameters()[:DAY])
        try:
            period = tuple(int(used[name][-1]) for name in names)
            if period:
                _bounds(period)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
        return period

    def _parts(self) -> Iterator[Period]:
        """Yield the parts of the chosen period, or the years, that have rows, the latest first.

        Each is found by the last row before the one after it, which an index gives at once.
        """
        length = len(self._period) + 1
        if length > DAY:
            return
        start, end = _bounds(self._period)
        while latest := self._between(self._rows, start, end).order_by(f"-{self.column}").first():
            part = timezone.localtime(getattr(latest, self.column)).timetuple()[:length]
            yield part
            end, _after = _bounds(part)

    def _between(self, rows: QuerySet[Any], start: datetime, end: datetime) -> QuerySet[Any]:
        return rows.filter(**{f"{self.column}__gte": start, f"{self.column}__lt": end})


class PublishedFilter(PeriodFilter):
    """Keeps the articles of a time, or those of which nobody knows it."""

    column = "listed_at"

    def expected_parameters(self) -> list[str | None]:
        """Return the parameters that this filter reads."""
        return [*super().expected_parameters(), f"{self.field_path}__isnull"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows to keep."""
        used: dict[Any, Any] = self.used_parameters
        if True in used.get(f"{self.field_path}__isnull", ()):
            return queryset.filter(listed_at=UNDATED)
        return super().queryset(request, queryset)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield what a period offers, and the articles without a date."""
        name = f"{self.field_path}__isnull"
        yield from super().choices(changelist)
        selected = name in self.used_parameters
        yield self._choice(changelist, _("Undated"), selected=selected, **{name: "True"})


class HiddenFilter(FlagFilter):
    """Keeps hidden articles, or those that readers see."""

    title = _("hidden")
    parameter_name = "hidden__exact"
    condition = Q(hidden=True)


class EditedFilter(FlagFilter):
    """Keeps the articles that somebody edited, or the others."""

    title = _("edited by hand")
    parameter_name = "edited_at__isempty"
    condition = Q(edited_at__isnull=False)
    yes, no = "0", "1"


class NewerCaptureFilter(FlagFilter):
    """Keeps the articles of which a newer capture waits for an editor, or the others."""

    title = _("has a newer capture")
    parameter_name = "has_newer_capture__exact"
    condition = Q(has_newer_capture=True)


class RunFilter(admin.SimpleListFilter):
    """Keeps the articles of which an import run brought a capture; the latest runs are offered."""

    title = _("import run")
    parameter_name = "captures__run__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the latest runs, and the chosen one."""
        runs = list(ImportRun.objects.filter(dry_run=False).order_by("-started_at")[:OFFERED_RUNS])
        chosen = self.value()
        if chosen and chosen not in [str(run.pk) for run in runs]:
            runs += ImportRun.objects.filter(pk=self._number())
        return [(str(run.pk), str(run)) for run in runs]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows to keep."""
        if self.value() is None:
            return queryset
        brought = Capture.objects.filter(run=self._number(), article__isnull=False)
        return _with_key(queryset).filter(_among(brought.values("article")))

    def _number(self) -> int:
        """Return the chosen run's key. Raises IncorrectLookupParameters."""
        if not re.fullmatch(r"[0-9]{1,18}", str(self.value())):
            raise IncorrectLookupParameters(f"{self.parameter_name}={self.value()}")
        return int(str(self.value()))


def _with_key(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Give ``rows`` a key that is no index's column.

    So databases walk the index that has the order, or another filter, beside the key, and do not
    fetch row after row to look at it.
    """
    return rows.alias(key=F("pk") + 0)


def _among(keys: QuerySet[Any, Any]) -> Q:
    return Q(key__in=keys.order_by())


def _bounds(period: Period) -> tuple[datetime, datetime]:
    """Return the first moment of ``period`` and the first after it. Raises ValueError.

    () is all the years that pages have.
    """
    year, month, day = (*period, None, None, None)[:DAY]
    first = date(year or FIRST_YEAR, month or 1, day or 1)
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise ValueError(f"{year} is no year that pages have.")
    last_month = month or 12
    last_year = year or LAST_YEAR
    last = date(last_year, last_month, day or monthrange(last_year, last_month)[1])
    return start_of(first), end_of(last)


def _label(period: Period) -> str:
    match period:
        case (year,):
            return str(year)
        case (year, month):
            return capfirst(date_format(date(year, month, 1), "YEAR_MONTH_FORMAT"))
        case (year, month, day):
            return capfirst(date_format(date(year, month, day), "MONTH_DAY_FORMAT"))
    raise ValueError(period)
