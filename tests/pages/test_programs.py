"""What programs read: the list of articles, an article, the outlets, feeds, the sitemap."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from articles.models import Article

MakeArticle = Callable[..., Article]

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def get(client: Client, address: str, status: int = 200, **parameters: Any) -> Any:
    response = client.get(address, parameters)
    assert response.status_code == status, response.content
    return response.json()


def test_cursors_lead_through_the_whole_archive_once(
    client: Client, archive: list[Article]
) -> None:
    ids, cursor = [], ""
    while cursor is not None:
        answer = get(client, "/api/articles", cursor=cursor, limit=7)
        ids += [article["id"] for article in answer["results"]]
        cursor = answer["next_cursor"]
    assert ids == list(Article.objects.newest_first().values_list("pk", flat=True))


def test_a_list_is_narrowed_by_outlets_and_days(client: Client, archive: list[Article]) -> None:
    asked: dict[str, Any] = {
        "outlet": ["outlet-0", "outlet-1"],
        "after": "2023-12-15",
        "before": "2023-12-16",
    }
    found = get(client, "/api/articles", limit=100, **asked)["results"]
    assert {article["outlet"] for article in found} == {"outlet-0", "outlet-1"}
    assert {article["published_at"][:10] for article in found} <= {
        "2023-12-14",
        "2023-12-15",
        "2023-12-16",
    }


def test_an_article_tells_all_of_itself(client: Client, make_article: MakeArticle) -> None:
    article = make_article(title="標題", byline="记者", body="<p>正文</p>")
    told = get(client, f"/api/articles/{article.pk}")
    assert told["title"] == "標題"
    assert told["byline"] == "记者"
    assert told["outlet"] == "paper"
    assert told["body_html"] == "<p>正文</p>"
    assert told["body_text"] == "正文"
    assert told["published_at"] is None
    assert told["url"] == f"http://testserver/articles/{article.pk}/"
    assert [capture["is_current"] for capture in told["captures"]] == [True]


def test_outlets_are_counted(client: Client, archive: list[Article]) -> None:
    outlets = get(client, "/api/outlets")["results"]
    assert {(outlet["slug"], outlet["count"]) for outlet in outlets} == {
        ("outlet-0", 34),
        ("outlet-1", 33),
        ("outlet-2", 33),
    }


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/articles?cursor=nonsense", 422),
        ("/api/articles?cursor=999999999999999999999-1", 422),
        ("/api/articles?limit=0", 422),
        ("/api/articles?limit=101", 422),
        ("/api/articles?after=yesterday", 422),
        ("/api/articles?outlet=nobody", 422),
        ("/api/articles/999999", 404),
        ("/api/articles/99999999999999999999999", 404),
        ("/api/articles/x", 404),
    ],
)
def test_bad_questions_are_told_what_is_wrong(
    client: Client, db: None, address: str, status: int
) -> None:
    assert get(client, address, status)["message"]


def test_hidden_articles_are_not_told(client: Client, make_article: MakeArticle) -> None:
    article = make_article(hidden=True)
    assert get(client, "/api/articles")["results"] == []
    get(client, f"/api/articles/{article.pk}", 404)
    for address in ("/feeds/latest.atom", "/outlets/paper/latest.atom", "/sitemap-articles.xml"):
        assert f"/articles/{article.pk}/" not in client.get(address).content.decode()


@pytest.mark.parametrize("address", ["/feeds/latest.atom", "/outlets/outlet-1/latest.atom"])
def test_feeds_have_the_newest_articles(
    client: Client, archive: list[Article], address: str
) -> None:
    feed = ElementTree.fromstring(client.get(address).content)
    links = [entry.find(f"{ATOM}link").get("href") for entry in feed.findall(f"{ATOM}entry")]  # type: ignore[union-attr]
    articles = Article.objects.newest_first()
    if "outlet-1" in address:
        articles = articles.filter(outlet__slug="outlet-1")
    assert links == [f"http://testserver/articles/{article.pk}/" for article in articles[:50]]


def test_a_feed_of_no_outlet_is_not_found(client: Client, db: None) -> None:
    assert client.get("/outlets/nobody/latest.atom").status_code == 404
    assert client.post("/feeds/latest.atom").status_code == 405


def test_the_sitemap_leads_to_every_article(
    client: Client, archive: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("articles.sitemaps.ArticleSitemap.limit", 40)
    index = ElementTree.fromstring(client.get("/sitemap.xml").content)
    parts = [part.text or "" for part in index.iter(f"{SITEMAP}loc")]
    told = set()
    for part in parts:
        part_of = ElementTree.fromstring(client.get(part).content)
        told |= {place.text for place in part_of.iter(f"{SITEMAP}loc")}
    assert len(parts) == 4
    assert {f"http://testserver/articles/{article.pk}/" for article in archive} <= told
    assert "http://testserver/outlets/outlet-0/" in told
