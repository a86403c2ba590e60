"""What programs read: the list of articles, an article, the outlets, feeds, sitemap, robots.txt.

And how they are kept from reading too much of it at once.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import feedparser
import pytest
from django.test import Client
from pytest_django import Settings
from usp.objects.sitemap import PagesXMLSitemap
from usp.tree import sitemap_from_str

from articles.models import Article
from newsarchive.limiting import count

MakeArticle = Callable[..., Article]

ATOM = "{http://www.w3.org/2005/Atom}"


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


@pytest.mark.parametrize("address", ["/feeds/latest.atom", "/outlets/outlet-1/latest.atom"])
def test_feed_readers_understand_feeds(
    client: Client, archive: list[Article], address: str
) -> None:
    feed = feedparser.parse(client.get(address).content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    assert feed.feed.language == "zh"
    links = {link.rel: link.href for link in feed.feed.links}
    assert links["self"] == f"http://testserver{address}"
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)
    for entry in feed.entries:
        assert entry.id == entry.link
        assert entry.updated_parsed
        assert entry.author == entry.tags[0].term


def test_the_sitemap_leads_to_every_article(
    client: Client, archive: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parser made for sitemaps, which complains of nothing."""
    monkeypatch.setattr("articles.sitemaps.ArticleSitemap.limit", 40)
    edited = datetime(2024, 2, 29, 12, tzinfo=UTC)
    Article.objects.filter(pk=archive[0].pk).update(edited_at=edited)
    index = client.get("/sitemap.xml").content.decode()
    parts = [sitemap.url for sitemap in sitemap_from_str(index).sub_sitemaps]
    assert len(parts) == 4
    told: dict[str, datetime | None] = {}
    for part in parts:
        sitemap = sitemap_from_str(client.get(part).content.decode())
        assert isinstance(sitemap, PagesXMLSitemap)
        told |= {page.url: page.last_modified for page in sitemap.all_pages()}
    assert {f"http://testserver/articles/{article.pk}/" for article in archive} <= set(told)
    assert "http://testserver/outlets/outlet-0/" in told
    changed = told[f"http://testserver/articles/{archive[0].pk}/"]
    assert changed
    assert changed.date() == edited.date()
    assert client.get("/sitemap-articles.xml?p=9").status_code == 404


def test_robots_may_read_articles_and_are_led_to_them(client: Client, db: None) -> None:
    response = client.get("/robots.txt")
    assert response.headers["Content-Type"].startswith("text/plain")
    rules = RobotFileParser()
    rules.parse(response.content.decode().splitlines())
    assert rules.site_maps() == ["http://testserver/sitemap.xml"]
    for path in ("/", "/articles/1/", "/outlets/rfi/", "/days/2023/12/14/", "/feeds/latest.atom"):
        assert rules.can_fetch("*", path), path
    for path in ("/admin/", "/search/?q=x", "/search/export.csv?q=x", "/api/search?q=x"):
        assert not rules.can_fetch("*", path), path


READ = ["/api/articles", "/api/outlets", "/api/docs", "/api/openapi.json", "/feeds/latest.atom"]


class TestMethods:
    @pytest.mark.parametrize(
        "address", [*READ, "/api/articles/{pk}", "/sitemap.xml", "/robots.txt"]
    )
    def test_head_is_answered_like_get(
        self, client: Client, archive: list[Article], address: str
    ) -> None:
        address = address.format(pk=archive[0].pk)
        told, full = client.head(address), client.get(address)
        assert (told.status_code, told.content) == (200, b"")
        for header in ("Content-Type", "ETag", "Cache-Control"):
            assert told.headers[header] == full.headers[header]

    @pytest.mark.parametrize("address", [*READ, "/search/suggest", "/robots.txt"])
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
    def test_nothing_else_is(self, client: Client, db: None, address: str, method: str) -> None:
        response = client.generic(method, address)
        assert response.status_code == 405
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}


class TestOtherSites:
    """Pages of any site may read what programs read, as strangers."""

    ORIGIN = {"origin": "https://elsewhere.example"}

    @pytest.mark.parametrize(
        "address", [*READ, "/outlets/outlet-1/latest.atom", "/api/articles/0", "/feeds/search.atom"]
    )
    def test_may_read(self, client: Client, archive: list[Article], address: str) -> None:
        response = client.get(address, headers=self.ORIGIN)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "ETag" in response.headers["Access-Control-Expose-Headers"]

    def test_may_ask_whether_they_may(self, client: Client, db: None) -> None:
        asked = {**self.ORIGIN, "access-control-request-method": "GET"}
        response = client.options("/api/outlets", headers=asked)
        assert response.status_code == 200
        allowed = set(response.headers["Access-Control-Allow-Methods"].split(", "))
        assert allowed == {"GET", "HEAD", "OPTIONS"}
        assert "authorization" not in response.headers["Access-Control-Allow-Headers"].lower()

    @pytest.mark.parametrize(
        "address", ["/", "/admin/login/", "/search/?q=x", "/outlets/outlet-1/"]
    )
    def test_may_read_no_page(self, client: Client, archive: list[Article], address: str) -> None:
        response = client.get(address, headers=self.ORIGIN)
        assert "Access-Control-Allow-Origin" not in response.headers


