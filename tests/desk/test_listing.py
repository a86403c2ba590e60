"""The list of articles: filtered, sorted, paged and selected, along indexes only."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models import Article, Capture, ImportRun
from search import admin as search_admin

LIST = reverse("admin:articles_article_changelist")


@pytest.fixture
def articles(archive: list[Article]) -> list[Article]:
    """Thirty articles of every kind, five of them at the same time."""
    moment = datetime(2023, 12, 13, 12, tzinfo=UTC)
    first, second = (ImportRun.objects.create(started_at=moment) for _number in range(2))
    for number, article in enumerate(archive):
        Article.objects.filter(pk=article.pk).update(
            hidden=number % 3 == 1,
            edited_at=moment if number % 4 == 1 else None,
            has_newer_capture=number % 5 == 1,
            published_at=moment if 10 <= number < 15 else article.published_at,
        )
        for run in [first] * (number % 2) + [first, second][: number % 3]:
            Capture.objects.create(
                article=article, run=run, sha256=str(Capture.objects.count()), content=b"", size=0
            )
    Capture.objects.create(article=None, run=first, sha256="x", content=b"", size=0)
    return list(Article.objects.newest_first())


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven rows a page."""
    monkeypatch.setattr(admin.site.get_model_admin(Article), "list_per_page", 7)


def changelist(client: Client, query: str | dict[str, Any] = "") -> Any:
    response = client.get(LIST, query) if isinstance(query, dict) else client.get(LIST + query)
    assert response.status_code == 200
    return response.context["cl"]


def filter_of(shown: Any, parameter: str) -> Any:
    return next(spec for spec in shown.filter_specs if parameter in spec.expected_parameters())


FILTERS: list[tuple[dict[str, str], Q]] = [
    ({}, Q()),
    ({"hidden__exact": "1"}, Q(hidden=True)),
    ({"hidden__exact": "0"}, Q(hidden=False)),
    ({"edited_at__isempty": "0"}, Q(edited_at__isnull=False)),
    ({"edited_at__isempty": "1"}, Q(edited_at__isnull=True)),
    ({"has_newer_capture__exact": "1"}, Q(has_newer_capture=True)),
    ({"has_newer_capture__exact": "0"}, Q(has_newer_capture=False)),
    ({"published_at__isnull": "True"}, Q(published_at=None)),
    ({"published_at__year": "2023"}, Q(published_at__year=2023)),
    (
        {"published_at__year": "2023", "published_at__month": "12", "published_at__day": "14"},
        Q(published_at__date="2023-12-14"),
    ),
    ({"published_at__year": "2022"}, Q(published_at__year=2022)),
    (
        {"hidden__exact": "1", "edited_at__isempty": "0", "has_newer_capture__exact": "0"},
        Q(hidden=True, edited_at__isnull=False, has_newer_capture=False),
    ),
    (
        {"hidden__exact": "0", "published_at__year": "2023", "edited_at__isempty": "1"},
        Q(hidden=False, published_at__year=2023, edited_at__isnull=True),
    ),
]


@pytest.mark.parametrize(("query", "condition"), FILTERS)
def test_filters_keep_what_they_say_and_count_it(
    query: dict[str, str], condition: Q, articles: list[Article], desk: Client
) -> None:
    for outlet in (None, articles[0].outlet_id):
        expected = Article.objects.filter(condition).newest_first()
        if outlet:
            expected = expected.filter(outlet=outlet)
        asked = query | ({"outlet__id__exact": str(outlet)} if outlet else {})
        shown = changelist(desk, asked)
        assert list(shown.result_list) == list(expected)
        assert shown.result_count == len(expected)
        assert shown.full_result_count == 30


def test_a_run_shows_each_article_it_brought_once(articles: list[Article], desk: Client) -> None:
    for run in ImportRun.objects.all():
        shown = changelist(desk, {"captures__run__id__exact": str(run.pk)})
        brought = Article.objects.filter(captures__run=run).distinct()
        assert list(shown.result_list) == list(brought.newest_first())
        assert shown.result_count == len(brought) > 5
    assert Capture.objects.filter(run=ImportRun.objects.earliest("pk")).count() > len(brought)


def test_the_chosen_run_is_offered_however_old(articles: list[Article], desk: Client) -> None:
    oldest = ImportRun.objects.earliest("pk")
    ImportRun.objects.filter(pk=oldest.pk).update(started_at=datetime(2001, 1, 1, tzinfo=UTC))
    for _number in range(20):
        ImportRun.objects.create()
    name = "captures__run__id__exact"
    offered = list(filter_of(changelist(desk), name).choices(changelist(desk)))
    assert len(offered) == 11
    shown = changelist(desk, {name: str(oldest.pk)})
    chosen = [choice for choice in filter_of(shown, name).choices(shown) if choice["selected"]]
    assert [choice["display"] for choice in chosen] == [
        str(oldest.__class__.objects.earliest("pk"))
    ]


