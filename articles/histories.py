"""What pages tell about time: how far the archive reaches, a year, a month, an outlet's history."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.db.models import Exists, OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

from articles.calendars import Period, Stretch, days, months, stretches, years
from articles.counting import COUNT, count_by_day, find_in_each, remembered
from articles.forms import FIRST_YEAR, LAST_YEAR
from articles.models import UNDATED, Article, ArticleQuerySet, Outlet
from articles.tiles import (
    HeatMap,
    MonthCalendar,
    Tile,
    bars,
    heat_map,
    month_calendar,
    month_name,
    tile,
)

__all__ = [
    "History",
    "Holdings",
    "OutletHistory",
    "Year",
    "YearOfMonths",
    "calendar_of",
    "history_of",
    "holdings",
    "outlet_histories",
    "year_of",
    "years_of",
]

MOST_BARS = 60


@dataclass(frozen=True)
class Holdings:
    """How many articles there are, of how many outlets, how many of them undated.

    The others lie between the days ``first`` and ``last``, None where there are none; ``years``
    are those that have articles.
    """

    count: int
    outlets: int
    undated: int
    first: date | None
    last: date | None
    years: list[Stretch]


@dataclass(frozen=True)
class Year:
    """A year: its days as a heat map, its months, and the calendar of one of them."""

    number: int
    count: int
    heat: HeatMap
    months: list[Tile]
    chosen: date
    calendar: MonthCalendar


@dataclass(frozen=True)
class YearOfMonths:
    """A year in the history of an outlet, and its months as bars."""

    number: int
    count: int
    months: list[Tile]
    bars: str


@dataclass(frozen=True)
class History:
    """An outlet's articles over time, undated or between the days ``first`` and ``last``.

    ``months`` are whole years, without years that have no articles.
    """

    count: int
    undated: int
    first: date | None
    last: date | None
    months: list[Stretch]


@dataclass(frozen=True)
class OutletHistory:
    """What the list of outlets tells of one, and its years as bars.

    There are as many bars for each outlet, ``bar_count``.
    """

    outlet: Outlet
    first: date | None
    last: date | None
    bars: str
    bar_count: int


def holdings() -> Holdings:
    """Return what readers see in the archive, a minute old at the most."""
    return remembered("holdings", _holdings)


def _holdings() -> Holdings:
    articles = Article.objects.readable()
    own = articles.filter(outlet=OuterRef("pk"))
    first, last = articles.first_and_last_day()
    periods = years(*_clipped(first, last)) if first and last else []
    counts = [found.count for found in find_in_each(articles, periods)]
    return Holdings(
        count=articles.count(),
        outlets=Outlet.objects.filter(Exists(own)).count(),
        undated=articles.undated().count(),
        first=first,
        last=last,
        years=[year for year in stretches(periods, counts) if year.count],
    )


def _clipped(first: date, last: date) -> tuple[date, date]:
    """Return these days, or the nearest that have a page."""
    lowest, highest = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    return min(max(first, lowest), highest), min(max(last, lowest), highest)


def year_of(number: int, month: int | None = None) -> Year:
    """Return the year ``number``, and its ``month`` or the last with articles.

    It is in the language of the reader, and a minute old at the most.
    """
    return remembered(f"year-{number}-{month}-{get_language()}", lambda: _year(number, month))


def _year(number: int, month: int | None) -> Year:
    articles = Article.objects.readable()
    first, last = date(number, 1, 1), date(number, 12, 31)
    in_year = stretches(days(first, last), count_by_day(articles, first, last))
    by_month = [list(group) for _month, group in groupby(in_year, lambda day: day.first.month)]
    counts = [sum(day.count for day in in_month) for in_month in by_month]
    chosen = (month or max((n for n in range(1, 13) if counts[n - 1]), default=1)) - 1
    in_months = [
        _month_tile(in_month, f"?year={number}&month={in_month.first.month}#months")
        for in_month in stretches(months(first, last), counts)
    ]
    return Year(
        number,
        sum(counts),
        heat_map(in_year),
        in_months,
        in_months[chosen].first,
        month_calendar(by_month[chosen]),
    )


def calendar_of(articles: ArticleQuerySet, period: Period, query: str = "") -> MonthCalendar:
    """Return the calendar of the month ``period``; the addresses in it end in ``query``."""
    return month_calendar(stretches(days(*period), count_by_day(articles, *period)), query)


def history_of(outlet: Outlet) -> History:
    """Return how many articles of ``outlet`` readers see, and of when; a minute old at the most."""
    articles = Article.objects.readable().narrowed(outlets=[outlet])
    return remembered(f"history-{outlet.pk}", lambda: _history(articles))


def _history(articles: ArticleQuerySet) -> History:
    first, last = articles.first_and_last_day()
    return History(
        count=articles.count(),
        undated=articles.undated().count(),
        first=first,
        last=last,
        months=_months_with_years(articles, first, last) if first and last else [],
    )


def _months_with_years(articles: ArticleQuerySet, first: date, last: date) -> list[Stretch]:
    periods = [month for year in years(*_clipped(first, last)) for month in months(*year)]
    counts = [found.count for found in find_in_each(articles, periods)]
    in_months = stretches(periods, counts)
    filled = {month.first.year for month in in_months if month.count}
    return [month for month in in_months if month.first.year in filled]


def years_of(outlet: Outlet, history: History) -> list[YearOfMonths]:
    """Return the years in the ``history`` of ``outlet``, the latest first."""
    address = reverse("articles")
    by_year = groupby(history.months, lambda month: month.first.year)
    found = [
        YearOfMonths(
            number,
            sum(month.count for month in in_year),
            [
                _month_tile(
                    month,
                    f"{address}?outlet={outlet.slug}&after={month.first}&before={month.last}",
                )
                for month in in_year
            ],
            bars([month.height for month in in_year]),
        )
        for number, in_year in ((number, list(group)) for number, group in by_year)
    ]
    return found[::-1]


def _month_tile(month: Stretch, address: str) -> Tile:
    full_name = date_format(month.first, "YEAR_MONTH_FORMAT")
    return tile(month, name=month_name(month.first), full_name=full_name, address=address)


def outlet_histories() -> list[OutletHistory]:
    """Return all outlets that have articles, the most first, a minute old at the most."""
    told = remembered("outlet-histories", _outlet_histories)
    return [
        OutletHistory(outlet, *told.get(outlet.pk, (None, None, "", 0)))
        for outlet in Outlet.objects.with_articles()
    ]


def _outlet_histories() -> dict[int, tuple[date | None, date | None, str, int]]:
    """Return first and last day of each outlet, and the last years of the archive."""
    all_years = holdings().years
    periods = years(all_years[0].first, all_years[-1].last)[-MOST_BARS:] if all_years else []
    own = Article.objects.readable().filter(outlet=OuterRef("pk"))
    dated = own.filter(listed_at__gt=UNDATED).values("listed_at")
    counts = [
        Subquery(own.order_by().narrowed(after=first, before=last).values(n=COUNT))
        for first, last in periods
    ]
    rows = Outlet.objects.order_by().values_list(
        "pk",
        Subquery(dated.order_by("listed_at")[:1]),
        Subquery(dated.order_by("-listed_at")[:1]),
        *counts,
    )
    return {
        pk: (
            _day(first),
            _day(last),
            bars([year.height for year in stretches(periods, in_years)]),
            len(periods),
        )
        for pk, first, last, *in_years in rows
    }


def _day(moment: datetime | None) -> date | None:
    return timezone.localdate(moment) if moment else None