class TestLimit:
    """How often a client may ask."""

    @pytest.fixture(autouse=True)
    def three_a_minute(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
    ) -> None:
        settings.NEWSARCHIVE_API_PER_MINUTE = 3
        settings.DATA_DIR = tmp_path
        monkeypatch.setattr("newsarchive.limiting.time", lambda: self.now)

    now = 1_700_000_000.0 // 60 * 60 + 15

    def statuses(
        self, client: Client, times: int, address: str = "/api/outlets", **how: Any
    ) -> list[int]:
        return [client.get(address, **how).status_code for _ in range(times)]

    def test_who_asks_too_often_is_told_when_to_go_on(self, client: Client) -> None:
        answers = [client.get("/api/outlets") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
        assert {answer["RateLimit-Limit"] for answer in answers} == {"3"}
        assert {answer["RateLimit-Reset"] for answer in answers} == {"45"}
        assert answers[3]["Retry-After"] == "45"
        assert answers[3]["Content-Type"] == "application/json"
        assert "45 seconds" in answers[3].json()["message"]
        assert "Retry-After" not in answers[2].headers

    def test_a_new_minute_is_a_new_beginning(self, client: Client) -> None:
        assert self.statuses(client, 4)[-1] == 429
        self.now += 45
        assert self.statuses(client, 4) == [200, 200, 200, 429]

    def test_it_is_counted_together_for_all_of_it_and_not_for_pages(self, client: Client) -> None:
        addresses = ["/api/articles/1", "/api/nothing", "/search/export.csv", "/api/docs"]
        assert [client.get(address).status_code for address in addresses] == [404, 404, 400, 429]
        for address in ("/", "/search/", "/feeds/latest.atom", "/sitemap.xml", "/healthz"):
            assert "RateLimit-Limit" not in client.get(address).headers

    def test_what_has_not_changed_counts_as_well(self, client: Client) -> None:
        tag = client.get("/api/outlets")["ETag"]
        assert self.statuses(client, 3, headers={"if-none-match": tag}) == [304, 304, 429]

    def test_others_are_not_kept_waiting(self, client: Client) -> None:
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", ""):
            assert self.statuses(client, 4, REMOTE_ADDR=address) == [200, 200, 200, 429]
        # One client has a whole /64 network of addresses in IPv6.
        assert self.statuses(client, 1, REMOTE_ADDR="2001:db8::2") == [429]
        # A socket for IPv6 and IPv4 has the latter's addresses all in one such network.
        assert self.statuses(client, 1, REMOTE_ADDR="::ffff:192.0.2.3") == [200]
        assert self.statuses(client, 1, REMOTE_ADDR="::ffff:192.0.2.1") == [429]

    def test_nobody_becomes_another_by_saying_so(self, client: Client) -> None:
        for number in range(5):
            header = {"x-forwarded-for": f"192.0.2.{number}"}
            last = client.get("/api/outlets", headers=header).status_code
        assert last == 429

    def test_behind_proxies_the_client_is_who_they_saw(
        self, client: Client, settings: Settings
    ) -> None:
        settings.NEWSARCHIVE_PROXIES = 2
        for made_up, address in (("1.1.1.1, ", "192.0.2.1"), ("", "192.0.2.2")):
            header = {"x-forwarded-for": f"{made_up}{address}, 10.0.0.1"}
            assert self.statuses(client, 4, headers=header) == [200, 200, 200, 429]
        for number in range(4):
            header = {"x-forwarded-for": f"1.1.1.{number}, 192.0.2.2, 10.0.0.1"}
            assert self.statuses(client, 1, headers=header) == [429]
        assert self.statuses(client, 4, headers={"x-forwarded-for": "x, y"})[-1] == 429

    def test_whoever_counts_counts_together(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(lambda _number: count("192.0.2.9", 7), range(200)))
        assert sorted(counts) == list(range(1, 201))

    def test_where_nobody_can_count_everybody_may_read(
        self,
        client: Client,
        settings: Settings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (tmp_path / "requests.sqlite3").write_bytes(b"no database at all" * 100)
        with monkeypatch.context() as no_rights:
            no_rights.setattr(Path, "unlink", Mock(side_effect=PermissionError))
            assert self.statuses(client, 5) == [200] * 5
        assert self.statuses(client, 5) == [200, 200, 200, 200, 429]
        settings.DATA_DIR = tmp_path / "missing"
        assert self.statuses(client, 5) == [200] * 5

    def test_without_a_limit_there_is_none(self, client: Client, settings: Settings) -> None:
        settings.NEWSARCHIVE_API_PER_MINUTE = 0
        assert self.statuses(client, 5) == [200] * 5
        assert "RateLimit-Limit" not in client.get("/api/outlets").headers
