"""The admin's list of articles, searched as the search page is."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles.models import Article, Outlet
from search import admin as search_admin
from search.finding import find_ids
from search.indexing import rebuild
from tests.desk.jobs import asked, confirmed, done

pytestmark = pytest.mark.django_db

LIST = "admin:articles_article_changelist"


@pytest.fixture
def articles() -> dict[str, Article]:
    """Indexed articles by title."""
    outlets = [Outlet.objects.create(slug=f"paper-{n}", name=f"晨报{n}") for n in range(2)]
    rows = [
        ("國安法生效", "香港的國安法今日生效。", "2020-06-30T16:00Z", "记者甲"),
        ("外围赛", "F-35战机与NATO，不提那部法律。", "2021-01-01T00:00Z", "记者乙"),
        ("国家关于安全法的修订", "草案。见 https://link.example/1", None, ""),
        ("社论", "国安法与NATO。", "2022-03-04T00:00Z", "记者甲"),
    ]
    for number, (title, text, published_at, byline) in enumerate(rows):
        url = f"https://www.paper.example/{number}"
        Article.objects.create(
            outlet=outlets[number % 2],
            title=title,
            text=text,
            body=f"<p>{text}</p>",
            byline=byline,
            url=url,
            original_url=f"http://www.paper.example//{number}?ref=rss",
            published_at=published_at,
        )
    rebuild()
    return {article.title: article for article in Article.objects.all()}


def found(client: Client, query: str, **more: str) -> list[str]:
    response = client.get(reverse(LIST), {"q": query, **more})
    assert response.status_code == 200
    changelist = response.context["cl"]
    titles = [article.title for article in changelist.result_list]
    assert changelist.result_count == len(titles)
    return titles


@pytest.mark.parametrize(
    "query",
    [
        "国安法",
        "國安法 nato",
        "国安法 -nato",
        "国安法 OR 战机",
        "“国安法今日”",
        "title:国安法",
        "来源:晨报1",
        "after:2021 before:2021",
        "（国安法　ＯＲ　35）-社论",
        "国家安全法修订",
        "法",
        "-法律",
    ],
)
def test_any_query_of_the_language_finds_what_the_search_page_finds(
    query: str, articles: dict[str, Article], admin_client: Client
) -> None:
    expected = Article.objects.filter(pk__in=find_ids(query)).newest_first()
    assert expected
    assert found(admin_client, query) == [article.title for article in expected]


def test_the_list_keeps_its_order_and_filters(
    articles: dict[str, Article], admin_client: Client
) -> None:
    assert found(admin_client, "国安法") == ["社论", "國安法生效"]
    assert found(admin_client, "国安法", o="3") == ["國安法生效", "社论"]
    outlet = str(articles["社论"].outlet_id)
    assert found(admin_client, "国安法", outlet__id__exact=outlet) == ["社论"]
    assert found(admin_client, "国安法", published_at__year="2020") == ["國安法生效"]


@pytest.mark.parametrize(
    ("address", "titles"),
    [
        ("https://www.paper.example/2", ["国家关于安全法的修订"]),
        (" HTTP://WWW.paper.example//2?utm_source=x#top ", ["国家关于安全法的修订"]),
        ("http://www.paper.example//2?ref=rss", ["国家关于安全法的修订"]),
        ("paper.example/1", ["外围赛"]),
        ("paper.example//1", ["外围赛"]),
        ("www.paper.example", ["社论", "外围赛", "國安法生效", "国家关于安全法的修订"]),
        ("https://link.example/1", ["国家关于安全法的修订"]),
        ("https://nowhere.example/1", []),
        ("http://[", []),
        ("https://x.example/" + "a" * 3000, []),
    ],
)
def test_an_address_finds_its_article(
    address: str, titles: list[str], articles: dict[str, Article], admin_client: Client
) -> None:
    assert found(admin_client, address) == titles


def test_a_byline_is_found_where_no_text_has_it(
    articles: dict[str, Article], admin_client: Client
) -> None:
    assert found(admin_client, "记者甲") == ["社论", "國安法生效"]


@pytest.mark.parametrize(
    "query", ["", " ", "。", '"', "((", "%", "' OR 9=9 --", "国" * 3000, "x" * 99]
)
def test_nothing_typed_breaks_the_list(
    query: str, articles: dict[str, Article], admin_client: Client
) -> None:
    titles = found(admin_client, query)
    assert bool(titles) == (not query.strip())


@pytest.mark.parametrize("query", ["\0", "国\0安法", "国安法\0"])
def test_a_nul_finds_nothing(
    query: str, articles: dict[str, Article], admin_client: Client
) -> None:
    assert found(admin_client, query) == []


def test_hidden_articles_are_found(articles: dict[str, Article], admin_client: Client) -> None:
    Article.objects.filter(title="社论").update(hidden=True)
    assert found(admin_client, "国安法") == ["社论", "國安法生效"]


def test_a_quarter_of_a_million_hits_fit_into_a_query(
    articles: dict[str, Article], admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [*range(1_000_000, 1_250_000), articles["社论"].pk, articles["外围赛"].pk]
    monkeypatch.setattr(search_admin, "find_ids", lambda *_args, **_options: ids)
    with CaptureQueriesContext(connection) as captured:
        assert found(admin_client, "国安法") == ["社论", "外围赛"]
    assert len(captured) < 15


def test_texts_stay_in_the_database(articles: dict[str, Article], admin_client: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        found(admin_client, "国安法")
    assert not any('"articles_article"."body"' in query["sql"] for query in captured)


def test_the_action_deletes_what_was_found_and_ticked(
    articles: dict[str, Article], admin_client: Client
) -> None:
    ticked = [articles["社论"]]
    page = asked(admin_client, "delete_selected", ticked, query="?q=nato", select_across="1")
    assert done(confirmed(admin_client, page)).status == "finished"
    titles = set(Article.objects.values_list("title", flat=True))
    assert titles == {"國安法生效", "国家关于安全法的修订"}


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


class TestWithoutAnIndex:
    @pytest.fixture(autouse=True)
    def _damage(self, articles: dict[str, Article], index_folder: Path) -> None:
        for path in index_folder.rglob("*"):
            if path.is_file():
                path.write_bytes(b"garbage")

    def test_titles_are_searched_and_that_is_said(self, admin_client: Client) -> None:
        response = admin_client.get(reverse(LIST), {"q": "社论"})
        assert [article.title for article in response.context["cl"].result_list] == ["社论"]
        assert len(messages_of(response)) == 1
        assert "rebuild_index" in response.content.decode()

    def test_the_whole_list_says_nothing(self, admin_client: Client) -> None:
        response = admin_client.get(reverse(LIST))
        assert response.context["cl"].result_count == 4
        assert messages_of(response) == []

    def test_an_address_needs_none(self, admin_client: Client) -> None:
        assert found(admin_client, "https://www.paper.example/2") == ["国家关于安全法的修订"]

    def test_completing_goes_on_and_leaves_no_message(self, admin_client: Client) -> None:
        response = completed(admin_client, "社论")
        assert [row["text"] for row in json.loads(response.content)["results"]] == ["社论"]
        assert messages_of(response) == []


def completed(client: Client, term: str) -> Any:
    query = {"app_label": "articles", "model_name": "capture", "field_name": "article"}
    return client.get(reverse("admin:autocomplete"), {**query, "term": term})


def test_articles_are_completed(articles: dict[str, Article], admin_client: Client) -> None:
    response = completed(admin_client, "国安法")
    assert response.status_code == 200
    titles = [row["text"] for row in json.loads(response.content)["results"]]
    assert titles == ["社论", "國安法生效"]


def test_the_page_says_what_can_be_typed(admin_client: Client) -> None:
    page = admin_client.get(reverse(LIST))
    assert str(admin.site.get_model_admin(Article).search_help_text) in page.content.decode()
    assert "title:" in str(page.context["cl"].search_help_text)
