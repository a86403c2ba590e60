"""Counts by day and by year, as answers have them."""

from collections import Counter
from datetime import date

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from search.engines.days import DayCounts

FIRST, LAST = date.min, date.max


@given(st.lists(st.one_of(st.dates(), st.dates(date(2019, 12, 1), date(2020, 2, 1))), max_size=60))
@example([])
@example([FIRST, LAST, FIRST, date(1, 12, 31), date(2, 1, 1)])
@example([date(2020, 12, 31), date(2021, 1, 1)])
def test_are_what_counting_one_by_one_gives(days: list[date]) -> None:
    numbers = np.array([day.toordinal() for day in days], np.int32)
    counts = DayCounts.of([numbers[::2], numbers[1::2]])
    assert counts.by_day() == Counter(days)
    assert list(counts.by_day()) == sorted(set(days))
    assert counts.by_year() == Counter(day.year for day in days)
