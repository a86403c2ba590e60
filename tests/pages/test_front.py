"""The front page, days, outlets and lists: what they count, lead to, and how they are used."""

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, Outlet
from search.indexing import rebuild

from .conftest import MIDNIGHT, MakeArticle

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
DAY = r"/days/(\d{4})/(\d\d)/(\d\d)/"
ZONES = {
    "Asia/Shanghai": datetime(1991, 9, 14, 17, tzinfo=UTC),
    "Asia/Kolkata": datetime(2023, 12, 31, 18, 30, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2023, 2, 28, 18, 15, tzinfo=UTC),
    "America/New_York": datetime(2023, 3, 12, 7, tzinfo=UTC),
    "America/Havana": datetime(2023, 11, 5, 5, tzinfo=UTC),
    "Asia/Beirut": datetime(2023, 3, 29, 22, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2023, 10, 1, 15, 30, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
}
"""Zones, and a moment at which their days are not as long as others, or begin at odd minutes."""


def read(client: Client, address: str) -> str:
    response = client.get(address, headers=ENGLISH)
    assert response.status_code == 200, address
    return response.content.decode()


def ids_in(content: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'href="/articles/(\d+)/"', content)]


def counts_in_heat_map(content: str) -> dict[date, int]:
    found = re.findall(rf'<a href="{DAY}" tabindex="-1"><title>[^<]*: ([\d,]+) article', content)
    return {date(int(y), int(m), int(d)): int(n.replace(",", "")) for y, m, d, n in found}


def counts_in_calendar(content: str) -> dict[date, int]:
    found = re.findall(rf'<td class="level-[1-4]"><a href="{DAY}[^>]*>\d+<small>(\d+)<', content)
    return {date(int(y), int(m), int(d)): int(n) for y, m, d, n in found}


