"""Every address: what it answers, to whatever is typed, with which headers and queries."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from articles.models import Article, ArticleQuerySet, Outlet
from search.indexing import rebuild

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2023, 12, 13, 16, tzinfo=UTC)
STRICT_POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-src 'none'",
    "frame-ancestors 'none'",
}
HOSTILE_VALUES = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "*",
    "*:*",
    '"',
    '"未闭合',
    "(",
    "((((",
    ")",
    "-",
    "--",
    "AND",
    "NOT NOT",
    "a OR",
    "title:",
    "outlet:没有",
    "[1 TO",
    "{}",
    "~2",
    "^9",
    "\\",
    "%",
    "%s%n",
    "'; DROP TABLE articles_article; --",
    "<script>alert(1)</script>",
    "。，！？",
    "\u202e\u200b\ufeff",
    "\U0010ffff",
    "国" * 999,
    "国" * 1000,
    "国" * 1001,
    "a " * 499,
    "国" * 20_000,
    "x" * 20_000,
    "0",
    "1",
    "2",
    "-1",
    "999999999",
    "999999999999",
    "99999999999999999999999999",
    "1.5",
    "1e3",
    "٣",
    "²",
    "０",
    "NaN",
    "nonsense",
    "2023",
    "2023-12",
    "2023-12-14",
    "2023/2/30",
    "2023-13",
    "2023-00-00",
    "0000",
    "0001-01-01",
    "1899",
    "1900",
    "2100-12-31",
    "2101",
    "9999-12-31",
    "20231214",
    "older-",
    "older-1-1",
    "newer-1-1",
    "older-0-0",
    "newer-0-0",
    "older-999999999999999999-999999999999999999",
    "newer-999999999999999999-999999999999999999",
    "older-9999999999999999999-1",
    "newer-63837000000000000-1",
    "older-1-1\n",
    "outlet-1",
    "paper",
    "relevance",
    "newest",
    "oldest",
]
PARAMETERS = ["q", "outlet", "after", "before", "sort", "page", "pictures", "csrftoken", "x"]


class Outline(HTMLParser):
    """What a page holds: links with their text, headings, ids, titles."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.headings: list[str] = []
        self.lines: list[tuple[str, int]] = []
        self._day = ""
        self._in_day = False
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "h2" and attributes.get("class") == "day":
            self._in_day, self._day = True, ""
        if tag == "a":
            href = attributes.get("href") or ""
            name = (attributes.get("rel") or href) if href.startswith("?") else href
            self.links.setdefault(name, href)
            if not href.startswith("?"):
                self.links.setdefault(f"{attributes.get('rel')} day", href)
            if found := re.fullmatch(r"/articles/(\d+)/(?:\?q=.*)?", href):
                self.lines.append((self._day, int(found[1])))

    def handle_data(self, data: str) -> None:
        if self._in_day:
            self._day += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "h2" and self._in_day:
            self._in_day = False
            self.headings.append(self._day)


def read(client: Client, address: str, status: int = 200) -> Outline:
    response = client.get(address)
    assert response.status_code == status, address
    return Outline(response.content.decode())


