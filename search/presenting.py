"""What the search page shows beside its results: links, messages, help."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from math import ceil

from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.forms import FIRST_YEAR, LAST_YEAR
from articles.models import Outlet
from search.explaining import (
    FEW,
    MOST_CORRECTIONS,
    Change,
    Explanation,
    WayOut,
    correction,
    explain,
    is_worth_telling,
)
from search.finding import Results, corrections, count_articles, days_with_articles
from search.forms import SORT_LABELS, Asked
from search.language import RepairKind
from search.query import AllOf, OfOutlets, Sort
from search.timeline import Bar, Timeline, Unit, period_of, timeline
from search.understanding import Understood

__all__ = ["HELP", "Around", "Link", "around", "repairs"]

HELP = [
    ("香港 选举", gettext_lazy("articles with both words, wherever they stand")),
    ('"香港国安法"', gettext_lazy("exactly this string; “…”, 「…」 and 《…》 do the same")),
    ("香港 OR 台湾", gettext_lazy("either of them; | does the same")),
    ("香港 -选举", gettext_lazy("without this word; NOT does the same")),
    ("(香港 OR 台湾) 选举", gettext_lazy("brackets hold together")),
    ("标题:选举", gettext_lazy("only in the title")),
    ("来源:法广", gettext_lazy("of this outlet")),
    ("之后:2023-06 之前:2024", gettext_lazy("from June 2023 to the end of 2024")),
    ("日期:2023-12-14", gettext_lazy("of this day, month or year")),
]
REPAIRS = {
    RepairKind.UNCLOSED_QUOTE: gettext_lazy("A quotation mark is not closed: %(piece)s"),
    RepairKind.UNCLOSED_BRACKET: gettext_lazy("A bracket is not closed: %(piece)s"),
    RepairKind.STRAY_BRACKET: gettext_lazy("A bracket closes nothing: %(piece)s"),
    RepairKind.DANGLING_OPERATOR: gettext_lazy("This connects nothing and was left out: %(piece)s"),
    RepairKind.IMPOSSIBLE_DATE: gettext_lazy(
        "This is no date and was searched for as text: %(piece)s"
    ),
    RepairKind.TOO_LONG: gettext_lazy("Only the first 1,000 characters were searched for."),
    RepairKind.TOO_MANY_TERMS: gettext_lazy("Only the first 64 words were searched for."),
    RepairKind.TOO_DEEP: gettext_lazy(
        "The brackets are too deep; all was searched for as plain words."
    ),
}
LONGEST_PIECE_SHOWN = 40
WAYS_OUT = {
    Change.UNQUOTED: gettext_lazy("Without quotation marks"),
    Change.UNFILTERED: gettext_lazy("Without filters"),
    Change.WITHOUT: gettext_lazy("Without “%(piece)s”"),
    Change.ANY: gettext_lazy("Any of the words"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another state of the page; ``count`` is how many articles it finds."""

    label: str
    address: str
    count: int = 0
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class BarLink:
    """A bar of the timeline, and where it leads."""

    bar: Bar
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Around:
    """All that stands around a page of results.

    ``here`` is the search as links carry it, ``before`` how many results are on earlier pages.
    """

    here: str
    before: int
    understood: str
    unknown_outlets: list[str]
    chips: list[Link]
    outlets: list[Link]
    years: list[Link]
    timeline: Timeline | None
    bars: list[BarLink]
    undated: int
    corrected: Link | None
    explanation: Explanation | None
    ways_out: list[Link]
    pages: int
    page_links: list[Link | None]
    previous_page: str
    next_page: str
    feed: str


def around(asked: Asked, found: Results, page: int, page_size: int) -> Around:
    """Return what stands around page ``page`` of what was found. Raises IndexUnavailableError."""
    parsed = found.understood.parsed
    spread = _timeline(asked, found)
    explanation = _explanation(asked, found)
    pages = max(1, ceil(found.count / page_size))
    return Around(
        here=asked.address(),
        before=(page - 1) * page_size,
        understood=parsed.understood if is_worth_telling(asked.query, parsed) else "",
        unknown_outlets=found.understood.unknown_outlets,
        chips=_chips(asked),
        outlets=list(_outlets(asked, found)),
        years=list(_years(asked, found)),
        timeline=spread,
        bars=[_bar(asked, spread.unit, bar) for bar in spread.bars] if spread else [],
        undated=found.count - sum(found.days.values()),
        corrected=_corrected(asked, found),
        explanation=explanation,
        ways_out=[_way_out(asked, way) for way in explanation.ways_out] if explanation else [],
        pages=pages,
        page_links=list(_page_links(asked, page, pages)) if 1 < pages >= page else [],
        previous_page=asked.address(page - 1) if 1 < page <= pages else "",
        next_page=asked.address(page + 1) if page < pages else "",
        feed=reverse("search-feed") + asked.but(sort=Sort.RELEVANCE).address(),
    )


def repairs(understood: Understood) -> list[str]:
    """Return messages about what could not be understood as it was typed."""
    return [
        REPAIRS[repair.kind] % {"piece": _shortened(repair.piece)}
        for repair in understood.parsed.repairs
    ]


