"""The search page: it says how it understood, narrows by links, shows time, and helps out."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, Outlet
from search.finding import find_articles
from search.indexing import rebuild
from search.language import RepairKind
from search.presenting import REPAIRS

from .conftest import MIDNIGHT, MakeArticle

pytestmark = pytest.mark.django_db


def shown(client: Client, query: str, **filters: object) -> html.HtmlElement:
    return at(client, "?" + urlencode({"q": query, **filters}, doseq=True))


def at(client: Client, address: str) -> html.HtmlElement:
    response = client.get("/search/" + address)
    assert response.status_code == 200, address
    return html.fromstring(response.content.decode())


def select(node: html.HtmlElement, selector: str) -> list[html.HtmlElement]:
    """Return what a selector of tags, .classes, [attributes], spaces and commas finds."""
    paths = []
    for alternative in selector.split(", "):
        path = "."
        for step in alternative.split():
            matched = re.fullmatch(r"(\w*)((?:\.[\w-]+)*)(?:\[(.+)\])?", step)
            assert matched, step
            tag, classes, attribute = matched.groups()
            path += f"//{tag or '*'}"
            for name in classes.split(".")[1:]:
                path += f"[contains(concat(' ', @class, ' '), ' {name} ')]"
            if attribute:
                name, _, value = attribute.partition("=")
                path += f"[@{name}='{value}']" if value else f"[@{name}]"
        paths.append(path)
    found: list[html.HtmlElement] = node.xpath(" | ".join(paths))
    return found


def count_on(page: html.HtmlElement) -> int:
    found = re.match(r"\d+", select(page, ".tally")[0].text_content())
    assert found
    return int(found.group())


def links(page: html.HtmlElement, selector: str) -> dict[str, tuple[str, int]]:
    """Return addresses and counts of links by their labels."""
    found = {}
    for link in select(page, selector):
        label, count = (part.text_content() for part in select(link, ".label, .count"))
        found[label] = (link.get("href"), int(count))
    return found


class TestUnderstanding:
    @pytest.mark.parametrize(
        ("query", "understood"),
        [
            ("新闻", None),
            ("新闻　國安法", None),
            ("新闻，国安法", "新闻 国安法"),
            ("“新闻”", '"新闻"'),
            ("新闻 -正文 标题：第", "新闻 -正文 title:第"),
            ("(新闻", "新闻"),
        ],
    )
    def test_is_told_where_it_differs(
        self, client: Client, archive: list[Article], query: str, understood: str | None
    ) -> None:
        told = [code.text for code in select(shown(client, query), ".understood code")]
        assert told == ([understood] if understood else [])

    @pytest.mark.parametrize(
        ("query", "kind", "piece"),
        [
            ('"新闻', RepairKind.UNCLOSED_QUOTE, '"新闻'),
            ("(新闻", RepairKind.UNCLOSED_BRACKET, "("),
            ("新闻)", RepairKind.STRAY_BRACKET, ")"),
            ("新闻 OR", RepairKind.DANGLING_OPERATOR, "OR"),
            ("新闻 date:2023-13", RepairKind.IMPOSSIBLE_DATE, "date:2023-13"),
            ("新闻 " * 400, RepairKind.TOO_LONG, ""),
            (" ".join(f"新{n}" for n in range(70)), RepairKind.TOO_MANY_TERMS, ""),
            ("(" * 70 + "新闻", RepairKind.TOO_DEEP, ""),
        ],
    )
    def test_repairs_are_told(
        self, client: Client, archive: list[Article], query: str, kind: RepairKind, piece: str
    ) -> None:
        notices = [n.text_content() for n in select(shown(client, query), ".notice")]
        assert REPAIRS[kind] % {"piece": piece} in notices

    def test_the_first_thousand_characters_are_searched_for(
        self, client: Client, archive: list[Article]
    ) -> None:
        page = shown(client, "新闻 " * 400 + "没有")
        assert count_on(page) == 100
        assert len(select(page, "input[name=q]")[0].get("value")) <= 1000

    def test_an_outlet_that_is_unknown_is_named(
        self, client: Client, archive: list[Article]
    ) -> None:
        page = shown(client, "新闻 来源:<b>没有")
        assert "<b>没有" in select(page, ".summary .notice")[0].text_content()
        assert count_on(page) == 0


class TestNarrowing:
    @pytest.mark.parametrize(
        "filters",
        [
            {},
            {"outlet": ["outlet-1"]},
            {"outlet": ["outlet-0", "outlet-2"], "after": "2023-12-16", "sort": "newest"},
            {"before": "2023-12-18"},
            {"after": "2023", "before": "2023"},
            {"after": "2030"},
        ],
    )
    def test_links_find_what_they_promise(
        self,
        client: Client,
        archive: list[Article],
        make_article: MakeArticle,
        filters: dict[str, object],
    ) -> None:
        for year in range(3):
            make_article(published_at=MIDNIGHT - timedelta(days=365 * year))
        rebuild()
        page = shown(client, "新闻", **filters)
        facets = links(page, ".facet a")
        assert facets
        for label, (address, count) in facets.items():
            found = at(client, address)
            mine = page.xpath("//a[.//span[text()=$label]]", label=label)[0]
            if mine.get("aria-current"):
                # It takes itself away.
                assert not [
                    link
                    for link in select(found, ".facet a[aria-current]")
                    if select(link, ".label")[0].text == label
                ]
                continue
            is_year = "2023" in label or "2022" in label or "2021" in label
            is_added = bool(filters.get("outlet")) and not is_year
            assert count_on(found) == count + (count_on(page) if is_added else 0), label
            assert found.xpath("//a[@aria-current='true'][.//span[text()=$label]]", label=label)
        chips = select(page, ".chips a")
        assert len(chips) == sum(len(v) if isinstance(v, list) else 1 for v in filters.values())
        for chip in chips:
            assert len(select(at(client, chip.get("href")), ".chips a")) == len(chips) - 1

    def test_facets_count_under_all_other_filters(
        self, client: Client, archive: list[Article]
    ) -> None:
        page = shown(client, "新闻", outlet="outlet-1", before="2023-12-18")
        counts = {label: count for label, (_address, count) in links(page, ".facet a").items()}
        for outlet in Outlet.objects.with_articles():
            there = Article.objects.narrowed(outlets=[outlet], before=date(2023, 12, 18))
            assert counts[outlet.name] == there.count()
        dated = Article.objects.filter(outlet__slug="outlet-1", published_at__year=2023)
        assert [count for label, count in counts.items() if "2023" in label] == [dated.count()]

    def test_many_outlets_are_folded_away(
        self, client: Client, archive: list[Article], make_article: MakeArticle
    ) -> None:
        for number in range(12):
            outlet = Outlet.objects.create(slug=f"more-{number}", name=f"更多{number}")
            make_article(outlet=outlet)
        rebuild()
        facet = select(shown(client, "新闻"), ".facet")[0]
        assert len(facet.xpath("./ul/li")) == 10
        assert len(facet.xpath("./details/ul/li")) == 5

    def test_results_carry_the_search(self, client: Client, archive: list[Article]) -> None:
        links = select(shown(client, "新闻 & “國安法”"), "article.line h2 a")
        for number, link in enumerate(links, start=1):
            address = urlsplit(link.get("href"))
            assert re.fullmatch(r"/articles/\d+/", address.path)
            assert parse_qs(address.query) == {"q": ["新闻 & “國安法”"], "n": [str(number)]}

    def test_can_be_followed(self, client: Client, archive: list[Article]) -> None:
        page = shown(client, "新闻", outlet="outlet-1", sort="oldest", page="2")
        address = select(page, "head link[rel=alternate]")[0].get("href")
        assert address == select(page, ".follow a")[0].get("href")
        feed = client.get(address)
        assert feed.status_code == 200
        assert "报社2" not in feed.content.decode()
        assert "则新闻" in feed.content.decode()

    def test_the_last_page_is_one_link_away(self, client: Client, archive: list[Article]) -> None:
        page = shown(client, "新闻", sort="oldest")
        last = select(page, "nav.pages ol a")[-1]
        end = at(client, last.get("href"))
        assert select(end, "nav.pages [aria-current]")[0].text == "5"
        assert not select(end, "nav.pages [rel=next]")
        found = find_articles("新闻", page=5)
        assert len(select(end, "article.line")) == len(found.results) == 20


class TestTimeline:
    def test_bars_find_what_they_promise(self, client: Client, archive: list[Article]) -> None:
        page = shown(client, "新闻 来源:outlet-1", before="2023-12-25")
        bars = select(page, ".timeline svg a")
        published = Article.objects.narrowed(
            outlets=[Outlet.objects.get(slug="outlet-1")], before=date(2023, 12, 25)
        )
        days = {timezone.localdate(a.published_at) for a in published if a.published_at}
        assert len(bars) == len(days)
        total = 0
        for bar in bars:
            count = int(re.findall(r"(\d+)", bar.get("aria-label"))[-1])
            total += count
            narrowed = at(client, bar.get("href"))
            assert count_on(narrowed) == count
            assert not select(narrowed, ".timeline")
        assert total == count_on(page) == published.count()

    def test_what_was_not_archived_looks_different(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        other = Outlet.objects.create(slug="other", name="晚报")
        for day in (0, 1, 4, 6):
            make_article(published_at=MIDNIGHT + timedelta(days=day), title="新闻")
        make_article(published_at=MIDNIGHT + timedelta(days=2), title="别的", text="别的")
        make_article(published_at=MIDNIGHT + timedelta(days=3), outlet=other, title="新闻")
        rebuild()

        def states(**filters: str) -> str:
            page = shown(client, "title:新闻", **filters)
            cells = [cell.text_content() for cell in select(page, ".timeline td")]
            drawn = select(page, "figure svg")[0]
            gaps = drawn.xpath("./*[contains(@class, 'unarchived')]")
            assert len(gaps) == sum(not cell.isdigit() for cell in cells)
            return "".join(cell if cell.isdigit() else "-" for cell in cells)

        assert states() == "11011-1"
        assert states(outlet="paper") == "110-1-1"
        assert states(after="2023-12-12", before="2023-12-22") == "--11011-1--"
        page = shown(client, "title:新闻 来源:晨报")
        assert [td.text for td in select(page, ".timeline td")][3] not in ("0", "1")

    def test_a_hundred_years_are_not_a_hundred_links(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        for year in range(80):
            make_article(published_at=MIDNIGHT - timedelta(days=365 * year))
        rebuild()
        page = shown(client, "新闻")
        assert len(select(page, ".timeline svg a")) == 9
        assert len(select(page, ".timeline tbody tr")) <= 62


class TestWaysOut:
    def test_did_you_mean(self, client: Client, make_article: MakeArticle) -> None:
        for number in range(4):
            make_article(title=f"香港国安法{number}")
        rebuild()
        link = select(shown(client, "国按法 香港"), "a.corrected")[0]
        assert link.text == "国安法 香港"
        found = at(client, link.get("href"))
        assert count_on(found) == 4
        assert not select(found, "a.corrected")

    def test_what_is_missing_and_what_helps(self, client: Client, archive: list[Article]) -> None:
        page = shown(client, "新闻 火星", outlet="outlet-1", after="2023-12-16")
        rows = {
            select(row, "th")[0].text_content(): [td.text for td in select(row, "td")]
            for row in select(page, ".nothing tbody tr")
        }
        narrowed = shown(client, "新闻", outlet="outlet-1", after="2023-12-16")
        assert rows == {"新闻": [str(count_on(narrowed)), "100"], "火星": ["0", "0"]}
        ways = select(page, ".ways-out li")
        assert ways
        for way in ways:
            found = at(client, select(way, "a")[0].get("href"))
            promised = re.match(r"\d+", select(way, ".count")[0].text_content())
            assert promised
            assert count_on(found) == int(promised.group()) > 0

    def test_a_filter_that_is_in_the_way(self, client: Client, archive: list[Article]) -> None:
        page = shown(client, '"新闻的正文"', after="2090", sort="oldest")
        way = select(page, ".ways-out a")[0]
        assert parse_qs(urlsplit(way.get("href")).query) == {
            "q": ['"新闻的正文"'],
            "sort": ["oldest"],
        }
        assert count_on(at(client, way.get("href"))) == 100

    def test_nothing_is_asked_of_the_database_a_word_at_a_time(
        self, client: Client, archive: list[Article]
    ) -> None:
        with CaptureQueriesContext(connection) as captured:
            shown(client, "火星 " + " ".join(f"词{n}" for n in range(40)), outlet="outlet-1")
        assert len(captured) <= 8


class TestSuggestions:
    def suggested(self, client: Client, typed: str) -> tuple[list[str], list[str]]:
        response = client.get("/search/suggest", {"q": typed})
        assert response.status_code == 200
        found = response.json()
        assert set(found) == {"terms", "titles"}
        assert len(found["terms"]) <= 5
        assert len(found["titles"]) <= 5
        for title in found["titles"]:
            assert client.get(title["url"]).status_code == 200
        return found["terms"], [title["title"] for title in found["titles"]]

    @pytest.fixture(autouse=True)
    def _archive(self, make_article: MakeArticle) -> None:
        for number, title in enumerate(["香港國安法", "香港国安法生效", "NATO<b>峰会", "国际"]):
            make_article(title=title, text=title, published_at=MIDNIGHT + timedelta(days=number))
        rebuild()

    def test_complete_what_is_typed(self, client: Client) -> None:
        terms, titles = self.suggested(client, "香港 国")
        assert {"香港 国安法", "香港 国际"} <= set(terms)
        assert titles == []
        terms, titles = self.suggested(client, "國安")
        assert terms == ["国安法"]
        assert titles == ["香港国安法生效", "香港國安法"]
        terms, titles = self.suggested(client, "香港国安")
        assert terms == ["香港国安法"]
        assert len(titles) == 2
        assert self.suggested(client, "na")[0] == ["nato"]
        assert self.suggested(client, "nato")[1] == ["NATO<b>峰会"]

    @pytest.mark.parametrize(
        "typed",
        ["", " ", "。", '"', "-", "title:", "(((", "\x00", "香港 ", "国" * 5000, "😀", "a OR", "%"],
    )
    def test_nothing_breaks_them(self, client: Client, typed: str) -> None:
        self.suggested(client, typed)

    def test_are_empty_without_an_index(self, client: Client, index_folder: Path) -> None:
        shutil.rmtree(index_folder)
        assert self.suggested(client, "国") == ([], [])


@pytest.fixture
def open_page(
    browser: Browser, live_server: LiveServer, transactional_db: None
) -> Iterator[Callable[..., Page]]:
    """Opens a window: ``open_page(java_script_enabled=…)``; in the end nothing was complained."""
    complaints: list[str] = []
    contexts = []

    def open_one(**options: object) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="zh-CN", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.django_db(transaction=True)
class TestInABrowser:
    def test_a_search_without_a_mouse(
        self, open_page: Callable[..., Page], archive: list[Article]
    ) -> None:
        page = open_page()
        page.goto("/")
        field = page.locator("input[name=q]")
        field.focus()
        page.keyboard.type("国安")
        options = page.get_by_role("option")
        expect(options.first).to_have_text("国安法")
        page.keyboard.press("Escape")
        expect(options).to_have_count(0)
        expect(field).to_have_value("国安")
        page.keyboard.press("Backspace")
        expect(options.first).to_be_visible()
        page.keyboard.type("安")
        expect(options).to_have_count(1)
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(field).to_have_attribute("aria-activedescendant", "suggestions-top-0")
        expect(options.first).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        expect(page.locator("mark").first).to_have_text("國安法")
        assert parse_qs(urlsplit(page.url).query) == {"q": ["国安法"]}

        bar = page.locator(".timeline svg a").first
        for _ in range(30):
            page.keyboard.press("Tab")
            if bar.evaluate("bar => bar === document.activeElement"):
                break
        expect(bar).to_be_focused()
        assert (
            bar.locator(".reach").evaluate("it => getComputedStyle(it).fill") != "rgba(0, 0, 0, 0)"
        )
        label = bar.get_attribute("aria-label") or ""
        page.keyboard.press("Enter")
        expect(page.locator(".chips a")).to_have_count(2)
        expect(page.locator(".tally")).to_contain_text(label.partition("：")[2])

    def test_a_title_that_is_suggested_is_opened(
        self, open_page: Callable[..., Page], archive: list[Article]
    ) -> None:
        page = open_page()
        page.goto("/search/")
        page.locator("input[name=q]").fill("第42")
        page.get_by_role("option", name="第42则新闻").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("第42则新闻")

    def test_a_search_without_javascript_on_a_phone(
        self, open_page: Callable[..., Page], archive: list[Article]
    ) -> None:
        page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 740})
        page.goto("/search/?q=" + quote("“国安法” 新闻"))
        expect(page.locator(".facet").first).to_be_hidden()
        page.locator(".refine > summary").click()
        page.locator(".facet a", has_text="报社1").click()
        page.locator(".refine > summary").click()
        page.locator(".facet a", has_text="2023").click()
        expect(page.locator(".chips a")).to_have_count(3)
        assert set(page.locator(".source a").all_inner_texts()) == {"报社1"}
        assert page.locator("html").evaluate("it => it.scrollWidth") <= 360
        page.locator("select[name=sort]").select_option("newest")
        page.locator(".search-line button").click()
        expect(page.locator(".chips a")).to_have_count(4)
        page.locator("article.line h2 a").first.click()
        page.go_back()
        expect(page.locator(".chips a")).to_have_count(4)
        page.locator(".chips a").last.click()
        expect(page.locator(".chips a")).to_have_count(3)

    def test_a_researcher_s_way_there_and_back(
        self, open_page: Callable[..., Page], archive: list[Article]
    ) -> None:
        page = open_page(viewport={"width": 1280, "height": 600})
        page.goto("/")
        page.locator("input[name=q]").fill("“国安法” 新闻")
        page.keyboard.press("Enter")
        page.locator(".facet a", has_text="报社1").click()
        page.locator(".facet a", has_text="2023").click()
        expect(page.locator(".chips a")).to_have_count(3)
        hit = page.locator("article.line h2 a").nth(12)
        hit.scroll_into_view_if_needed()
        narrowed, place = page.url, page.evaluate("scrollY")
        assert place > 0
        hit.click()
        expect(page.locator(".matches .next")).to_be_visible()
        page.keyboard.press("n")
        page.keyboard.press("n")
        expect(page.locator("#match-2")).to_have_class("match current")
        page.go_back()
        expect(page).to_have_url(narrowed)
        page.wait_for_function("place => Math.abs(scrollY - place) < 5", arg=place)