def ids_on(outline: Outline) -> list[int]:
    return [pk for _day, pk in outline.lines]


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "/",
            "/articles/",
            "/articles/?page=2",
            "/articles/?outlet=outlet-1&outlet=outlet-2&after=2023&before=2023-12-20",
            "/outlets/",
            "/outlets/outlet-1/",
            "/outlets/outlet-1/?page=2",
            "/days/2023/12/14/",
            "/days/2023/12/2/",
            "/days/1900/01/01/",
            "/days/2100/12/31/",
            "/search/",
            "/search/?q=新闻",
            "/search/?q=新闻&outlet=outlet-1&after=2023-12&before=2024&sort=newest&page=2",
            "/healthz",
        ],
    )
    def test_answer(self, client: Client, archive: list[Article], address: str) -> None:
        response = client.get(address)
        assert response.status_code == 200
        if address != "/healthz":
            assert response["Content-Type"] == "text/html; charset=utf-8"
            assert '<html lang="zh-hans">' in response.content.decode()

    @pytest.mark.parametrize(
        "address",
        [
            "/nothing/",
            "/articles/0/",
            "/articles/999999/",
            "/articles/999999999999999999/",
            "/articles/99999999999999999999999/",
            "/articles/-1/",
            "/articles/abc/",
            "/articles/٣/",
            "/articles/1/2/",
            "/articles/%00/",
            "/outlets/none/",
            "/outlets/%E6%8A%A5/",
            "/outlets/%00/",
            "/days/2023/02/30/",
            "/days/2023/13/01/",
            "/days/2023/00/00/",
            "/days/0000/01/01/",
            "/days/0001/01/01/",
            "/days/1899/12/31/",
            "/days/2101/01/01/",
            "/days/9999/12/31/",
            "/days/20231/12/14/",
            "/days/2023/012/14/",
            "/%ED%A0%80/",
            "/%FF%FE/",
            "/search/x/",
            "/static/none.css",
            "/static/../manage.py",
            "/static/%2e%2e/manage.py",
            "/" + "x" * 5000,
        ],
    )
    def test_that_do_not_exist_answer_404_in_the_site_s_design(
        self, client: Client, db: None, address: str
    ) -> None:
        response = client.get(address)
        content = response.content.decode()
        assert response.status_code == 404
        assert 'class="masthead"' in content
        assert 'href="/"' in content
        assert "404" in content

    def test_front_page_of_an_empty_archive_says_what_to_do(self, client: Client) -> None:
        content = client.get("/").content.decode()
        assert "python manage.py import_articles PATH" in content

    def test_front_page_shows_the_newest_of_each_outlet(
        self, client: Client, archive: list[Article]
    ) -> None:
        newest = list(Article.objects.newest_first())
        shown = ids_on(read(client, "/"))
        assert shown[0] == newest[0].pk
        assert len(shown) == len(set(shown)) == 37
        for outlet in {article.outlet for article in newest}:
            own = [article.pk for article in newest[1:] if article.outlet == outlet]
            assert [pk for pk in shown[1:] if pk in own] == own[:12]

    def test_an_article_shows_what_is_kept_of_it(
        self, client: Client, make_article: Callable[..., Article]
    ) -> None:
        article = make_article(
            title="标题 <b>&amp; - 晨报",
            byline="记者<i>甲",
            published_at=MIDNIGHT,
            original_url="https://paper.example/a?b=1&c=<2>",
            body="<p>正文<b>粗</b></p>",
        )
        content = client.get(article.get_absolute_url()).content.decode()
        assert "<h1>标题 &lt;b&gt;&amp;amp;</h1>" in content
        assert "记者&lt;i&gt;甲" in content
        assert "<p>正文<b>粗</b></p>" in content
        assert "https://paper.example/a?b=1&amp;c=&lt;2&gt;" in content
        assert 'href="/days/2023/12/14/"' in content
        assert "SHA-256 " + "0" * 63 + "1" in content
        assert "articles/paper/1.md" in content

    def test_a_long_lead_ends_in_an_ellipsis(
        self, client: Client, make_article: Callable[..., Article]
    ) -> None:
        for number in range(2):
            make_article(published_at=MIDNIGHT, body=f"<p>{'长话短说' * 50}{number}</p>")
        for address, lengths in (("/", {160, 90}), ("/articles/", {90})):
            leads = re.findall(
                r'<p class="lead"[^>]*>(.*?)</p>', client.get(address).content.decode()
            )
            assert {len(lead) for lead in leads} == lengths
            assert all(lead.endswith(("说…", "话…", "长…", "短…")) for lead in leads)

    def test_titles_and_names_are_escaped_everywhere(
        self, client: Client, make_article: Callable[..., Article]
    ) -> None:
        attack = '"><script>alert(1)</script>'
        outlet = Outlet.objects.create(slug="evil", name=attack)
        article = make_article(
            outlet=outlet, title=attack + "题", byline=attack, body="<p>题</p>", text=attack + "题"
        )
        Article.objects.update(lead=attack, original_url=f"https://x.example/{attack}")
        article.captures.update(source_path=attack)
        rebuild()
        for address in (
            "/",
            "/articles/",
            article.get_absolute_url(),
            "/outlets/",
            "/outlets/evil/",
            "/search/?q=script",
            "/search/?" + urlencode({"q": attack + "题", "outlet": attack, "page": attack}),
            "/articles/?" + urlencode({"outlet": attack, "after": attack, "page": attack}),
        ):
            response = client.get(address)
            assert response.status_code == 200
            scripts = re.findall(r"<script[^>]*>", response.content.decode())
            assert all(re.search(r'src="/static/[\w.]+" defer>$', s) for s in scripts), address

    def test_health_tells_what_is_pending(self, client: Client, archive: list[Article]) -> None:
        archive[0].save()
        response = client.get("/healthz")
        assert response.json() == {
            "status": "ok",
            "database": "ok",
            "index": "ok",
            "pending": 1,
            "indexed": 100,
        }
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize("address", ["/", "/articles/", "/outlets/", "/search/?q=x", "/x/"])
    def test_only_reading_is_possible(self, client: Client, db: None, address: str) -> None:
        before = Article.objects.count()
        response = Client(enforce_csrf_checks=True).post(address, {"q": "x"})
        assert response.status_code in (403, 404, 405)
        assert Article.objects.count() == before


