"""Moments as days of a time zone, and days as they are counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

import numpy as np

from search.text import is_first

__all__ = ["DayCounts", "DayNumbers", "day_numbers"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 1, 9998
_BLOCK = 4_000
"""Of so many days, about 11 years, the dates are made together and kept for the next answers."""

Microseconds = np.ndarray[Any, np.dtype[np.int64]]
"""Moments since 1970."""

DayNumbers = np.ndarray[Any, np.dtype[np.int32]]
"""Days as ``date.toordinal`` numbers them."""


def day_numbers(moments: Microseconds, zone: tzinfo) -> DayNumbers:
    """Return the day of ``zone`` on which each of ``moments`` lies."""
    found = np.zeros(len(moments), np.int32)
    years = moments.view("M8[us]").astype("M8[Y]").astype(np.int64) + 1970
    for year in np.unique(years).tolist():
        places = np.flatnonzero(years == year)
        shown = min(max(year, _FIRST_YEAR + 1), _LAST_YEAR)
        # A day of the zone begins at most a day before or after the same day of UTC.
        starts = _day_starts(shown, zone)
        numbers = np.searchsorted(starts, moments[places], side="right")
        found[places] = date(shown, 1, 1).toordinal() - 2 + numbers
    return found


@dataclass(frozen=True, slots=True)
class DayCounts:
    """Days, as numbers, and how many of what was counted lie on each; none without any."""

    days: DayNumbers
    counts: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, numbers: Iterable[DayNumbers]) -> "DayCounts":
        """Count all of ``numbers``."""
        given = [array for array in numbers if len(array)]
        first = min((int(array.min()) for array in given), default=0)
        size = max((int(array.max()) for array in given), default=-1) - first + 1
        counts = np.zeros(size, np.int64)
        for array in given:
            counts += np.bincount(array - first, minlength=size)
        days = np.flatnonzero(counts)
        return cls((days + first).astype(np.int32), counts[days])

    def by_day(self) -> dict[date, int]:
        """Return the counts by day."""
        blocks = self.days // _BLOCK
        dates: list[date] = []
        for block in np.unique(blocks).tolist():
            dates += _dates(block)[self.days[blocks == block] % _BLOCK].tolist()
        return dict(zip(dates, self.counts.tolist(), strict=True))

    def by_year(self) -> dict[int, int]:
        """Return the counts by year."""
        since_1970 = (self.days - _EPOCH.toordinal()).astype("M8[D]")
        years = since_1970.astype("M8[Y]").astype(np.int64) + _EPOCH.year
        # Days ascend, and so do their years.
        starts = np.flatnonzero(is_first(years))
        counts = np.add.reduceat(self.counts, starts) if len(starts) else self.counts
        return dict(zip(years[starts].tolist(), counts.tolist(), strict=True))


@lru_cache(maxsize=128)
def _dates(block: int) -> "np.ndarray[Any, np.dtype[np.object_]]":
    """Return the dates of ``_BLOCK`` days; there is no day 0."""
    first = block * _BLOCK
    last = min(first + _BLOCK, date.max.toordinal() + 1)
    return np.array([date.fromordinal(max(n, 1)) for n in range(first, last)], object)


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