def _chips(asked: Asked) -> list[Link]:
    """Return a link for each filter, which removes it."""
    chips = [
        Link(
            outlet.name,
            asked.but(outlets=[other for other in asked.outlets if other != outlet]).address(),
        )
        for outlet in asked.outlets
    ]
    if asked.after:
        chips.append(
            Link(_("from %(day)s") % {"day": _day(asked.after)}, asked.but(after=None).address())
        )
    if asked.before:
        chips.append(
            Link(_("to %(day)s") % {"day": _day(asked.before)}, asked.but(before=None).address())
        )
    if asked.sort is not Sort.RELEVANCE:
        chips.append(Link(str(SORT_LABELS[asked.sort]), asked.but(sort=Sort.RELEVANCE).address()))
    return chips


def _outlets(asked: Asked, found: Results) -> Iterator[Link]:
    """Yield a link for each outlet, which adds it or takes it away; the chosen ones first."""
    counts = dict(found.outlets)
    for outlet in asked.outlets:
        others = [other for other in asked.outlets if other != outlet]
        yield Link(
            outlet.name,
            asked.but(outlets=others).address(),
            counts.pop(outlet, 0),
            is_active=True,
        )
    for outlet, count in counts.items():
        yield Link(outlet.name, asked.but(outlets=[*asked.outlets, outlet]).address(), count)


def _years(asked: Asked, found: Results) -> Iterator[Link]:
    """Yield a link for each year, the newest first, which narrows to it or does so no more."""
    for year, count in reversed(found.years):
        first: date | None = date(year, 1, 1)
        last: date | None = date(year, 12, 31)
        is_active = (asked.after, asked.before) == (first, last)
        other = (
            asked.but(after=None, before=None) if is_active else asked.but(after=first, before=last)
        )
        yield Link(_year(year), other.address(), count, is_active)


def _timeline(asked: Asked, found: Results) -> Timeline | None:
    period = period_of(found.days, asked.after, asked.before)
    if period is None or period[0] == period[1]:
        return None
    archived = days_with_articles(
        outlets=asked.outlets or _named_outlets(found.understood),
        after=max(period[0], date(FIRST_YEAR, 1, 1)),
        before=min(period[1], date(LAST_YEAR, 12, 31)),
        hidden=found.hidden,
    )
    return timeline(found.days, archived, period, after=asked.after, before=asked.before)


def _named_outlets(understood: Understood) -> list[Outlet]:
    """Return the outlets to which the query itself keeps."""
    condition = understood.condition
    conditions = condition.conditions if isinstance(condition, AllOf) else (condition,)
    named = [part.ids for part in conditions if isinstance(part, OfOutlets)]
    ids = frozenset.intersection(*named) if named else frozenset()
    return [Outlet(pk=pk) for pk in ids]


def _bar(asked: Asked, unit: Unit, bar: Bar) -> BarLink:
    match unit:
        case Unit.DAY:
            label = _day(bar.first)
        case Unit.MONTH:
            label = date_format(bar.first, "YEAR_MONTH_FORMAT")
        case Unit.YEAR:
            label = _year(bar.first.year)
        case Unit.YEARS:
            label = f"{bar.first.year}–{_year(bar.last.year)}"
    return BarLink(bar, label, asked.but(after=bar.first, before=bar.last).address())


def _corrected(asked: Asked, found: Results) -> Link | None:
    tree = found.understood.parsed.tree
    if found.count >= FEW or tree is None:
        return None
    better = correction(
        tree,
        found.count,
        partial(count_articles, hidden=found.hidden, **asked.narrowing),
        partial(count_articles, hidden=found.hidden),
        partial(corrections, most=MOST_CORRECTIONS, hidden=found.hidden),
        found.understood.own_words,
    )
    return (
        Link(better.query, asked.but(query=better.query).address(), better.count)
        if better
        else None
    )


def _explanation(asked: Asked, found: Results) -> Explanation | None:
    tree = found.understood.parsed.tree
    if found.count or tree is None:
        return None
    count = partial(count_articles, hidden=found.hidden)
    here = _remembering(partial(count, **asked.narrowing))
    everywhere = _remembering(count) if asked.is_narrowed else None
    return explain(tree, here, everywhere, found.understood.own_words)


def _remembering(count: Callable[[str], int]) -> Callable[[str], int]:
    return lru_cache(maxsize=None)(count)


def _way_out(asked: Asked, way: WayOut) -> Link:
    state = asked if way.keeps_filters else Asked(sort=asked.sort)
    label = WAYS_OUT[way.change] % {"piece": _shortened(way.piece)}
    if not way.keeps_filters and way.change is not Change.UNFILTERED:
        label = _("%(change)s and without filters") % {"change": label}
    return Link(label, state.but(query=way.query).address(), way.count)


def _page_links(asked: Asked, page: int, pages: int) -> Iterator[Link | None]:
    """Yield links to the pages around ``page``, the first and the last; None for those between."""
    numbers: Sequence[int] = range(1, pages + 1)
    for number in Paginator(numbers, 1).get_elided_page_range(page, on_each_side=2, on_ends=1):
        if isinstance(number, int):
            yield Link(str(number), asked.address(number), is_active=number == page)
        else:
            yield None


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _year(year: int) -> str:
    return _("year %(year)d") % {"year": year}


def _shortened(piece: str) -> str:
    too_long = len(piece) > LONGEST_PIECE_SHOWN
    return piece[:LONGEST_PIECE_SHOWN] + "…" if too_long else piece
