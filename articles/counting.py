"""How many articles there are in stretches of time, and which are the newest of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connection
from django.db.models import DateTimeField, Func, IntegerField
from django.db.models.expressions import RawSQL

from articles.calendars import Period, days
from articles.models import Article, ArticleQuerySet, end_of, start_of

__all__ = ["COUNT", "Found", "count_by_day", "find_in_each", "remembered"]

REMEMBERED_SECONDS = 60
COUNT = Func(template="COUNT(*)", output_field=IntegerField())
"""Counts a whole subquery: Django's own Count would group it, and give NULL for nothing."""

_Remembered = TypeVar("_Remembered")
_START = RawSQL("period.start", (), output_field=DateTimeField())
_STOP = RawSQL("period.stop", (), output_field=DateTimeField())


@dataclass(frozen=True, slots=True)
class Found:
    """How many articles a period has, and the ids of its newest ones, the newest first."""

    count: int
    newest: list[int]


def find_in_each(
    articles: ArticleQuerySet, periods: Sequence[Period], *, newest: int = 0
) -> list[Found]:
    """Return what ``articles`` has in each of ``periods``, days of the archive's time zone.

    One statement looks each period up in an index, from the first moment of its first day to that
    of the day after its last, so it is right in every time zone, and it reads only the articles'
    index entries. The statement is standard SQL; SQLite and PostgreSQL know it.
    """
    if not periods:
        return []
    within = articles.order_by().filter(listed_at__gte=_START, listed_at__lt=_STOP)
    keys = within.newest_first().values("pk")
    columns = [within.values(n=COUNT), *(keys[n : n + 1] for n in range(newest))]
    compiled = [column.query.get_compiler(connection=connection).as_sql() for column in columns]
    rows = ", ".join(["(%s, %s, %s)"] * len(periods))
    selected = ", ".join(f"({sql})" for sql, _parameters in compiled)
    # What is put together here is Django's own SQL and placeholders.
    statement = (
        f"WITH period(number, start, stop) AS (VALUES {rows}) "  # noqa: S608
        f"SELECT number, {selected} FROM period"
    )
    adapted = connection.ops.adapt_datetimefield_value
    parameters: list[Any] = []
    for number, (first, last) in enumerate(periods):
        parameters += [number, adapted(start_of(first)), adapted(end_of(last))]
    for _sql, used in compiled:
        parameters += used
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = sorted(cursor.fetchall())
    return [Found(count, [pk for pk in pks if pk]) for _number, count, *pks in found]


def count_by_day(articles: ArticleQuerySet, first: date, last: date) -> list[int]:
    """Return how many of ``articles`` each day from ``first`` to ``last`` has."""
    return [found.count for found in find_in_each(articles, days(first, last))]


def remembered(name: str, read: Callable[[], _Remembered]) -> _Remembered:
    """Return what ``read`` tells about readable articles, a minute old at the most.

    ``name`` says what that is. After an article was hidden or published it is read anew at once,
    in every process.
    """
    key = f"{name}-{Article.objects.visibility()}"
    found: _Remembered | None = cache.get(key)
    if found is None:
        found = read()
        cache.set(key, found, REMEMBERED_SECONDS)
    return found