def make_many(count: int, around: datetime, *, outlets: int = 3, days: float = 3) -> list[Article]:
    """Make articles at random moments around one, a quarter of them at round minutes."""
    chance = random.Random(count)
    papers = [Outlet.objects.create(slug=f"p{n}", name=f"报{n}") for n in range(outlets)]
    moments = [
        around + timedelta(seconds=chance.uniform(-days, days) * 86400) for _ in range(count)
    ]
    moments[::4] = [
        m.replace(minute=m.minute // 15 * 15, second=0, microsecond=0) for m in moments[::4]
    ]
    moments[:2] = [around, around - timedelta(microseconds=1)]
    return Article.objects.bulk_create(
        Article(
            outlet=papers[n % outlets],
            title=f"第{n}则",
            url=f"https://many.example/{n}",
            original_url=f"https://many.example/{n}",
            published_at=moment,
            hidden=n % 10 == 9,
        )
        for n, moment in enumerate(moments)
    )


def days_of(articles: list[Article]) -> Counter[date]:
    """Count by day as plainly as possible."""
    return Counter(
        timezone.localdate(article.published_at)
        for article in articles
        if article.published_at and not article.hidden
    )


class TestCounting:
    @pytest.mark.parametrize("zone", ZONES)
    def test_days_are_those_of_the_time_zone(
        self, client: Client, settings: Any, zone: str
    ) -> None:
        settings.TIME_ZONE = zone
        articles = make_many(300, ZONES[zone])
        expected = days_of(articles)
        shown: dict[date, int] = {}
        for year in {day.year for day in expected}:
            shown |= counts_in_heat_map(read(client, f"/?year={year}"))
        assert shown == expected
        for outlet in Outlet.objects.filter(slug__startswith="p"):
            own = days_of([article for article in articles if article.outlet_id == outlet.pk])
            for year, month in {(day.year, day.month) for day in own}:
                content = read(client, f"/days/{year}/{month}/1/?outlet={outlet.slug}")
                in_month = {d: n for d, n in own.items() if (d.year, d.month) == (year, month)}
                assert counts_in_calendar(content) == in_month

    def test_months_and_years_and_all(self, client: Client) -> None:
        articles = make_many(200, datetime(2022, 6, 1, tzinfo=UTC), days=700)
        undated = Article.objects.filter(pk__in=[a.pk for a in articles[:5]])
        undated.update(published_at=None)
        seen = [a for a in articles if not a.hidden]
        dated = seen[5:]
        content = read(client, "/")
        days = [timezone.localdate(a.published_at) for a in dated if a.published_at]
        assert f"{len(seen)} articles of 3 outlets" in content
        assert "5 undated articles" in content
        by_year = Counter(day.year for day in days)
        for year, count in by_year.items():
            assert f'href="?year={year}#archive"' in content
            assert f'title="{count} articles">{year}<' in content
        for outlet in Outlet.objects.filter(slug__startswith="p"):
            own = [a for a in dated if a.outlet_id == outlet.pk and a.published_at]
            months = Counter(f"{timezone.localdate(a.published_at):%Y-%m}" for a in own)
            content = read(client, outlet.get_absolute_url())
            found = re.findall(r"after=(\d{4}-\d\d)-01&amp;before=[^>]*>\w+<small>(\d+)<", content)
            assert {month: int(count) for month, count in found} == months

    def test_a_month_leads_to_its_articles(self, client: Client) -> None:
        make_many(100, datetime(2022, 6, 1, tzinfo=UTC), days=40)
        content = read(client, "/outlets/p1/")
        links = re.findall(r'href="(/articles/\?outlet=[^"]+)"[^>]*>\w+<small>(\d+)<', content)
        assert len(links) >= 2
        for address, count in links:
            assert f'<p class="facts">{count} article' in read(client, unescape(address))

    def test_what_is_hidden_is_nowhere_counted_at_once(
        self, client: Client, archive: list[Article]
    ) -> None:
        addresses = ("/", "/articles/", "/outlets/", "/outlets/outlet-1/", "/days/2023/12/15/")

        def numbers() -> list[list[str]]:
            pages = [read(client, address) for address in addresses]
            return [
                re.findall(r"(?<![\w-])\d+ (?:more|undated |)articles?", page) for page in pages
            ]

        before = numbers()
        day = date(2023, 12, 15)
        calendar = counts_in_calendar(read(client, "/days/2023/12/15/"))
        Article.objects.filter(pk__in=[archive[7].pk, archive[70].pk]).update(hidden=True)
        assert [timezone.localdate(archive[n].published_at) for n in (7, 70)] == [day, day]
        after = numbers()
        assert all(was != now for was, now in zip(before, after, strict=True))
        assert counts_in_calendar(read(client, "/days/2023/12/15/"))[day] == calendar[day] - 2
        assert counts_in_heat_map(read(client, "/"))[day] == calendar[day] - 2
        Article.objects.filter(hidden=True).update(hidden=False)
        assert numbers() == before


@pytest.fixture
def set_today(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Makes it noon of a day in Shanghai."""

    def at(day: date) -> None:
        noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        monkeypatch.setattr("django.utils.timezone.now", lambda: noon)

    return at


def at_noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T04:00:00+00:00")


class TestFrontPage:
    def test_of_an_empty_archive(self, client: Client) -> None:
        content = read(client, "/")
        assert "The archive is empty." in content
        assert "python manage.py import_articles PATH" in content
        assert "<svg" not in content.partition("<main")[2]

    def test_of_undated_articles_only(self, client: Client, make_article: MakeArticle) -> None:
        article = make_article()
        content = read(client, "/")
        assert ids_in(content) == [article.pk]
        assert "1 article of 1 outlet." in content

    def test_tells_what_is_of_today(
        self, client: Client, make_article: MakeArticle, set_today: Callable[[date], None]
    ) -> None:
        make_article(published_at=MIDNIGHT)
        make_article(published_at=MIDNIGHT - timedelta(microseconds=1))
        set_today(date(2023, 12, 14))
        content = read(client, "/")
        assert '<h1 id="latest">Today</h1>' in content
        assert re.search(r'<a href="/days/2023/12/14/">[^<]*Thursday</a> 1 article', content)
        set_today(date(2023, 12, 15))
        assert '<h1 id="latest">Latest</h1>' in read(client, "/")

    def test_has_a_block_for_each_outlet_the_newest_first(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        papers = [Outlet.objects.create(slug=f"paper-{n}", name=f"报{n}") for n in range(14)]
        made = {
            paper: [
                make_article(outlet=paper, published_at=MIDNIGHT + timedelta(days=n, hours=h))
                for h in range(7)
            ]
            for n, paper in enumerate(papers)
        }
        content = read(client, "/")
        blocks = re.findall(
            r'<section class="block"[^>]*block-(paper-\d+)">(.*?)</section>', content, re.S
        )
        assert [slug for slug, _block in blocks] == [f"paper-{n}" for n in range(13, 1, -1)]
        top = made[papers[-1]][-1]
        assert ids_in(content)[0] == top.pk
        for slug, block in blocks:
            own = [a.pk for a in reversed(made[papers[int(slug[6:])]]) if a != top]
            assert ids_in(block) == own[:5]

    def test_remembers_the_day_in_earlier_years(
        self, client: Client, make_article: MakeArticle, set_today: Callable[[date], None]
    ) -> None:
        on_the_day = [make_article(published_at=at_noon(f"{y}-12-14")) for y in (2019, 2021, 2022)]
        first = make_article(published_at=datetime(2020, 12, 13, 16, tzinfo=UTC))
        for beside in (datetime(2020, 12, 13, 15, 59, 59), datetime(2020, 12, 14, 16)):
            make_article(published_at=beside.replace(tzinfo=UTC), outlet=None)
        make_article(published_at=at_noon("2022-12-14"), hidden=True)
        make_article(published_at=at_noon("2023-12-14"))
        set_today(date(2023, 12, 14))
        content = read(client, "/").partition('class="on-this-day"')[2].partition('id="archive"')[0]
        assert "December 14 in earlier years" in content
        assert re.findall(DAY, content) == [(str(y), "12", "14") for y in (2022, 2021, 2020, 2019)]
        assert ids_in(content) == [on_the_day[2].pk, on_the_day[1].pk, first.pk, on_the_day[0].pk]
        assert content.count("1 article<") == 4

    @pytest.mark.parametrize(
        ("today", "remembered"),
        [
            (date(2024, 2, 29), ["2020/02/29", "2016/02/29"]),
            (date(2023, 2, 28), ["2022/02/28"]),
            (date(2023, 3, 1), ["2021/03/01"]),
            (date(2023, 5, 5), []),
        ],
    )
    def test_remembers_29_february_in_leap_years(
        self,
        client: Client,
        make_article: MakeArticle,
        set_today: Callable[[date], None],
        today: date,
        remembered: list[str],
    ) -> None:
        for day in ("2016-02-29", "2020-02-29", "2021-03-01", "2022-02-28"):
            make_article(published_at=at_noon(day))
        set_today(today)
        content = read(client, "/").partition('class="on-this-day"')[2].partition('id="archive"')[0]
        assert ["/".join(day) for day in re.findall(DAY, content)] == remembered

    def test_shows_the_year_and_month_that_are_asked_for(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        for day in ("2020-01-05", "2020-03-07", "2022-11-30"):
            make_article(published_at=at_noon(day))
        assert set(counts_in_heat_map(read(client, "/"))) == {date(2022, 11, 30)}
        content = read(client, "/?year=2020")
        assert set(counts_in_heat_map(content)) == {date(2020, 1, 5), date(2020, 3, 7)}
        assert set(counts_in_calendar(content)) == {date(2020, 3, 7)}
        assert '?year=2020&amp;month=1#months"' in content
        assert set(counts_in_calendar(read(client, "/?year=2020&month=1"))) == {date(2020, 1, 5)}
        assert "2021#archive" not in content

    @pytest.mark.parametrize(
        "query",
        [
            "year=2021",
            "year=x",
            "year=-1",
            "year=%00",
            "year=２０２０",
            "year=99999999999999999999",
            "year=2020&month=13",
            "year=2020&month=x",
            "year=2020&month=%ED%A0%80",
            "month=0",
        ],
    )
    def test_tells_what_it_does_not_have(
        self, client: Client, make_article: MakeArticle, query: str
    ) -> None:
        for day in ("2020-01-05", "2022-11-30"):
            make_article(published_at=at_noon(day))
        content = read(client, f"/?{query}")
        assert 'class="notice"' in content
        assert set(counts_in_heat_map(content)) == {date(2022, 11, 30)}

    def test_weeks_begin_as_the_reader_is_used_to(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        make_article(published_at=MIDNIGHT)
        for language, first in (("en", "Sunday"), ("zh-CN", "星期一"), ("zh-TW", "星期一")):
            for address in ("/", "/days/2023/12/14/"):
                content = client.get(address, headers={"accept-language": language}).content
                [name, *_others] = re.findall(r'<abbr title="([^"]+)"', content.decode())
                assert name == first


class TestDayPage:
    def test_has_a_block_for_each_outlet_the_fullest_first(
        self, client: Client, archive: list[Article]
    ) -> None:
        for article in archive[50:53]:
            Article.objects.filter(pk=article.pk).update(hidden=True)
        content = read(client, "/days/2023/12/15/")
        blocks = re.findall(r'<h2 id="block-(outlet-\d)">(.*?)</section>', content, re.S)
        sizes = [len(ids_in(block)) for _slug, block in blocks]
        assert sizes == sorted(sizes, reverse=True)
        on_the_day = days_of(list(Article.objects.all()))[date(2023, 12, 15)]
        assert len(set(ids_in(content))) == sum(sizes) == on_the_day
        for slug, block in blocks:
            found = Article.objects.filter(pk__in=ids_in(block))
            assert {article.outlet.slug for article in found} == {slug}
            assert ids_in(block) == [article.pk for article in found.newest_first()]

    def test_of_a_very_full_day_leads_to_every_article(self, client: Client, settings: Any) -> None:
        articles = make_many(400, at_noon("2023-12-14"), outlets=25, days=0.4)
        visible = {a.pk for a in articles if not a.hidden}
        content = read(client, "/days/2023/12/14/")
        assert 90 <= len(ids_in(content)) <= 100
        assert f'<p class="facts">{len(visible)} articles' in content
        by_outlet: list[int] = []
        for slug in {article.outlet.slug for article in articles}:
            assert f'href="?outlet={slug}"' in content
            by_outlet += ids_in(read(client, f"/days/2023/12/14/?outlet={slug}"))
        assert len(by_outlet) == len(set(by_outlet))
        assert set(by_outlet) == visible
        by_time: list[int] = []
        address = "?page=1"
        while address:
            content = read(client, f"/days/2023/12/14/{address}")
            by_time += ids_in(content)
            older = re.search(r'rel="next" href="(\?[^"]+)"', content)
            address = unescape(older[1]) if older else ""
        assert len(by_time) == len(visible)
        assert set(by_time) == visible

    def test_keeps_to_an_outlet(self, client: Client, make_article: MakeArticle) -> None:
        other = Outlet.objects.create(slug="other", name="别报")
        for days in (0, 1, 2):
            make_article(published_at=MIDNIGHT + timedelta(days=days), outlet=other)
        own = [make_article(published_at=MIDNIGHT + timedelta(days=days)) for days in (-40, 0, 2)]
        content = read(client, "/days/2023/12/14/?outlet=paper")
        assert ids_in(content) == [own[1].pk]
        assert 'rel="next" href="/days/2023/12/16/?outlet=paper"' in content
        assert 'rel="prev" href="/days/2023/11/04/?outlet=paper"' in content
        assert 'href="/days/2023/11/04/?outlet=paper#calendar"' in content
        assert set(counts_in_calendar(content)) == {date(2023, 12, 14), date(2023, 12, 16)}
        assert len(re.findall(rf'<td class="level-\d"><a href="{DAY}\?outlet=paper"', content)) == 2

    def test_tells_of_an_outlet_that_is_none(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        article = make_article(published_at=MIDNIGHT)
        content = read(client, "/days/2023/12/14/?outlet=none")
        assert 'role="alert"' in content
        assert ids_in(content) == [article.pk]

    def test_of_a_day_without_articles_leads_to_the_nearest(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        make_article(published_at=at_noon("2021-05-31"))
        make_article(published_at=at_noon("2023-01-01"))
        content = read(client, "/days/2022/02/28/")
        assert "The archive has no article of this day." in content
        assert content.count('href="/days/2021/05/31/"') == 2
        assert content.count('href="/days/2023/01/01/"') == 2
        assert 'href="/days/2021/05/31/#calendar"' in content
        assert 'aria-current="date"' in content

    def test_of_an_empty_archive(self, client: Client) -> None:
        assert "The archive has no article of this day." in read(client, "/days/2022/02/28/")
        response = client.get("/days/2022/02/30/", headers=ENGLISH)
        assert response.status_code == 404


class TestOutletsAndLists:
    def test_undated_articles_can_be_reached(self, client: Client, archive: list[Article]) -> None:
        undated = {article.pk for article in archive if not article.published_at}
        for start in ("/", "/articles/", "/articles/?outlet=outlet-1", "/outlets/outlet-2/"):
            content = read(client, start)
            [address] = re.findall(r'href="([^"]*page=older-86400000001-0)"', content)
            base = "" if address.startswith("/") else start.partition("?")[0]
            found = set(ids_in(read(client, base + unescape(address))))
            [slug] = re.findall(r"outlet-\d", start) or [""]
            assert found == {
                article.pk
                for article in archive
                if article.pk in undated and slug in ("", article.outlet.slug)
            }

    def test_an_outlet_tells_its_facts(self, client: Client, archive: list[Article]) -> None:
        content = read(client, "/outlets/outlet-0/")
        dated = [timezone.localdate(a.published_at) for a in archive[::3] if a.published_at]
        assert min(dated) == date(2023, 12, 14)
        assert "34 articles · Dec. 14, 2023 – " in content
        assert 'href="/outlets/outlet-0/latest.atom"' in content
        assert client.get("/outlets/outlet-0/latest.atom").status_code == 200

    def test_an_outlet_without_articles_says_so(self, client: Client) -> None:
        Outlet.objects.create(slug="silent", name="无声")
        assert "No article is here." in read(client, "/outlets/silent/")

    def test_outlets_are_told_with_their_reach(
        self, client: Client, archive: list[Article]
    ) -> None:
        content = read(client, "/outlets/")
        slugs = re.findall(r'<li><a class="outlet [^"]*" href="/outlets/([\w-]+)/"', content)
        assert slugs == ["outlet-0", "outlet-1", "outlet-2"]
        reaches = re.findall(
            r'<span class="reach">Dec. 14, 2023 – Dec. (\d+), 2023</span>', content
        )
        assert reaches == ["24", "24", "23"]
        assert content.count('<path d="M01 100v-100h8v100z"/>') == 3

    def test_a_list_says_what_it_shows(self, client: Client, archive: list[Article]) -> None:
        content = read(client, "/articles/?outlet=outlet-1&after=2023-12-15&before=2023-12-15")
        on_the_day = days_of([a for a in archive if a.outlet.slug == "outlet-1"])
        assert f'<p class="facts">{on_the_day[date(2023, 12, 15)]} articles' in content
        assert "from Dec. 15, 2023" in content
        assert 'href="/outlets/outlet-1/latest.atom">' in content
        assert 'href="/articles/">Without filters' in content


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/", 12),
        ("/?year=2023&month=12", 12),
        ("/articles/", 6),
        ("/articles/?outlet=outlet-1&after=2023", 10),
        ("/outlets/", 13),
        ("/outlets/outlet-1/", 8),
        ("/days/2023/12/15/", 9),
        ("/days/2023/12/15/?outlet=outlet-1&page=2", 11),
    ],
)
def test_queries_are_few_and_go_along_the_indexes_of_what_is_readable(
    client: Client, archive: list[Article], address: str, most: int
) -> None:
    """Also in subqueries, which are looked at by their steps on the articles under any name."""
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    assert len(captured) <= most
    known = ("readable_by_", "hidden_articles", "INTEGER PRIMARY KEY")
    for query in captured:
        if "articles_article" not in query["sql"] or connection.vendor != "sqlite":
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"].replace("%", "%%"), [])
            steps = [row[3] for row in cursor.fetchall()]
        for step in steps:
            if re.search(r"articles_article|\bU\d\b", step):
                assert any(name in step for name in known), (step, query["sql"])


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer) -> Any:
    """A browser window 320 pixels wide on the archive."""
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", viewport={"width": 320, "height": 700}
    )
    yield context.new_page()
    context.close()


@pytest.mark.django_db(transaction=True)
class TestInABrowser:
    @pytest.fixture
    def wide(self, transactional_db: None, archive: list[Article]) -> list[Article]:
        """The archive, with titles and names that are hard to break, in years long apart."""
        long = Outlet.objects.create(slug="long", name="n" * 100 + "名" * 100)
        for number, year in enumerate(range(1999, 2024)):
            Article.objects.create(
                outlet=long,
                title="w" * 200,
                lead="v" * 200,
                url=f"https://long.example/{number}",
                original_url="https://long.example/",
                published_at=MIDNIGHT.replace(year=year),
            )
        return archive

    def test_a_phone_shows_calendars_and_never_scrolls_sideways(
        self, phone: Page, wide: list[Article]
    ) -> None:
        for address in ("/", "/days/2023/12/14/", "/outlets/long/", "/outlets/", "/articles/"):
            phone.goto(address)
            phone.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
            assert phone.evaluate("document.documentElement.scrollWidth") == 320, address
            sides = phone.evaluate(
                "[...document.querySelectorAll('.month a, .months a, .years a, .days a')]"
                ".map(it => it.getBoundingClientRect()).map(it => Math.min(it.width, it.height))"
            )
            assert all(side >= 32 for side in sides), address
        phone.goto("/")
        expect(phone.locator(".heat")).to_be_hidden()
        expect(phone.locator(".month")).to_be_visible()

    def test_a_day_is_reached_by_keyboard_alone(self, phone: Page, wide: list[Article]) -> None:
        phone.set_viewport_size({"width": 1200, "height": 800})
        phone.goto("/?year=2023")
        expect(phone.locator(".heat")).to_be_visible()
        assert phone.evaluate(
            "[...document.querySelectorAll('.heat a')].every(it => it.tabIndex == -1)"
        )
        stops = phone.evaluate(
            "[...document.querySelectorAll('a, button, input, summary')]"
            ".filter(it => it.tabIndex >= 0 && it.offsetParent).length"
        )
        assert stops < 160
        month = phone.locator(".months a").last
        month.focus()
        phone.keyboard.press("Enter")
        expect(phone).to_have_url(re.compile("month=12#months$"))
        phone.locator(".months a").last.focus()
        phone.keyboard.press("Tab")
        expect(phone.locator(":focus")).to_have_attribute("href", "/days/2023/12/14/")
        phone.keyboard.press("Enter")
        expect(phone.get_by_role("heading", level=1)).to_have_text("2023年12月14日")


def test_an_article_without_a_title_can_be_opened_from_everywhere(
    client: Client, make_article: MakeArticle
) -> None:
    make_article(title="", published_at=MIDNIGHT)
    untitled = [make_article(title="", published_at=MIDNIGHT) for _ in range(2)]
    rebuild()
    addresses = ["/", "/articles/", "/outlets/paper/", "/days/2023/12/14/", "/search/?q=国安法"]
    for address in addresses:
        page = read(client, address)
        for article in untitled:
            assert re.search(rf'href="/articles/{article.pk}/[^>]*>untitled</a>', page), address


def test_a_day_leads_to_its_year_where_that_has_articles(
    client: Client, make_article: MakeArticle
) -> None:
    make_article(published_at=MIDNIGHT)
    for day, leads in (("2023/12/14", True), ("2023/01/01", True), ("2022/12/14", False)):
        for listed in ("", "?page=1"):
            page = read(client, f"/days/{day}/{listed}")
            assert (f'href="/?year={day[:4]}#archive"' in page) == leads, (day, listed)
