"""How hits spread over time: bars of years, months or days. Pure."""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

__all__ = ["MOST_BARS", "Bar", "Timeline", "Unit", "period_of", "timeline"]

MOST_BARS = 62
TALLEST = 100
SHORTEST_VISIBLE = 4
WIDTH = 1000
WIDEST = 48


class Unit(StrEnum):
    """What a bar stands for; YEARS are decades, or centuries where decades are too many."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Bar:
    """Days ``first`` to ``last``, both included, and how many hits lie in them.

    ``is_archived``: whether there are any articles, hits or not. ``left`` to ``right`` is its place
    in a drawing that is 1,000 wide and 100 high, ``height`` how high it stands there.
    """

    first: date
    last: date
    count: int
    is_archived: bool
    left: int
    right: int
    height: int

    @property
    def place(self) -> int:
        """The width of its place."""
        return self.right - self.left

    @property
    def width(self) -> int:
        """How wide it stands there, in the middle."""
        return min(WIDEST, self.place - self.place // 5)

    @property
    def x(self) -> int:
        """Where its left side is."""
        return self.left + (self.place - self.width) // 2

    @property
    def y(self) -> int:
        """Where its top is."""
        return TALLEST - self.height


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars in order, one for each ``unit``, without gaps."""

    unit: Unit
    bars: list[Bar]

    @property
    def has_gaps(self) -> bool:
        """Whether there are periods without articles."""
        return not all(bar.is_archived for bar in self.bars)


def period_of(
    days: Mapping[date, int], after: date | None, before: date | None
) -> tuple[date, date] | None:
    """Return the first and last day to show: the filter's, else those with hits.

    None where there is nothing to show.
    """
    first, last = after or min(days, default=None), before or max(days, default=None)
    if not days or first is None or last is None or first > last:
        return None
    return first, last


def timeline(
    days: Mapping[date, int],
    archived: Mapping[date, int],
    period: tuple[date, date],
    *,
    after: date | None = None,
    before: date | None = None,
) -> Timeline:
    """Return the bars of ``period`` in the finest unit that gives at most ``MOST_BARS``.

    ``days`` counts hits by day, ``archived`` all articles there are. Bars are whole years, months
    or days, but end where a filter (``after``, ``before``) does.
    """
    unit, wholes = _spans(*period)
    spans = [(max(first, after or first), min(last, before or last)) for first, last in wholes]
    hits = _counted(days, spans)
    articles = _counted(archived, spans)
    most = max(hits, default=0)
    bars = [
        Bar(
            first,
            last,
            count,
            bool(there or count),
            number * WIDTH // len(spans),
            (number + 1) * WIDTH // len(spans),
            max(SHORTEST_VISIBLE, round(TALLEST * count / most)) if count else 0,
        )
        for number, ((first, last), count, there) in enumerate(
            zip(spans, hits, articles, strict=True)
        )
    ]
    return Timeline(unit, bars)


def _spans(first: date, last: date) -> tuple[Unit, list[tuple[date, date]]]:
    """Return the unit, and first and last day of each bar."""
    if (last - first).days < MOST_BARS:
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return Unit.DAY, [(day, day) for day in days]
    if (last.year - first.year) * 12 + last.month - first.month < MOST_BARS:
        return Unit.MONTH, list(_months(first, last))
    step = 1
    while last.year // step - first.year // step >= MOST_BARS:
        step *= 10
    return Unit.YEAR if step == 1 else Unit.YEARS, list(_years(first, last, step))


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = number // 12, number % 12 + 1
        yield date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _years(first: date, last: date, step: int) -> Iterator[tuple[date, date]]:
    for number in range(first.year // step, last.year // step + 1):
        begin, end = number * step, number * step + step - 1
        yield date(max(begin, date.min.year), 1, 1), date(min(end, date.max.year), 12, 31)


def _counted(days: Mapping[date, int], spans: list[tuple[date, date]]) -> list[int]:
    """Return the sums of ``days`` in each of ``spans``, which follow each other without gaps."""
    counts = [0] * len(spans)
    place = 0
    for day in sorted(days):
        while place < len(spans) and day > spans[place][1]:
            place += 1
        if place < len(spans) and day >= spans[place][0]:
            counts[place] += days[day]
    return counts