class TestNarrowing:
    @pytest.mark.parametrize(
        ("query", "first", "last"),
        [
            ("after=2023-12-20", "2023-12-20", None),
            ("before=2023-12-16", None, "2023-12-16"),
            ("after=2023-12-15&before=2023-12-15", "2023-12-15", "2023-12-15"),
            ("after=2023&before=2023", "2023-01-01", "2023-12-31"),
            ("after=2023-12&before=2023-12", "2023-12-01", "2023-12-31"),
            ("after=2024", "2024-01-01", None),
            ("after=20231215&before=2023/12/16", "2023-12-15", "2023-12-16"),
            ("after=nonsense&before=2023-12-16", None, "2023-12-16"),
            ("after=2023-02-30&before=", None, None),
        ],
    )
    def test_by_days(
        self,
        client: Client,
        archive: list[Article],
        query: str,
        first: str | None,
        last: str | None,
    ) -> None:
        expected = {
            article.pk
            for article in archive
            if (first is last is None)
            or (
                article.published_at
                and (not first or str(timezone.localdate(article.published_at)) >= first)
                and (not last or str(timezone.localdate(article.published_at)) <= last)
            )
        }
        assert set(walk(client, f"/articles/?{query}")) == expected

    @pytest.mark.parametrize(
        ("query", "slugs"),
        [
            ("outlet=outlet-1", {"outlet-1"}),
            ("outlet=outlet-1&outlet=outlet-2", {"outlet-1", "outlet-2"}),
            ("outlet=", {"outlet-0", "outlet-1", "outlet-2"}),
        ],
    )
    def test_by_outlets(
        self, client: Client, archive: list[Article], query: str, slugs: set[str]
    ) -> None:
        expected = {article.pk for article in archive if article.outlet.slug in slugs}
        assert set(walk(client, f"/articles/?{query}")) == expected

    def test_garbage_is_told(self, client: Client, archive: list[Article]) -> None:
        content = client.get("/articles/?after=nonsense").content.decode()
        assert 'role="alert"' in content
        assert "“nonsense”" in content

    def test_filters_stay_while_paging(self, client: Client, archive: list[Article]) -> None:
        outline = read(client, "/articles/?outlet=outlet-1&after=2023-12")
        assert "outlet=outlet-1" in outline.links["next"]
        assert "after=2023-12" in outline.links["next"]


def walk(client: Client, address: str) -> list[int]:
    """Follow the “older” links to the end and return all ids on the way."""
    found: list[int] = []
    base = address.partition("?")[0]
    for _ in range(50):
        outline = read(client, address)
        found += ids_on(outline)
        if "next" not in outline.links:
            return found
        address = base + outline.links["next"]
    raise AssertionError("the list has no end")


