"""Days, months and years with numbers of articles, and how they are laid out. Pure."""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from django.utils.dates import WEEKDAYS
from django.utils.translation import pgettext_lazy

__all__ = [
    "Period",
    "Stretch",
    "days",
    "months",
    "stretches",
    "weekdays",
    "weeks",
    "years",
]

LEVELS = 4
WEEKDAYS_IN_SHORT = [
    pgettext_lazy("weekday in a calendar", "Mo"),
    pgettext_lazy("weekday in a calendar", "Tu"),
    pgettext_lazy("weekday in a calendar", "We"),
    pgettext_lazy("weekday in a calendar", "Th"),
    pgettext_lazy("weekday in a calendar", "Fr"),
    pgettext_lazy("weekday in a calendar", "Sa"),
    pgettext_lazy("weekday in a calendar", "Su"),
]

Period = tuple[date, date]
"""A first and a last day, both included."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days ``first`` to ``last``, both included, and how many articles they have.

    ``level`` is 0 for none, else 1 to 4: in which quarter of its like it is, the emptiest first;
    equal numbers are in the same.
    ``height`` is the percentage of the fullest of its like.
    """

    first: date
    last: date
    count: int
    level: int
    height: int


def days(first: date, last: date) -> list[Period]:
    """Return each day from ``first`` to ``last``."""
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [(day, day) for day in every]


def months(first: date, last: date) -> list[Period]:
    """Return each whole month from that of ``first`` to that of ``last``."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    firsts = (date(number // 12, number % 12 + 1, 1) for number in numbers)
    return [(day, day.replace(day=monthrange(day.year, day.month)[1])) for day in firsts]


def years(first: date, last: date) -> list[Period]:
    """Return each whole year from that of ``first`` to that of ``last``."""
    return [(date(n, 1, 1), date(n, 12, 31)) for n in range(first.year, last.year + 1)]


def stretches(periods: Sequence[Period], counts: Sequence[int]) -> list[Stretch]:
    """Return ``periods``, which are each other's like, with their ``counts``."""
    filled = sorted(count for count in counts if count)
    most = max(filled, default=0)
    return [
        Stretch(
            *period,
            count,
            level=_level(filled, count),
            height=ceil(100 * count / most) if count else 0,
        )
        for period, count in zip(periods, counts, strict=True)
    ]


def _level(filled: Sequence[int], count: int) -> int:
    """Return the quarter of ``filled``, which is sorted, in whose middle those like it are."""
    rank = (bisect_left(filled, count) + bisect_right(filled, count)) / 2
    return ceil(LEVELS * rank / len(filled)) if count else 0


def weeks(stretch_days: Sequence[Stretch], first_weekday: int) -> list[list[Stretch | None]]:
    """Return consecutive days by weeks of seven, None where a week reaches beyond them.

    ``first_weekday`` is 0 where weeks begin on a Monday, 6 where they do on a Sunday.
    """
    before = (stretch_days[0].first.weekday() - first_weekday) % 7
    cells: list[Stretch | None] = [*[None] * before, *stretch_days]
    cells += [None] * (-len(cells) % 7)
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def weekdays(first_weekday: int) -> list[tuple[str, str]]:
    """Return the weekdays in a calendar's order: the name in short, and in full."""
    order = [(first_weekday + n) % 7 for n in range(7)]
    return [(str(WEEKDAYS_IN_SHORT[day]), str(WEEKDAYS[day])) for day in order]