@pytest.mark.parametrize("query", ["", "&hidden__exact=0", "&edited_at__isempty=1", "&q=新闻"])
@pytest.mark.parametrize("order", ["", "&o=-{column}", "&o={column}"])
@pytest.mark.usefixtures("short_pages")
def test_pages_follow_each_other_without_gap_or_repetition(
    order: str, query: str, articles: list[Article], desk: Client
) -> None:
    shown = changelist(desk)
    order = order.format(column=shown.list_display.index("published_at"))
    found, page = [], 0
    while not page or page < shown.paginator.num_pages:
        page += 1
        shown = changelist(desk, f"?p={page}{order}{query}")
        found += list(shown.result_list)
    backwards = order.startswith("&o=") and "-" not in order
    expected = [
        article
        for article in (articles[::-1] if backwards else articles)
        if not ("hidden" in query and article.hidden)
        and not ("edited" in query and article.edited_at)
    ]
    assert page > 2
    assert found == expected


def test_only_columns_that_an_index_orders_can_be_sorted_by(
    articles: list[Article], desk: Client
) -> None:
    page = desk.get(LIST)
    columns = page.context["cl"].list_display
    heads = set(re.findall(r'<a href="\?o=-?(\d+)"', page.content.decode()))
    assert heads == {str(columns.index("published_at"))}
    for number in range(len(columns) + 1):
        shown = changelist(desk, f"?o=-{number}")
        assert list(shown.result_list) == articles


def test_one_goes_from_years_to_months_to_days(articles: list[Article], desk: Client) -> None:
    year_before = articles[3]
    year_before.published_at = datetime(2022, 12, 31, 16, 30, tzinfo=UTC)  # 2023 in Shanghai
    year_before.save()
    long_ago = articles[4]
    long_ago.published_at = datetime(1999, 5, 6, tzinfo=UTC)
    long_ago.save()

    shown = changelist(desk)
    assert labels(shown) == ["所有日期", "2023", "1999", "日期不详"]
    shown = changelist(desk, link(shown, "2023"))
    assert shown.result_count == 28
    assert labels(shown) == ["所有日期", "2023", "2023年12月", "2023年1月", "日期不详"]
    january = changelist(desk, link(shown, "2023年1月"))
    assert list(january.result_list) == [year_before]
    assert labels(january)[3:-1] == ["01月1日"]
    shown = changelist(desk, link(shown, "2023年12月"))
    assert labels(shown)[3:-1] == ["12月14日", "12月13日"]
    for label in labels(shown)[3:-1]:
        day = changelist(desk, link(shown, label))
        days = {timezone.localdate(article.published_at).day for article in day.result_list}
        assert days == {int(label[3:-1])}
        assert chosen(day) == [label]
    assert labels(changelist(desk, link(shown, "所有日期"))) == labels(changelist(desk))
    undated = changelist(desk, link(shown, "日期不详"))
    assert list(undated.result_list) == [articles[-1]]
    assert chosen(undated) == ["日期不详"]


@pytest.mark.parametrize("query", ["hidden__exact=1", "q=新闻", "outlet__id__exact={outlet}"])
def test_dates_are_chosen_among_what_other_filters_keep(
    query: str, articles: list[Article], desk: Client
) -> None:
    query = query.format(outlet=articles[0].outlet_id)
    shown = changelist(desk, f"?{query}")
    narrowed = changelist(desk, link(shown, "2023"))
    assert 0 < narrowed.result_count <= shown.result_count < 31
    assert narrowed.params.items() >= shown.params.items()


def choices(shown: Any) -> list[dict[str, Any]]:
    return list(filter_of(shown, "published_at__year").choices(shown))


def labels(shown: Any) -> list[str]:
    return [str(choice["display"]) for choice in choices(shown)]


def chosen(shown: Any) -> list[str]:
    return [str(choice["display"]) for choice in choices(shown) if choice["selected"]]


def link(shown: Any, label: str) -> str:
    return next(str(c["query_string"]) for c in choices(shown) if str(c["display"]) == label)