class TestPaging:
    @pytest.mark.parametrize("address", ["/articles/", "/outlets/outlet-1/"])
    def test_older_links_visit_every_article_once(
        self, client: Client, archive: list[Article], address: str
    ) -> None:
        expected = sorted(
            (a for a in archive if address == "/articles/" or a.outlet.slug == "outlet-1"),
            key=lambda a: (a.published_at or datetime.min.replace(tzinfo=UTC), a.pk),
            reverse=True,
        )
        assert walk(client, address) == [article.pk for article in expected]

    def test_a_day_is_visited_once_too(self, client: Client, archive: list[Article]) -> None:
        found = walk(client, "/days/2023/12/15/")
        assert len(found) > 40
        assert len(found) == len(set(found))
        assert set(found) == {
            article.pk
            for article in archive
            if article.published_at
            and str(timezone.localdate(article.published_at)) == "2023-12-15"
        }

    def test_newer_links_lead_back(self, client: Client, archive: list[Article]) -> None:
        forth = [read(client, "/articles/")]
        while "next" in forth[-1].links:
            forth.append(read(client, "/articles/" + forth[-1].links["next"]))
        assert len(forth) == 4
        outline = forth[-1]
        for expected in forth[-2::-1]:
            outline = read(client, "/articles/" + outline.links["prev"])
            assert ids_on(outline) == ids_on(expected)
        assert "prev" not in outline.links

    def test_numbers_name_pages_too(self, client: Client, archive: list[Article]) -> None:
        whole = walk(client, "/articles/")
        for number in (1, 2, 3, 4):
            outline = read(client, f"/articles/?page={number}")
            assert ids_on(outline) == whole[30 * (number - 1) : 30 * number]
            assert ("next" in outline.links) == (number < 4)
            assert ("prev" in outline.links) == (number > 1)
        assert ids_on(read(client, "/articles/?page=5")) == []
        following = read(client, "/articles/" + read(client, "/articles/?page=2").links["next"])
        assert ids_on(following) == whole[60:90]

    def test_undated_articles_come_last(self, client: Client, archive: list[Article]) -> None:
        undated = {article.pk for article in archive if not article.published_at}
        assert set(walk(client, "/articles/")[-7:]) == undated

    @pytest.mark.parametrize("name", ["0", "-1", "10001", "99999", "x", "older-1", "２", "1 "])
    def test_a_wrong_name_is_told_and_shows_the_first_page(
        self, client: Client, archive: list[Article], name: str
    ) -> None:
        response = client.get("/articles/", {"page": name})
        assert response.status_code == 200
        content = response.content.decode()
        assert 'class="notice"' in content
        assert ids_on(Outline(content)) == walk(client, "/articles/")[:30]

    def test_new_articles_do_not_shift_older_pages(
        self, client: Client, archive: list[Article], make_article: Callable[..., Article]
    ) -> None:
        outline = read(client, "/articles/")
        second = ids_on(read(client, "/articles/" + outline.links["next"]))
        for _ in range(10):
            make_article(published_at=MIDNIGHT + timedelta(days=300))
        assert ids_on(read(client, "/articles/" + outline.links["next"])) == second

    def test_search_pages_show_every_hit_once(self, client: Client, archive: list[Article]) -> None:
        for sort in ("relevance", "newest", "oldest"):
            found = walk(client, f"/search/?q=新闻&sort={sort}")
            assert len(found) == 100
            assert set(found) == {article.pk for article in archive}

    def test_a_search_page_past_the_end_leads_back(
        self, client: Client, archive: list[Article]
    ) -> None:
        outline = read(client, "/search/?q=新闻&page=6")
        assert ids_on(outline) == []
        assert any("q=%E6%96%B0%E9%97%BB" in href for href in outline.links.values())


class TestDays:
    def test_every_article_stands_under_its_own_day(
        self, client: Client, make_article: Callable[..., Article]
    ) -> None:
        """Days are those of the archive's time zone, in which midnight is 16:00 UTC."""
        for hours in range(-12, 36, 3):
            make_article(published_at=MIDNIGHT + timedelta(hours=hours))
        make_article(published_at=None)
        outline = read(client, "/articles/")
        days = {
            article.pk: f"{timezone.localtime(article.published_at):%Y年}"
            f"{timezone.localtime(article.published_at).month}月"
            f"{timezone.localtime(article.published_at).day}日"
            if article.published_at
            else outline.headings[-1]
            for article in Article.objects.all()
        }
        assert {pk: day for day, pk in outline.lines if days[pk] != day} == {}
        assert (
            outline.headings
            == sorted(set(outline.headings[:-1]), reverse=True) + outline.headings[-1:]
        )

    def test_lead_to_their_neighbours(
        self, client: Client, make_article: Callable[..., Article]
    ) -> None:
        for days in (0, 3, 9):
            make_article(published_at=MIDNIGHT + timedelta(days=days))
            make_article(published_at=MIDNIGHT + timedelta(days=days + 1, microseconds=-1))
        make_article(published_at=None)
        middle = read(client, "/days/2023/12/17/")
        assert middle.links["prev day"] == "/days/2023/12/14/"
        assert middle.links["next day"] == "/days/2023/12/23/"
        assert len(ids_on(middle)) == 2
        first, last = read(client, "/days/2023/12/14/"), read(client, "/days/2023/12/23/")
        assert "prev day" not in first.links
        assert "next day" not in last.links
        assert ids_on(read(client, "/days/2023/12/15/")) == []


