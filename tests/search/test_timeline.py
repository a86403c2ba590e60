"""Timelines: every hit in the bar of its day, as counting day by day finds."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from search.timeline import MOST_BARS, Timeline, Unit, period_of, timeline

FIRST = date(2000, 1, 1)
near = st.integers(0, 100).map(lambda n: FIRST + timedelta(days=n))
far = st.integers(0, 9000).map(lambda n: FIRST + timedelta(days=n))
any_day = st.one_of(near, far, st.dates())
counts = st.one_of(
    *(st.dictionaries(day, st.integers(1, 50), max_size=12) for day in (near, far, any_day))
)
bound = st.none() | near | far


def drawn(
    days: dict[date, int],
    others: dict[date, int],
    after: date | None = None,
    before: date | None = None,
) -> Timeline | None:
    period = period_of(days, after, before)
    return timeline(days, days | others, period, after=after, before=before) if period else None


@given(counts, counts, bound, bound)
def test_agrees_with_counting_day_by_day(
    days: dict[date, int], others: dict[date, int], after: date | None, before: date | None
) -> None:
    days = {
        day: count
        for day, count in days.items()
        if (not after or day >= after) and (not before or day <= before)
    }
    shown = drawn(days, others, after, before)
    if shown is None:
        assert not days or (after and before and after > before)
        return
    assert 1 <= len(shown.bars) <= MOST_BARS
    assert sum(bar.count for bar in shown.bars) == sum(days.values())
    for bar in shown.bars:
        inside = [day for day in days if bar.first <= day <= bar.last]
        assert bar.count == sum(days[day] for day in inside)
        assert bar.is_archived == any(bar.first <= day <= bar.last for day in days | others)
        assert bool(bar.height) == bool(bar.count)
    for one, next_one in zip(shown.bars, shown.bars[1:], strict=False):
        assert one.last + timedelta(days=1) == next_one.first
        assert one.right == next_one.left
        assert (one.height <= next_one.height) or one.count > next_one.count
    assert shown.bars[0].first <= (after or min(days))
    assert shown.bars[-1].last >= (before or max(days))
    if after:
        assert shown.bars[0].first == after
    if before:
        assert shown.bars[-1].last == before
    assert (shown.bars[0].left, shown.bars[-1].right) == (0, 1000)
    assert max(bar.height for bar in shown.bars) == 100


@given(counts, bound, bound)
def test_has_the_finest_unit_that_is_not_too_fine(
    days: dict[date, int], after: date | None, before: date | None
) -> None:
    shown, period = drawn(days, {}, after, before), period_of(days, after, before)
    if not (shown and period):
        return
    first, last = period
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    finer = {
        Unit.DAY: 0,
        Unit.MONTH: (last - first).days + 1,
        Unit.YEAR: months,
        Unit.YEARS: last.year - first.year + 1,
    }
    assert shown.unit is Unit.DAY or finer[shown.unit] > MOST_BARS


def test_bars_are_whole_months_but_where_a_filter_ends() -> None:
    days = {date(2023, 1, 10): 1, date(2023, 6, 20): 4}
    shown = drawn(days, {date(2023, 3, 31): 9})
    assert shown
    assert shown.unit is Unit.MONTH
    assert (shown.bars[0].first, shown.bars[-1].last) == (date(2023, 1, 1), date(2023, 6, 30))
    assert [bar.count for bar in shown.bars] == [1, 0, 0, 0, 0, 4]
    assert [bar.is_archived for bar in shown.bars] == [True, False, True, False, False, True]
    assert shown.has_gaps
    narrowed = drawn(days, {}, after=date(2023, 1, 5), before=date(2023, 6, 25))
    assert narrowed
    assert (narrowed.bars[0].first, narrowed.bars[-1].last) == (
        date(2023, 1, 5),
        date(2023, 6, 25),
    )


def test_the_period_of_a_filter_shows_also_where_nothing_is() -> None:
    shown = drawn({date(2023, 6, 20): 4}, {}, after=date(1900, 1, 1), before=date(2100, 12, 31))
    assert shown
    assert shown.unit is Unit.YEARS
    assert len(shown.bars) == 21
    assert [bar.first.year for bar in shown.bars if bar.count] == [2020]


def test_nothing_gives_nothing() -> None:
    assert drawn({}, {}) is None
    assert drawn({}, {}, after=date(2023, 1, 1), before=date(2023, 2, 1)) is None
    assert drawn({date(2023, 6, 20): 4}, {}, after=date(2024, 1, 1)) is None
