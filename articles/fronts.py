"""Front pages: the archive's own, and what outlets had on a day."""

from calendar import isleap
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from articles.calendars import Period
from articles.counting import COUNT, find_in_each
from articles.histories import Holdings
from articles.models import Article, ArticleQuerySet, Outlet

__all__ = ["Anniversary", "Block", "Day", "FrontPage", "day_of", "front_page"]

BLOCKS = 12
HEADLINES, FEWEST_HEADLINES = 36, 5
YEARS_BACK, OF_A_YEAR = 8, 2
WHOLE_DAY = 100
DAY_BLOCKS, DAY_HEADLINES = 20, 5


@dataclass(frozen=True)
class Block:
    """Newest articles of an outlet, the newest first; ``more`` are not among them."""

    outlet: Outlet
    articles: list[Article]
    more: int = 0


@dataclass(frozen=True)
class Anniversary:
    """A day in an earlier year, how many articles it has, and its newest ones."""

    day: date
    count: int
    articles: list[Article]


@dataclass(frozen=True)
class FrontPage:
    """The newest article, the newest of each outlet, and this day in earlier years.

    ``top`` is None where there are no articles; ``today_count`` is how many are of ``today``.
    """

    today: date
    today_count: int
    top: Article | None
    blocks: list[Block]
    on_this_day: list[Anniversary]


@dataclass(frozen=True)
class Day:
    """What outlets had on a day, those with the most first.

    ``others`` are outlets for which there is no room, with the numbers of their articles.
    """

    count: int
    blocks: list[Block]
    others: list[tuple[Outlet, int]]

    @property
    def is_whole(self) -> bool:
        """Whether all articles of the day are in its blocks."""
        return sum(len(block.articles) for block in self.blocks) == self.count


def front_page(holdings: Holdings) -> FrontPage:
    """Return the front page of an archive with ``holdings``."""
    articles = Article.objects.readable()
    today = timezone.localdate()
    most = max(FEWEST_HEADLINES, HEADLINES // max(1, min(holdings.outlets, BLOCKS)))
    by_outlet = _newest_by_outlet(articles, most=most + 1)[:BLOCKS]
    days = [(today, today), *_same_day_before(today, holdings.first)]
    now, *earlier = find_in_each(articles, days, newest=OF_A_YEAR)
    ids = [pk for _outlet, pks in by_outlet for pk in pks]
    loaded = articles.for_list().in_bulk([*ids, *(pk for found in earlier for pk in found.newest)])

    def shown(pks: Iterable[int]) -> list[Article]:
        return [loaded[pk] for pk in pks if pk in loaded]

    newest = shown(ids)
    top = max(newest, key=lambda article: (article.listed_at, article.pk), default=None)
    blocks = [
        Block(outlet, [article for article in shown(pks) if article != top][:most])
        for outlet, pks in by_outlet
    ]
    return FrontPage(
        today,
        now.count,
        top,
        [block for block in blocks if block.articles],
        [
            Anniversary(day, found.count, shown(found.newest))
            for (day, _last), found in zip(days[1:], earlier, strict=True)
            if found.count
        ][:YEARS_BACK],
    )


def _same_day_before(today: date, first: date | None) -> list[Period]:
    """Return the same day of earlier years since ``first``, the latest first.

    What was on 29 February was so in leap years only.
    """
    is_leap_day = (today.month, today.day) == (2, 29)
    years = range(today.year - 1, first.year - 1, -1) if first else []
    days = (today.replace(year=year) for year in years if isleap(year) or not is_leap_day)
    return [(day, day) for day in days]


def day_of(articles: ArticleQuerySet) -> Day:
    """Return the front pages of the outlets in ``articles``, which are those of a day."""
    count = articles.count()
    if count <= WHOLE_DAY:
        return Day(count, _by_outlet(articles.for_list().newest_first()), [])
    counts = _count_by_outlet(articles)
    roomy, others = counts[:DAY_BLOCKS], counts[DAY_BLOCKS:]
    newest = dict(_newest_by_outlet(articles, most=DAY_HEADLINES))
    ids = [pk for outlet, _count in roomy for pk in newest.get(outlet, [])]
    blocks = {
        block.outlet: block
        for block in _by_outlet(articles.for_list().filter(pk__in=ids).newest_first())
    }
    return Day(
        count,
        [
            # Articles may come or go between the readings.
            Block(outlet, blocks[outlet].articles, more=max(0, own - len(blocks[outlet].articles)))
            for outlet, own in roomy
            if outlet in blocks
        ],
        others,
    )


def _by_outlet(articles: Iterable[Article]) -> list[Block]:
    by_outlet: dict[Outlet, list[Article]] = defaultdict(list)
    for article in articles:
        by_outlet[article.outlet].append(article)
    fullest_first = sorted(by_outlet.items(), key=lambda item: (-len(item[1]), item[0].name))
    return [Block(outlet, own) for outlet, own in fullest_first]


def _count_by_outlet(articles: ArticleQuerySet) -> list[tuple[Outlet, int]]:
    own = articles.filter(outlet=OuterRef("pk")).order_by().values(n=COUNT)
    found = Outlet.objects.annotate(found=Subquery(own)).order_by("-found", "name")
    return [(outlet, outlet.found) for outlet in found if outlet.found]


def _newest_by_outlet(articles: ArticleQuerySet, *, most: int) -> list[tuple[Outlet, list[int]]]:
    """Return the outlets that have some of ``articles``, and the ids of their newest ones.

    The outlet with the newest article comes first.
    """
    own = articles.filter(outlet=OuterRef("pk")).newest_first()
    outlets = Outlet.objects.annotate(
        latest=Subquery(own.values("listed_at")[:1]),
        **{f"newest_{n}": Subquery(own.values("pk")[n : n + 1]) for n in range(most)},
    ).order_by("-latest", "name")
    ids = ((outlet, [getattr(outlet, f"newest_{n}") for n in range(most)]) for outlet in outlets)
    return [(outlet, [pk for pk in pks if pk]) for outlet, pks in ids if pks[0]]