class TestAnythingTyped:
    @pytest.mark.parametrize(
        ("path", "names"),
        [
            ("/", ["year"]),
            ("/", ["month"]),
            ("/articles/", ["outlet", "after", "before", "page"]),
            ("/search/", ["q"]),
            ("/search/", ["outlet", "after", "before", "sort", "page"]),
            ("/outlets/outlet-1/", ["page"]),
            ("/days/2023/12/15/", ["outlet"]),
            ("/days/2023/12/15/", ["page"]),
        ],
    )
    def test_no_value_breaks_a_page(
        self, client: Client, archive: list[Article], path: str, names: list[str]
    ) -> None:
        """Each parameter is read whatever the others are; the test below mixes them."""
        for value in HOSTILE_VALUES:
            response = client.get(path, {"q": "新闻", **dict.fromkeys(names, value)})
            assert response.status_code == 200, (path, names, value)

    @pytest.mark.parametrize(
        "query",
        [
            "q=%ED%A0%80",
            "q=%ED%A0%80%ED%B0%80新闻",
            "q=%FF%FE%00",
            "q=%E4%B8",
            "q=%",
            "q=%zz",
            "q",
            "=",
            "&&&",
            "q=a&q=b&q=c",
            "page=1&page=2",
            "%00=1",
            "outlet=%00",
            "outlet=outlet-1&outlet=%ED%A0%80",
            "after=%ED%A0%80",
            "page=%ED%A0%80",
            "sort=%ED%A0%80",
            "q[]=1",
            "q=新闻;page=2",
            "q=" + "%E5%9B%BD" * 1000,
            "&".join(f"x{n}=1" for n in range(900)),
            "&".join("outlet=outlet-1" for _ in range(900)),
        ],
    )
    def test_no_bytes_break_a_page(
        self, client: Client, archive: list[Article], query: str
    ) -> None:
        for path in ("/articles/", "/search/", f"/articles/{archive[0].pk}/"):
            response = client.get(f"{path}?{query}")
            assert response.status_code == 200, path

    @pytest.mark.parametrize("path", ["/", "/articles/", "/search/"])
    def test_too_many_parameters_are_refused_politely(self, client: Client, path: str) -> None:
        query = "&".join(f"outlet=x{n}" for n in range(5000))
        assert client.get(f"{path}?{query}").status_code in (200, 400)

    @given(
        path=st.sampled_from(["/articles/", "/search/", "/outlets/outlet-1/", "/days/2023/12/15/"]),
        parameters=st.lists(
            st.tuples(
                st.sampled_from(PARAMETERS),
                st.one_of(
                    st.sampled_from(HOSTILE_VALUES),
                    st.text(max_size=30),
                    st.from_regex(r"(older|newer)-[0-9]{1,18}-[0-9]{1,18}", fullmatch=True),
                    st.from_regex(r"[0-9]{1,4}([-/.]?[0-9]{1,2}){0,2}", fullmatch=True),
                ),
            ),
            max_size=6,
        ),
    )
    @settings(
        max_examples=150,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @example(path="/search/", parameters=[("q", "新闻"), ("page", "999999999")])
    def test_nothing_makes_an_error_page(
        self,
        client: Client,
        archive: list[Article],
        path: str,
        parameters: list[tuple[str, str]],
    ) -> None:
        query = urlencode(parameters, errors="replace")
        assert client.get(f"{path}?{query}").status_code == 200

    @given(path=st.text(min_size=1, max_size=30))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_no_path_makes_an_error_page(self, client: Client, path: str) -> None:
        response = client.get("/" + quote(path, errors="replace", safe="/"))
        assert response.status_code in (200, 301, 302, 404)

    def test_a_foreign_host_is_refused_in_the_site_s_design(self, client: Client) -> None:
        response = client.get("/", headers={"host": "evil.example"})
        assert response.status_code == 400
        assert 'class="masthead"' in response.content.decode()

    @pytest.mark.parametrize("language", ["en", "zh-hant", "de;q=0.5", "*", "x" * 600, "\x01"])
    def test_no_language_breaks_a_page(
        self, client: Client, archive: list[Article], language: str
    ) -> None:
        response = client.get("/search/?q=新闻", headers={"accept-language": language})
        assert response.status_code == 200
        assert re.search("新闻档案|新聞檔案|News Archive", response.content.decode())

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"])
    @pytest.mark.parametrize(
        "address",
        [
            "/",
            "/articles/",
            "/articles/ID/",
            "/outlets/",
            "/outlets/outlet-1/",
            "/days/2023/12/14/",
            "/search/?q=新闻",
            "/search/suggest?q=新",
            "/feeds/search.atom?q=新闻",
            "/feeds/latest.atom",
            "/outlets/outlet-1/latest.atom",
        ],
    )
    def test_pages_are_for_reading(
        self, client: Client, archive: list[Article], method: str, address: str
    ) -> None:
        address = address.replace("ID", str(archive[0].pk))
        response = client.generic(method, address)
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD"
        assert client.head(address).status_code == 200


class TestErrors:
    def test_the_error_page_needs_no_collected_files(self, client: Client) -> None:
        client.raise_request_exception = False
        with override_settings(
            STORAGES={
                **django_settings.STORAGES,
                "staticfiles": {
                    "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
                },
            }
        ):
            response = client.get("/")
        content = response.content.decode()
        assert response.status_code == 500
        assert "500" in content
        assert 'class="masthead"' in content
        assert 'href="/"' in content

    def test_a_broken_database_makes_the_site_s_error_page(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_args: Any, **_options: Any) -> Any:
            raise DatabaseError("disk I/O error")

        monkeypatch.setattr(ArticleQuerySet, "newest_first", broken)
        client.raise_request_exception = False
        response = client.get("/")
        content = response.content.decode()
        assert response.status_code == 500
        assert "500" in content
        assert 'class="masthead"' in content
        assert "disk I/O error" not in content
        check_headers(response)

    def test_the_error_page_needs_no_database(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.raise_request_exception = False

        def broken(*_args: Any, **_options: Any) -> Any:
            raise DatabaseError("unable to open database file")

        with connection.execute_wrapper(broken):
            for address in ("/", "/articles/", "/outlets/", "/articles/1/", "/days/2023/12/14/"):
                response = client.get(address)
                assert response.status_code == 500
                assert 'class="masthead"' in response.content.decode()
            health = client.get("/healthz")
        assert health.status_code == 503
        assert health.json()["status"] == "error"
        assert "unable to open" in health.json()["database"]


LIST_ADDRESSES = [
    "/articles/",
    "/articles/?page=2",
    "/articles/?outlet=outlet-1&after=2023&before=2024",
    "/outlets/outlet-1/",
    "/days/2023/12/15/",
    "/days/2023/12/15/?page=2",
]


class TestQueries:
    @pytest.mark.parametrize("address", ["/", *LIST_ADDRESSES, "/outlets/", "/search/?q=新闻"])
    def test_do_not_grow_with_the_archive(
        self,
        client: Client,
        archive: list[Article],
        make_article: Callable[..., Article],
        address: str,
    ) -> None:
        def queries() -> int:
            cache.clear()
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            return len(captured)

        small = queries()
        for n in range(60):
            outlet = Outlet.objects.create(slug=f"more-{n}", name=f"更多{n}")
            make_article(outlet=outlet, published_at=MIDNIGHT + timedelta(days=1))
        rebuild()
        # A day that is too full to be shown whole is looked at by outlets first.
        assert queries() <= small + 2 * address.startswith("/days/")
        assert small <= 12

    @pytest.mark.parametrize("address", LIST_ADDRESSES)
    def test_count_once_a_minute_and_skip_no_rows(
        self, client: Client, archive: list[Article], address: str
    ) -> None:
        address = address.replace("page=2", "page=3")
        next_page = read(client, "/articles/").links["next"]
        for asked in (address, "/articles/" + next_page):
            client.get(asked)
            with CaptureQueriesContext(connection) as captured:
                client.get(asked)
            assert captured.captured_queries
            for query in captured.captured_queries:
                statement = query["sql"]
                if "COUNT(" in statement.upper() and "articles_article" in statement:
                    hidden_ones = 'FROM "articles_article" WHERE "articles_article"."hidden"'
                    is_of_a_month = statement.startswith("WITH period") and "/days/" in asked
                    is_of_a_day = '"listed_at" < ' in statement and "/days/" in asked
                    assert statement.endswith(hidden_ones) or is_of_a_month or is_of_a_day
                if " OFFSET " in statement:
                    columns = statement.partition(" FROM ")[0]
                    assert re.fullmatch(r'SELECT "articles_article"\."id"( AS "\w+")?', columns)

    @pytest.mark.parametrize("address", LIST_ADDRESSES)
    def test_go_along_an_index(self, client: Client, archive: list[Article], address: str) -> None:
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        lists = [q["sql"] for q in captured if "ORDER BY" in q["sql"] and "listed_at" in q["sql"]]
        assert lists
        for statement in lists:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                plan = " | ".join(str(row[-1]) for row in cursor.fetchall())
            assert "SCAN articles_article" not in plan or "USING" in plan, plan
            if " IN (" not in statement:
                assert "TEMP B-TREE" not in plan, plan

    def test_lists_load_no_bodies(self, client: Client, archive: list[Article]) -> None:
        for address in ["/", *LIST_ADDRESSES]:
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            for query in captured:
                assert '"articles_article"."body"' not in query["sql"]
                assert '"articles_article"."text"' not in query["sql"]

    def test_an_article_page_loads_no_raw_content(
        self, client: Client, archive: list[Article]
    ) -> None:
        with CaptureQueriesContext(connection) as captured:
            client.get(archive[0].get_absolute_url())
        assert len(captured) <= 5
        assert all('"articles_capture"."content"' not in query["sql"] for query in captured)


def check_headers(response: Any, policy: set[str] = STRICT_POLICY) -> None:
    directives = [part.strip() for part in response["Content-Security-Policy"].split(";")]
    assert set(filter(None, directives)) == policy
    assert "Content-Security-Policy-Report-Only" not in response
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"


class TestHeaders:
    @pytest.mark.parametrize(
        "address",
        [
            "/",
            "/articles/",
            "/articles/{pk}/",
            "/articles/{pk}/?pictures=0",
            "/articles/{pk}/?pictures=",
            "/articles/?pictures=1",
            "/outlets/",
            "/outlets/outlet-1/",
            "/days/2023/12/14/",
            "/search/",
            "/search/?q=新闻&pictures=1",
            "/healthz",
            "/nothing/",
            "/admin/",
            "/admin/login/",
            "/admin/articles/article/",
            "/admin/articles/article/{pk}/change/",
            "/admin/nothing/",
        ],
    )
    @pytest.mark.parametrize("is_editor", [False, True])
    def test_are_strict_everywhere(
        self, client: Client, archive: list[Article], address: str, is_editor: bool
    ) -> None:
        if is_editor:
            client.force_login(User.objects.create_superuser("editor"))
        check_headers(client.get(address.format(pk=archive[0].pk)))

    def test_allow_pictures_only_when_asked(
        self, client: Client, make_article: Callable[..., Article]
    ) -> None:
        with_pictures = STRICT_POLICY - {"img-src 'self'"} | {"img-src 'self' https:"}
        picture = '<p><img src="https://pictures.example/1.jpg" alt="图"></p>'
        address = make_article(body=picture).get_absolute_url()
        check_headers(client.get(address + "?pictures=1"), with_pictures)
        check_headers(client.get(address), STRICT_POLICY)
        without = make_article(body="<p>字</p>").get_absolute_url()
        check_headers(client.get(without + "?pictures=1"), STRICT_POLICY)

    @pytest.mark.parametrize(
        ("setting", "query", "allowed"),
        [
            ("never", "?pictures=1", False),
            ("never", "", False),
            ("always", "", True),
            ("always", "?pictures=0", True),
            ("ask", "", False),
            ("ask", "?pictures=1", True),
            ("ask", "?pictures=2", False),
        ],
    )
    def test_follow_the_setting(
        self,
        client: Client,
        make_article: Callable[..., Article],
        settings: Any,
        setting: str,
        query: str,
        allowed: bool,
    ) -> None:
        settings.NEWSARCHIVE_PICTURES = setting
        article = make_article(
            body='<p><img src="https://pictures.example/1.jpg" alt="图"></p>'
            '<p><a href="https://x.example/" rel="noopener noreferrer nofollow">'
            '<img src="http://pictures.example/2.jpg" alt="图二"></a></p>'
        )
        response = client.get(article.get_absolute_url() + query)
        content = response.content.decode()
        assert ("img-src 'self' https:" in response["Content-Security-Policy"]) == allowed
        assert ('<img src="http' in content) == allowed
        assert ('href="?pictures=1' in content) == (setting == "ask" and not allowed)
        assert 'href="https://pictures.example/1.jpg"' in content or allowed
