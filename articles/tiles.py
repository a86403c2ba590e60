"""Calendars as pages show them: with names, labels and addresses, and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.urls import reverse
from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import ngettext, pgettext

from articles.calendars import Stretch, weekdays, weeks

__all__ = [
    "HeatMap",
    "MonthCalendar",
    "Square",
    "Tile",
    "bars",
    "heat_map",
    "month_calendar",
    "month_name",
    "tile",
]

STEP, SIDE = 14, 12
"""How far apart the squares of a heat map begin, and how wide they are."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A stretch of time that can be chosen.

    ``name`` is short, as among its neighbours; ``label`` tells it and its number of articles in
    full; ``address`` is "" where there are none.
    """

    first: date
    name: str
    label: str
    address: str
    count: str
    level: int


@dataclass(frozen=True, slots=True)
class MonthCalendar:
    """A month: ``weeks`` of days, None where a week reaches beyond it."""

    name: str
    weekdays: list[tuple[str, str]]
    weeks: list[list[Tile | None]]


@dataclass(frozen=True, slots=True)
class Square:
    """A day with articles in a heat map."""

    x: int
    y: int
    label: str
    address: str
    level: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The days of a year, a column a week, a row a weekday.

    ``empty`` is the path of the squares of days without articles; ``months`` and ``weekdays``
    are names and where they stand along their side.
    """

    squares: list[Square]
    empty: str
    months: list[tuple[int, str]]
    weekdays: list[tuple[int, str]]


def tile(stretch: Stretch, *, name: str, full_name: str, address: str) -> Tile:
    """Return ``stretch`` with what it is called."""
    return Tile(
        stretch.first,
        name,
        _counted(full_name, stretch.count),
        address if stretch.count else "",
        _number(stretch.count),
        stretch.level,
    )


def month_name(first: date) -> str:
    """Return a short name of a month, without its year."""
    return date_format(first, pgettext("date format: a month in short", "M"))


def month_calendar(month: Sequence[Stretch], query: str = "") -> MonthCalendar:
    """Return the calendar of the days of a month; their addresses end in ``query``."""
    start = _first_weekday()

    def day_tile(day: Stretch) -> Tile:
        full_name = date_format(day.first, "DATE_FORMAT")
        address = _day_address(day.first) + query
        return tile(day, name=str(day.first.day), full_name=full_name, address=address)

    return MonthCalendar(
        date_format(month[0].first, "YEAR_MONTH_FORMAT"),
        weekdays(start),
        [[day_tile(day) if day else None for day in week] for week in weeks(month, start)],
    )


def heat_map(year: Sequence[Stretch]) -> HeatMap:
    """Return the days of a year as a heat map."""
    start = _first_weekday()
    squares, empty, months = [], [], []
    for column, week in enumerate(weeks(year, start)):
        for row, day in enumerate(week):
            if day is None:
                continue
            x, y = column * STEP, row * STEP
            if day.first.day == 1:
                months.append((x, month_name(day.first)))
            if day.count:
                label = _counted(date_format(day.first, "DATE_FORMAT"), day.count)
                squares.append(Square(x, y, label, _day_address(day.first), day.level))
            else:
                empty.append(f"M{x} {y}h{SIDE}v{SIDE}h-{SIDE}z")
    names = [(row * STEP, short) for row, (short, _name) in enumerate(weekdays(start))]
    return HeatMap(squares, "".join(empty), months, names[::2])


def bars(heights: Sequence[int]) -> str:
    """Return the path of bars of these heights in per cent, in a drawing 100 high, 10 for each."""
    return "".join(
        f"M{number}1 100v-{height}h8v{height}z" for number, height in enumerate(heights) if height
    )


def _first_weekday() -> int:
    """Return the day that weeks begin on where the reader lives; 0 is Monday."""
    return (int(get_format("FIRST_DAY_OF_WEEK")) - 1) % 7


@lru_cache(maxsize=20_000)
def _day_address(day: date) -> str:
    """Return the address of a day's page. A year of days is looked up at once: remember them."""
    return reverse("day", args=[day.year, day.month, day.day])


def _number(count: int) -> str:
    return number_format(count, 0, force_grouping=True)


def _counted(name: str, count: int) -> str:
    text = ngettext("%(name)s: %(shown)s article", "%(name)s: %(shown)s articles", count)
    return text % {"name": name, "shown": _number(count)}
