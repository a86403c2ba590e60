"""A search as a feed: valid XML whatever is in the archive and whatever is asked."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from articles.models import Article, Outlet
from search.indexing import rebuild

pytestmark = pytest.mark.django_db

FEED = "/feeds/search.atom"
NAMES = {"a": "http://www.w3.org/2005/Atom"}


def read(client: Client, **parameters: Any) -> etree._Element:
    """Return the feed, parsed by a parser that forgives nothing."""
    response = client.get(FEED, parameters)
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = etree.fromstring(response.content)
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
    for part in [feed, *feed.findall("a:entry", NAMES)]:
        for name in ("id", "title", "updated"):
            assert len(part.findall(f"a:{name}", NAMES)) == 1
        datetime.fromisoformat(text(part, "updated"))
    return feed


def text(part: etree._Element, path: str) -> str:
    return part.findtext("/".join(f"a:{name}" for name in path.split("/")), namespaces=NAMES) or ""


def entries(feed: etree._Element) -> list[etree._Element]:
    return list(feed.findall("a:entry", NAMES))


@pytest.fixture
def outlet(db: None) -> Outlet:
    return Outlet.objects.create(slug="paper", name="晨报 & 晚报")


def make(outlet: Outlet, number: int, **fields: Any) -> Article:
    address = f"https://paper.example/{number}"
    fields = {"title": f"第{number}则新闻", "text": "台灣新闻", "lead": "台灣新闻", **fields}
    return Article.objects.create(outlet=outlet, url=address, original_url=address, **fields)


def test_an_entry(client: Client, outlet: Outlet) -> None:
    published = datetime(2023, 12, 14, 7, 56, tzinfo=UTC)
    article = make(
        outlet,
        1,
        title="<b>台灣</b> & “新闻” - 晨报 & 晚报",
        lead="<script>台灣</script> & 其他",
        published_at=published,
        edited_at=published + timedelta(days=1),
    )
    rebuild()
    feed = read(client, q="台湾")
    assert "台湾" in text(feed, "title")
    (entry,) = entries(feed)
    address = f"http://testserver/articles/{article.pk}/"
    assert text(entry, "id") == address
    assert [link.get("href") for link in entry.findall("a:link", NAMES)] == [address]
    assert text(entry, "title") == "<b>台灣</b> & “新闻”"
    assert text(entry, "author/name") == "晨报 & 晚报"
    assert text(entry, "published") == "2023-12-14T07:56:00+00:00"
    assert text(entry, "updated") == "2023-12-15T07:56:00+00:00"
    # As HTML, so what a reader sees of it is the text.
    assert text(entry, "summary") == "&lt;script&gt;台灣&lt;/script&gt; &amp; 其他"


def test_newest_first_and_no_more_than_fifty(client: Client, outlet: Outlet) -> None:
    start = datetime(2023, 1, 1, tzinfo=UTC)
    made = [make(outlet, n, published_at=start + timedelta(hours=n % 10)) for n in range(60)]
    rebuild()
    shown = [text(entry, "id") for entry in entries(read(client, q="台湾"))]
    newest = sorted(made, key=lambda a: (a.published_at, a.pk), reverse=True)[:50]
    assert shown == [f"http://testserver/articles/{article.pk}/" for article in newest]


def test_undated_articles(client: Client, outlet: Outlet) -> None:
    article = make(outlet, 1)
    rebuild()
    (entry,) = entries(read(client, q="台湾"))
    assert entry.find("a:published", NAMES) is None
    assert datetime.fromisoformat(text(entry, "updated")) == article.created_at


def test_narrowed(client: Client, archive: list[Article]) -> None:
    feed = read(client, q="台湾", outlet=["paper-0", "paper-1"], after="2023-12-14", before="2023")
    expected = [a for n, a in enumerate(archive[:-1]) if n >= 16 and n % 3 != 2]
    assert [text(entry, "id") for entry in entries(feed)] == [
        f"http://testserver/articles/{article.pk}/" for article in reversed(expected)
    ]
    page, itself = (link.get("href") for link in feed.findall("a:link", NAMES))
    for address in (page, itself):
        query = address.partition("?")[2].removesuffix("&sort=newest")
        assert query == (
            "q=%E5%8F%B0%E6%B9%BE&outlet=paper-0&outlet=paper-1&after=2023-12-14&before=2023"
        )
        assert client.get(address).status_code == 200
    assert text(feed, "id") == page


def test_what_xml_cannot_hold(client: Client, outlet: Outlet) -> None:
    forbidden = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))
    make(outlet, 1, title=f"台灣{forbidden}新闻\u2028\x85", lead=f"{forbidden}]]>")
    outlet.name = f"晨报{forbidden}"
    outlet.save()
    rebuild()
    feed = read(client, q=f"新闻 {forbidden[1:]}")
    (entry,) = entries(feed)
    assert text(entry, "title").startswith("台灣新闻")
    assert text(entry, "author/name") == "晨报"


@pytest.mark.parametrize("query", [None, "", " ", "，。", "没有这样的文章", "\x00", "((("])
def test_nothing_found_is_an_empty_feed(
    client: Client, archive: list[Article], query: str | None
) -> None:
    assert not entries(read(client, **({} if query is None else {"q": query})))


@given(query=st.text(max_size=60), title=st.text(max_size=60))
@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_any_query_and_any_title_give_xml(
    client: Client, archive: list[Article], query: str, title: str
) -> None:
    title = title.encode(errors="replace").decode()
    Article.objects.filter(pk=archive[0].pk).update(title=title)
    read(client, q=query.encode("utf-8", "surrogatepass"))
    assert len(entries(read(client, q="台湾"))) == len(archive)


@pytest.mark.parametrize(
    "parameters", [{"after": "soon"}, {"before": "2023-02-30"}, {"outlet": "nobody"}]
)
def test_a_bad_filter_is_said_and_not_ignored(
    client: Client, archive: list[Article], parameters: dict[str, str]
) -> None:
    response = client.get(FEED, {"q": "台湾", **parameters})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert next(iter(parameters.values())) in response.content.decode()


def test_no_index_is_no_empty_feed(
    client: Client, archive: list[Article], index_folder: Path
) -> None:
    shutil.rmtree(index_folder)
    assert client.get(FEED, {"q": "台湾"}).status_code == 503


def test_no_cache_answers_for_it(client: Client, archive: list[Article]) -> None:
    assert client.get(FEED, {"q": "台湾"}).headers["Cache-Control"] == "private, no-cache"


def test_a_feed_reader_understands_it(client: Client, outlet: Outlet) -> None:
    make(
        outlet, 1, title="台灣 & <b>", byline="记者", published_at=datetime(2023, 1, 1, tzinfo=UTC)
    )
    rebuild()
    feed = feedparser.parse(client.get(FEED, {"q": "台湾"}).content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    (entry,) = feed.entries
    assert entry.author == "记者"
    assert [tag.term for tag in entry.tags] == ["晨报 & 晚报"]
    assert entry.updated_parsed[:3] == (2023, 1, 1)
