"""Hidden articles: gone for readers at once, whatever the index says, and back when published."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext, override

from articles.models import Article, Outlet
from search.engines.base import engine
from search.indexing import follow_changes, rebuild
from search.verifying import compare
from tests.people import allow

from .conftest import MIDNIGHT, MakeArticle

pytestmark = pytest.mark.django_db

TITLE = "麒麟谷隧道通车"
TEXT = "青鸾渡口的quillfeather号试航，船长说到國安法。"
TRACES = ["麒麟谷", "quillfeather", "船长"]
"""What no page shows but for the article; nobody types it."""


@pytest.fixture
def article(make_article: MakeArticle) -> Article:
    """An article among others of its day and outlet, indexed."""
    for number in range(3):
        make_article(published_at=MIDNIGHT + timedelta(hours=number), body=f"<p>别的事{number}</p>")
    found = make_article(
        title=TITLE, body=f"<p>{TEXT}</p>", published_at=MIDNIGHT + timedelta(hours=1)
    )
    make_article(body="<p>青鸾渡口的渡轮停航。</p>", published_at=MIDNIGHT)
    rebuild()
    return found


with override("zh-hans"):
    NOTICE = gettext("Hidden: readers do not see this page.")


def hide(article: Article) -> None:
    Article.objects.filter(pk=article.pk).update(hidden=True)


def publish(article: Article) -> None:
    Article.objects.filter(pk=article.pk).update(hidden=False)


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    if response["Content-Type"].startswith("application/json"):
        return json.dumps(response.json(), ensure_ascii=False)
    return response.content.decode().replace("<mark>", "").replace("</mark>", "")


def in_the_terminal(*arguments: str) -> str:
    out = StringIO()
    call_command("search", "青鸾渡口", *arguments, stdout=out, no_color=True)
    return re.sub("[【】]|</?mark>", "", out.getvalue())


def is_shown(content: str, article: Article) -> bool:
    traces = [*TRACES, f"/articles/{article.pk}/", article.original_url]
    return any(trace in content for trace in traces)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/articles/",
        "/articles/?outlet=paper&after=2023-12-14&before=2023-12",
        "/outlets/paper/",
        "/days/2023/12/14/",
        "/articles/OTHER/",
        "/search/?q=青鸾渡口",
        "/search/?q=青鸾渡口&sort=newest&outlet=paper&after=2023",
        "/search/?q=title:隧道",
        "/search/?q=after:2023-12",
        "/search/?q=-没有这个词&sort=oldest",
        "/search/?q=quillfeathex",
        "/search/suggest?q=麒",
        "/search/suggest?q=隧道",
        "/search/suggest?q=quillf",
        "/feeds/search.atom?q=青鸾渡口",
        "/feeds/latest.atom",
        "/outlets/paper/latest.atom",
        "/sitemap-articles.xml",
        "/api/articles",
        "/api/articles?outlet=paper&after=2023-12-14",
        "/api/search?q=青鸾渡口",
        "/api/search?q=after:2023&sort=newest",
    ],
)
def test_no_address_shows_it(client: Client, article: Article, address: str) -> None:
    other = Article.objects.order_by("pk").last()
    assert other
    address = address.replace("OTHER", str(other.pk))
    assert is_shown(read(client, address), article)
    hide(article)
    assert not is_shown(read(client, address), article)
    publish(article)
    assert is_shown(read(client, address), article)


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--sort", "newest"]])
def test_the_terminal_does_not_show_it(article: Article, arguments: list[str]) -> None:
    assert is_shown(in_the_terminal(*arguments), article)
    hide(article)
    assert not is_shown(in_the_terminal(*arguments), article)
    publish(article)
    assert is_shown(in_the_terminal(*arguments), article)


def test_it_stays_gone_and_comes_back_when_the_index_follows(
    client: Client, article: Article
) -> None:
    hide(article)
    follow_changes()
    assert article.pk in engine().ids()
    assert compare().differing == []
    assert client.get("/api/search?q=青鸾渡口").json()["count"] == 1
    publish(article)
    assert client.get("/api/search?q=青鸾渡口").json()["count"] == 2


def test_all_counts_are_exact(client: Client, archive: list[Article]) -> None:
    def counted() -> dict[str, Any]:
        answer = client.get("/api/search?q=国安法&page_size=100").json()
        return {key: answer[key] for key in ("count", "facets")} | {"n": len(answer["results"])}

    hidden = [article.pk for article in archive[:60:3]]
    Article.objects.filter(pk__in=hidden).update(hidden=True)
    with_hidden_ones = counted()
    Article.objects.filter(pk__in=hidden).delete()
    rebuild()
    assert counted() == with_hidden_ones
    assert with_hidden_ones["count"] == with_hidden_ones["n"] == 80


def test_outlets_are_counted_without_them(client: Client, archive: list[Article]) -> None:
    def counts() -> dict[str, int]:
        return {outlet.slug: outlet.article_count for outlet in Outlet.objects.with_articles()}

    assert counts() == {"outlet-0": 34, "outlet-1": 33, "outlet-2": 33}
    Article.objects.filter(outlet__slug="outlet-1").update(hidden=True)
    hide(archive[0])
    assert counts() == {"outlet-0": 33, "outlet-2": 33}
    assert "报社1" not in read(client, "/outlets/")
    assert "/outlets/outlet-1/" not in read(client, "/")
    assert "outlet-1" not in read(client, "/api/openapi.json")
    for address in ("/articles/", "/search/?q=新闻", "/search/"):
        assert re.findall('<option value="(outlet-.)"', read(client, address)) == [
            "outlet-0",
            "outlet-2",
        ]
    assert '<option value="outlet-1" selected' in read(client, "/articles/?outlet=outlet-1")
    publish(archive[0])
    assert counts() == {"outlet-0": 34, "outlet-2": 33}
    assert client.get("/outlets/outlet-1/").status_code == 200


def test_days_lead_past_them(client: Client, make_article: MakeArticle) -> None:
    days = [make_article(published_at=MIDNIGHT + timedelta(days=number)) for number in range(3)]
    assert 'href="/days/2023/12/15/"' in read(client, "/days/2023/12/14/")
    hide(days[1])
    for address in ("/days/2023/12/14/", "/days/2023/12/16/"):
        assert 'href="/days/2023/12/15/"' not in read(client, address)
    assert 'href="/days/2023/12/16/"' in read(client, "/days/2023/12/14/")
    assert 'href="/days/2023/12/14/"' in read(client, "/days/2023/12/16/")


def test_every_page_of_a_list_is_full(client: Client, archive: list[Article]) -> None:
    Article.objects.filter(pk__in=[article.pk for article in archive[::2]]).update(hidden=True)
    expected = [article.pk for article in Article.objects.filter(hidden=False).newest_first()]

    def listed(address: str) -> list[int]:
        found = re.findall(r'<a href="/articles/(\d+)/', read(client, address))
        return [int(pk) for pk in found]

    older = re.search(r'rel="next" href="([^"]+)"', read(client, "/articles/"))
    assert older
    assert listed("/articles/") == expected[:30]
    assert listed("/articles/?page=2") == listed(f"/articles/{older[1]}") == expected[30:]
    front = listed("/")
    assert front[0] == expected[0]
    assert set(front) < set(expected)
    assert len(front) == 37


def test_nothing_found_counts_them_nowhere(client: Client, article: Article) -> None:
    def parts() -> list[str]:
        content = read(client, "/search/?q=隧道 没有这个词")
        return re.findall(r"<td>(\d+)</td>", content)

    assert "1" in parts()
    hide(article)
    assert set(parts()) == {"0"}


def test_a_month_of_hidden_articles_is_not_archived(
    client: Client, make_article: MakeArticle
) -> None:
    for days in (0, 60):
        make_article(published_at=MIDNIGHT + timedelta(days=days), title="一则")
    between = make_article(published_at=MIDNIGHT + timedelta(days=30), title="另外")
    rebuild()
    address = "/search/?q=title:一则&after=2023-12&before=2024-02"
    assert "unarchived" not in read(client, address)
    hide(between)
    assert "unarchived" in read(client, address)


class TestThePage:
    @pytest.fixture
    def person(self) -> Callable[..., Client]:
        """A client of somebody with these permissions."""

        def client(*permissions: str, is_staff: bool = True) -> Client:
            user = User.objects.create_user("somebody", is_staff=is_staff)
            allow(user, *permissions)
            client = Client()
            client.force_login(user)
            return client

        return client

    def test_is_none_for_readers(
        self, client: Client, article: Article, person: Callable[..., Client]
    ) -> None:
        hide(article)
        for reader in (client, person("change_outlet")):
            for query in ("", "?q=國安法", "?pictures=1"):
                response = reader.get(article.get_absolute_url() + query)
                assert response.status_code == 404
                assert not any(trace in response.content.decode() for trace in TRACES)
        response = client.get(f"/api/articles/{article.pk}")
        assert response.status_code == 404
        assert not any(trace in response.content.decode() for trace in TRACES)
        publish(article)
        assert client.get(article.get_absolute_url()).status_code == 200

    def test_says_that_it_is_hidden_to_those_who_may_see_drafts(
        self, article: Article, person: Callable[..., Client]
    ) -> None:
        hide(article)
        client = person("view_article")
        response = client.get(article.get_absolute_url())
        content = response.content.decode()
        assert response.status_code == 200
        assert TITLE in content
        assert NOTICE in content
        assert "/admin/articles/" not in content
        assert "Cookie" in response["Vary"]
        assert "no-store" in response["Cache-Control"]

    def test_lists_are_the_same_for_everybody(
        self, article: Article, person: Callable[..., Client]
    ) -> None:
        hide(article)
        client = person("view_article", "change_article")
        for address in ("/", "/articles/", "/outlets/paper/", "/search/?q=青鸾渡口"):
            assert not is_shown(read(client, address), article)

    @pytest.mark.parametrize("hidden", [False, True])
    def test_leads_editors_to_the_form(
        self, article: Article, person: Callable[..., Client], hidden: bool
    ) -> None:
        if hidden:
            hide(article)
        content = read(person("view_article", "change_article"), article.get_absolute_url())
        link = f'href="/admin/articles/article/{article.pk}/change/"'
        assert content.count(link) == 1 + hidden
        assert (NOTICE in content) == hidden

    def test_leads_nobody_else_to_the_form(
        self, client: Client, article: Article, person: Callable[..., Client]
    ) -> None:
        outsider = person("view_article", "change_article", is_staff=False)
        for reader in (client, outsider):
            response = reader.get(article.get_absolute_url())
            assert response.status_code == 200
            assert "/admin/articles/" not in response.content.decode()
            assert "Cookie" in response["Vary"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are SQLite's")
@pytest.mark.parametrize(
    ("address", "index"),
    [
        ("/", "readable_by_time"),
        ("/articles/", "readable_by_time"),
        ("/articles/?page=3", "readable_by_time"),
        ("/articles/?page=older-63837000000000000-7", "readable_by_time"),
        ("/articles/?page=newer-63830000000000000-7", "readable_by_time"),
        ("/articles/?after=2023&before=2024", "readable_by_time"),
        ("/days/2023/12/14/", "readable_by_time"),
        ("/articles/?outlet=outlet-1", "readable_by_outlet"),
        ("/articles/?outlet=outlet-1&after=2023&page=2", "readable_by_outlet"),
        ("/outlets/outlet-1/", "readable_by_outlet"),
        ("/outlets/outlet-1/?page=older-63837000000000000-7", "readable_by_outlet"),
        ("/outlets/", "readable_by_outlet"),
        ("/feeds/latest.atom", "readable_by_time"),
        ("/outlets/outlet-1/latest.atom", "readable_by_outlet"),
        ("/api/articles?limit=5", "readable_by_time"),
        ("/api/articles?outlet=outlet-1&after=2023", "readable_by_outlet"),
        ("/search/?q=新闻", "hidden_articles"),
    ],
)
def test_lists_go_along_an_index_of_what_is_readable(
    client: Client, archive: list[Article], address: str, index: str
) -> None:
    """A list of a quarter of a million articles is as quick as a short one."""
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    steps = [step for query in captured for step in plan(query["sql"])]
    assert any(index in step for step in steps), steps
    known = ("readable_by_time", "readable_by_outlet", "hidden_articles", "INTEGER PRIMARY KEY")
    assert all(any(name in step for name in known) for step in steps), steps


def plan(sql: str) -> list[str]:
    """Return how SQLite reads the articles for a query."""
    if 'FROM "articles_article"' not in sql:
        return []
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"), [])
        return [row[3] for row in cursor.fetchall() if "articles_article" in row[3]]