@pytest.fixture
def picked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What an action of the list was given, when it was."""
    keys: list[int] = []

    def pick(_admin: Any, _request: HttpRequest, queryset: QuerySet[Article]) -> None:
        keys.extend(queryset.values_list("pk", flat=True))
        # As a subquery it means the same.
        assert Article.objects.filter(pk__in=queryset.values("pk")).count() == len(keys)

    monkeypatch.setattr(
        admin.site.get_model_admin(Article),
        "get_actions",
        lambda _request: {"pick": (pick, "pick", "Pick")},
    )
    return keys


@pytest.mark.parametrize(
    "query",
    ["", "?p=2", "?hidden__exact=0", "?q=新闻&edited_at__isempty=1", "?published_at__year=2023"],
)
@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.usefixtures("short_pages")
def test_all_that_a_list_has_can_be_selected(
    query: str,
    few: int,
    articles: list[Article],
    desk: Client,
    picked: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_admin, "FEW", few)
    shown = changelist(desk, query)
    page = [article.pk for article in shown.result_list]
    data = {"action": "pick", "index": "0", "_selected_action": page}
    assert desk.post(LIST + query, data).status_code == 302
    assert picked == page
    picked.clear()
    assert desk.post(LIST + query, {**data, "select_across": "1"}).status_code == 302
    assert len(picked) == len(set(picked)) == shown.result_count > 7


@pytest.mark.parametrize(
    "query", ["新闻", "第1则 OR 第2则", "title:第3则", "paper.example", "-新闻"]
)
def test_many_hits_are_found_as_few_are(
    query: str, articles: list[Article], desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = changelist(desk, {"q": query, "hidden__exact": "0"})
    monkeypatch.setattr(search_admin, "FEW", 0)
    many = changelist(desk, {"q": query, "hidden__exact": "0"})
    assert list(few.result_list) == list(many.result_list)
    assert few.result_count == many.result_count


@pytest.mark.parametrize(
    "query",
    [
        "p=99999999999999999999",
        "p=-1",
        "p=x",
        "o=99.-1.x.0.-",
        "all=",
        "_facets=True",
        "published_at__year=x",
        "published_at__year=0",
        "published_at__year=9999",
        "published_at__year=1",
        "published_at__year=99999999999999999999",
        "published_at__year=2023&published_at__month=13",
        "published_at__year=2023&published_at__month=2&published_at__day=30",
        "published_at__month=5",
        "published_at__year=",
        "published_at__isnull=x",
        "hidden__exact=2",
        "hidden__exact=",
        "edited_at__isempty=x",
        "captures__run__id__exact=x",
        "captures__run__id__exact=99999999999999999999",
        "captures__run__id__exact=999",
        "outlet__id__exact=x",
        "outlet__id__exact=99999999999999999999",
    ],
)
def test_nothing_in_the_address_breaks_the_list(
    query: str, articles: list[Article], desk: Client
) -> None:
    assert desk.get(f"{LIST}?{query}", follow=True).status_code == 200


ADDRESSES = [
    "",
    "?p=3",
    "?outlet__id__exact={outlet}&p=2",
    *(f"?{'&'.join(f'{name}={value}' for name, value in query.items())}" for query, _ in FILTERS),
    "?hidden__exact=1&outlet__id__exact={outlet}",
    "?captures__run__id__exact=1",
    "?q=新闻",
    "?q=新闻&outlet__id__exact={outlet}&hidden__exact=1",
    "?q=第3则",
    "?q=paper.example",
    "?q=https://paper.example/7",
    "?o=3",
]


def sql_of(captured: CaptureQueriesContext) -> Iterable[str]:
    return [query["sql"] for query in captured if query["sql"].startswith("SELECT")]


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("few", [0, 1000])
def test_no_page_reads_the_whole_table(
    few: int, articles: list[Article], desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_admin, "FEW", few)
    for address in ADDRESSES:
        address = address.format(outlet=articles[0].outlet_id)
        with CaptureQueriesContext(connection) as captured:
            changelist(desk, address)
        statements = sql_of(captured)
        assert any('"articles_article"' in sql for sql in statements)
        for sql in statements:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%", "%%"))
                plan = [row[3] for row in cursor.fetchall()]
            for step in plan:
                assert not re.fullmatch(r"SCAN (articles_article|articles_capture|U\d)", step), sql
        rows = [sql for sql in statements if '"articles_article"."title"' in sql]
        assert all(re.search(r'"articles_article"."id" (IN|=) ', sql) for sql in rows)
        assert not any('"articles_article"."body"' in sql for sql in statements)


@pytest.mark.parametrize("query", ["", "?p=2", "?hidden__exact=0", "?q=新闻"])
@pytest.mark.usefixtures("short_pages")
def test_more_articles_take_no_more_queries(
    query: str, articles: list[Article], desk: Client
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            changelist(desk, query)
        return len(captured)

    queries()
    before = queries()
    for number in range(40):
        Article.objects.create(
            outlet=articles[0].outlet,
            title=f"又一则{number}",
            url=f"https://more.example/{number}",
            original_url=f"https://more.example/{number}",
            published_at=datetime(2023, 12, 13, number % 24, tzinfo=UTC),
        )
    assert queries() == before < 30
