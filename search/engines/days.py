"""Counting moments by the days of a time zone."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["by_day", "by_year"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 1, 9998

Microseconds = np.ndarray[Any, np.dtype[np.int64]]
"""Moments since 1970."""


def by_day(moments: Microseconds, zone: tzinfo) -> dict[date, int]:
    """Return how many of ``moments`` lie on each day of ``zone``; days without any are left out."""
    counts: dict[date, int] = {}
    years = moments.view("M8[us]").astype("M8[Y]").astype(np.int64) + 1970
    for year in np.unique(years).tolist():
        inside = moments[years == year]
        # A day of the zone begins at most a day before or after the same day of UTC.
        starts = _day_starts(min(max(year, _FIRST_YEAR + 1), _LAST_YEAR), zone)
        numbers = np.bincount(np.searchsorted(starts, inside, side="right"), minlength=1)
        first = date(min(max(year, _FIRST_YEAR + 1), _LAST_YEAR), 1, 1) - timedelta(days=2)
        for number in np.flatnonzero(numbers).tolist():
            day = first + timedelta(days=number)
            counts[day] = counts.get(day, 0) + int(numbers[number])
    return dict(sorted(counts.items()))


def by_year(days: dict[date, int]) -> dict[int, int]:
    """Return counts by day as counts by year."""
    counts: dict[int, int] = {}
    for day, count in days.items():
        counts[day.year] = counts.get(day.year, 0) + count
    return counts


@lru_cache(maxsize=400)
def _day_starts(year: int, zone: tzinfo) -> Microseconds:
    """Return when the days of a year, and the day on either side of it, begin."""
    first = date(year, 1, 1) - timedelta(days=1)
    days = (date(year + 1, 1, 2) - first).days
    starts = (
        datetime.combine(first + timedelta(days=number), datetime.min.time(), zone)
        for number in range(days)
    )
    return np.array([(start - _EPOCH) // timedelta(microseconds=1) for start in starts], np.int64)
