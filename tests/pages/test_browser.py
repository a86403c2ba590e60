"""A person with a browser: reading, searching, on a phone, by keyboard, in the admin."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, Outlet
from search.indexing import follow_changes, rebuild

pytestmark = pytest.mark.django_db(transaction=True)

MIDNIGHT = datetime(2023, 12, 13, 16, tzinfo=UTC)
PICTURES = (
    '<p>有图的正文。</p><figure><img src="https://pictures.example/secure.jpg" alt="安全的图" '
    'width="2000" height="900"><figcaption>说明</figcaption></figure>'
    '<p><img src="http://pictures.example/plain.jpg" alt="不安全的图"></p>'
    '<p><a href="https://other.example/" rel="noopener noreferrer nofollow">'
    '<img src="https://pictures.example/linked.jpg" alt="链接里的图"></a></p>'
)
WIDE = (
    "<h2>" + "x" * 300 + "</h2><p>" + "y" * 400 + "</p><pre>" + "z" * 300 + "</pre>"
    "<table><tr>" + "<td>一个单元格的内容</td>" * 15 + "</tr></table>"
    "<blockquote><p>https://paper.example/" + "long-" * 60 + "</p></blockquote>"
    "<ul><li><ul><li><ul><li><ul><li>深" + "w" * 200 + "</li></ul></li></ul></li></ul></li></ul>"
)


@dataclass
class Visit:
    """A page, and all that a browser complained about or asked for while it was used."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer) -> Iterator[Visit]:
    """A browser window on the archive; in the end nothing was complained about or asked abroad."""
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(10_000)
    visit = Visit(page)

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.complaints.append(f"{message.text} ({page.url})")

    def note(request: Request) -> None:
        visit.requests.append(request.url)

    page.on("console", hear)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    context.on("request", note)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', event => "
        "console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )
    yield visit
    context.close()
    assert visit.complaints == []
    assert {url for url in visit.requests if not url.startswith(live_server.url)} == set()


@pytest.fixture
def readable(transactional_db: None, archive: list[Article]) -> list[Article]:
    """The archive, and an article with remote pictures and one that is too wide."""
    outlet = archive[0].outlet
    for number, (title, body) in enumerate([("有图的新闻", PICTURES), ("很宽的新闻" * 20, WIDE)]):
        article = Article.objects.create(
            outlet=outlet,
            title=title,
            url=f"https://paper.example/extra-{number}",
            original_url="https://paper.example/" + "very-long-" * 30,
            published_at=MIDNIGHT + timedelta(days=100 + number),
            byline="记者" * 60,
            body=body,
            text=title,
            lead=title + "a" * 80,
        )
        archive.append(article)
    Outlet.objects.create(slug="long", name="名" * 100 + "n" * 100)
    rebuild()
    return archive


def with_pictures() -> Article:
    return Article.objects.get(title="有图的新闻")


def every_address(articles: list[Article]) -> list[str]:
    return [
        "/",
        "/articles/",
        "/articles/?page=2&outlet=outlet-1&after=2023",
        "/articles/?after=nonsense&page=nonsense",
        "/outlets/",
        "/outlets/outlet-1/",
        "/days/2023/12/15/",
        "/days/1999/01/01/",
        articles[0].get_absolute_url(),
        *(article.get_absolute_url() for article in articles[-2:]),
        "/search/",
        "/search/?q=新闻",
        "/search/?q=新闻&outlet=outlet-1&after=2023&sort=oldest&page=2",
        "/search/?q=没有这个词",
        "/search/?q=" + "x" * 300,
        "/search/?q=。",
    ]


class TestReading:
    def test_a_walk_through_the_archive(self, visit: Visit, readable: list[Article]) -> None:
        page = visit.page
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        first = page.locator("article.line").first.get_by_role("link").first
        title = first.inner_text()
        first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        article = Article.objects.get(pk=int(urlsplit(page.url).path.split("/")[2]))

        page.locator("article.reading header .source a").click()
        expect(page).to_have_url(re.compile("/days/"))
        expect(page.locator("main")).to_contain_text(title)
        page.go_back()
        page.locator(".kicker a").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(article.outlet.name)

        page.get_by_role("combobox", name="搜索").fill("国安法")
        page.get_by_role("combobox", name="搜索").press("Enter")
        expect(page).to_have_url(re.compile(r"/search/\?q="))
        expect(page.locator("mark").first).to_have_text("國安法")
        expect(page.get_by_role("combobox", name="搜索")).to_have_value("国安法")

        page.locator("select[name=outlet]").select_option("outlet-1")
        page.locator("input[name=before]").fill("2023-12-20")
        page.locator("select[name=sort]").select_option("oldest")
        page.get_by_role("search").get_by_role("button").click()
        expect(page.locator("select[name=outlet]")).to_have_value("outlet-1")
        expect(page.locator("input[name=before]")).to_have_value("2023-12-20")
        assert set(page.locator(".source a").all_inner_texts()) == {"报社1"}

        hit = page.locator("article.line h2 a").first
        found = hit.inner_text()
        hit.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(found)

    def test_filtering_and_paging(self, visit: Visit, readable: list[Article]) -> None:
        page = visit.page
        page.goto("/articles/")
        page.locator("select[name=outlet]").select_option("outlet-2")
        page.locator("input[name=after]").fill("2023-12-01")
        page.locator("main").get_by_role("button").last.click()
        expect(page.locator("select[name=outlet]")).to_have_value("outlet-2")
        seen: list[str] = []
        while True:
            seen += page.locator("article.line h3").all_inner_texts()
            older = page.locator("nav.pages a[rel=next]")
            if not older.count():
                break
            older.click()
            page.wait_for_load_state()
        expected = {
            article.title
            for article in readable
            if article.outlet.slug == "outlet-2" and article.published_at
        }
        assert len(seen) == len(set(seen))
        assert set(seen) == expected

    def test_filters_that_were_left_open_narrow_nothing(
        self, visit: Visit, readable: list[Article]
    ) -> None:
        visit.page.goto("/articles/")
        visit.page.locator("main").get_by_role("button").last.click()
        visit.page.wait_for_load_state()
        assert visit.page.locator("article.line").count() == 30
        assert visit.page.locator("[role=alert]").count() == 0

    def test_every_page_is_quiet(self, visit: Visit, readable: list[Article]) -> None:
        for address in every_address(readable):
            response = visit.page.goto(address)
            assert response
            assert response.status == 200
            assert visit.page.evaluate("document.styleSheets.length") > 0
        visit.page.goto("/articles/")
        assert visit.requests

    def test_error_pages_look_like_the_site(self, visit: Visit, readable: list[Article]) -> None:
        response = visit.page.goto("/nothing/")
        assert response
        assert response.status == 404
        expect(visit.page.locator(".masthead")).to_be_visible()
        # The browser itself reports the answer's status.
        visit.complaints[:] = [text for text in visit.complaints if "404 (Not Found)" not in text]


class TestPhone:
    @pytest.mark.parametrize("width", [320, 360])
    def test_nothing_scrolls_sideways(
        self, visit: Visit, readable: list[Article], width: int
    ) -> None:
        visit.page.set_viewport_size({"width": width, "height": 700})
        wide = {}
        for address in [*every_address(readable), "/nothing/"]:
            visit.page.goto(address)
            scrolled = visit.page.evaluate("document.documentElement.scrollWidth")
            if scrolled > width:
                wide[address] = scrolled
        visit.complaints[:] = [text for text in visit.complaints if "404 (Not Found)" not in text]
        assert wide == {}

    def test_an_article_with_its_pictures_does_not_either(
        self, visit: Visit, readable: list[Article]
    ) -> None:
        page = visit.page
        page.context.route(
            "https://pictures.example/**",
            lambda route: route.fulfill(
                body='<svg xmlns="http://www.w3.org/2000/svg" width="3000" height="10"/>',
                content_type="image/svg+xml",
            ),
        )
        page.set_viewport_size({"width": 360, "height": 700})
        page.goto(with_pictures().get_absolute_url() + "?pictures=1")
        page.wait_for_load_state("networkidle")
        assert page.locator("main img").count() == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        visit.requests.clear()
        visit.complaints.clear()


class TestKeyboard:
    @pytest.mark.parametrize("address", ["/", "/articles/", "/outlets/", "/search/?q=新闻"])
    def test_tab_comes_to_the_skip_link_first(
        self, visit: Visit, readable: list[Article], address: str
    ) -> None:
        page = visit.page
        page.goto(address)
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_class("skip")
        expect(focused).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("#content$"))
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")

    def test_everything_that_can_be_focused_shows_it(
        self, visit: Visit, readable: list[Article]
    ) -> None:
        page = visit.page
        page.goto("/search/?q=新闻")
        seen = set()
        for _ in range(15):
            page.keyboard.press("Tab")
            style = page.evaluate(
                "[getComputedStyle(document.activeElement).outlineStyle, "
                "document.activeElement.outerHTML.slice(0, 60)]"
            )
            # A date field shows the focus on its year, month or day.
            assert style[0] != "none" or 'type="date"' in style[1], style[1]
            seen.add(style[1])
        assert len(seen) > 8


class TestPictures:
    def test_are_not_asked_for(self, visit: Visit, readable: list[Article]) -> None:
        visit.page.goto(with_pictures().get_absolute_url())
        visit.page.wait_for_load_state("networkidle")
        assert visit.page.locator("main img").count() == 0
        expect(visit.page.locator(".body .picture").first).to_have_text("安全的图")

    def test_are_asked_for_when_the_reader_asks(
        self, visit: Visit, readable: list[Article]
    ) -> None:
        page = visit.page
        headers: list[dict[str, str]] = []

        def refuse(route: Route) -> None:
            headers.append(route.request.all_headers())
            route.abort()

        page.context.route(lambda url: "pictures.example" in url, refuse)
        page.goto(with_pictures().get_absolute_url())
        page.locator(".notice a").click()
        page.wait_for_load_state("networkidle")
        foreign = {url for url in visit.requests if "localhost" not in urlsplit(url).netloc}
        assert foreign - {"http://pictures.example/plain.jpg"} == {
            "https://pictures.example/secure.jpg",
            "https://pictures.example/linked.jpg",
        }
        assert all("referer" not in sent and "cookie" not in sent for sent in headers)
        assert not any("plain" in sent.get(":path", "") for sent in headers)
        expect(page.locator(".body img").first).to_have_attribute("alt", "安全的图")
        visit.requests.clear()
        visit.complaints.clear()


@pytest.fixture
def desk(visit: Visit, readable: list[Article]) -> Page:
    """The admin, logged in through its form."""
    User.objects.create_superuser("editor", password="a long password")
    page = visit.page
    page.goto("/admin/")
    page.locator("[name=username]").fill("editor")
    page.locator("[name=password]").fill("a long password")
    page.locator("[type=submit]").click()
    expect(page.locator("#user-tools")).to_be_visible()
    return page


class TestAdmin:
    def test_an_article_is_edited_and_then_found(self, desk: Page, readable: list[Article]) -> None:
        article = readable[0]
        desk.goto(f"/admin/articles/article/{article.pk}/change/")
        desk.locator("[name=title]").fill("编辑改过的标题")
        desk.locator("[name=body]").fill(
            "<p>编辑改过的正文<script>alert(1)</script><img src=x onerror=alert(2)></p>"
        )
        desk.locator("[name=_save]").first.click()
        expect(desk.locator(".messagelist .success")).to_be_visible()
        article.refresh_from_db()
        assert article.title == "编辑改过的标题"
        assert "script" not in article.body
        assert "onerror" not in article.body
        assert article.edited_at
        follow_changes()
        desk.goto("/search/?q=编辑改过的正文")
        expect(desk.locator("article.line h2")).to_have_text("编辑改过的标题")

    def test_an_outlet_is_chosen_by_typing(self, desk: Page, readable: list[Article]) -> None:
        article = readable[0]
        desk.goto(f"/admin/articles/article/{article.pk}/change/")
        desk.locator(".field-outlet .select2-selection").click()
        desk.locator(".select2-search__field").fill("报社2")
        desk.locator(".select2-results__option", has_text="报社2").click()
        desk.locator("[name=_continue]").first.click()
        expect(desk.locator(".messagelist .success")).to_be_visible()
        article.refresh_from_db()
        assert article.outlet.name == "报社2"

    def test_an_article_is_deleted(self, desk: Page, readable: list[Article]) -> None:
        pk = readable[0].pk
        desk.goto(f"/admin/articles/article/{pk}/delete/")
        desk.locator("#content [type=submit]").click()
        expect(desk.locator(".messagelist .success")).to_be_visible()
        assert not Article.objects.filter(pk=pk).exists()

    def test_every_page_is_quiet(
        self,
        desk: Page,
        visit: Visit,
        readable: list[Article],
        make_article: Callable[..., Article],
    ) -> None:
        captured = make_article(title="有原件", published_at=MIDNIGHT)
        capture = captured.captures.get()
        outlet = readable[0].outlet
        for address in (
            "/admin/",
            "/admin/articles/",
            "/admin/articles/article/",
            "/admin/articles/article/?q=新闻&has_newer_capture__exact=0",
            "/admin/articles/article/?published_at__year=2023",
            "/admin/articles/article/add/",
            f"/admin/articles/article/{captured.pk}/change/",
            f"/admin/articles/article/{captured.pk}/history/",
            f"/admin/articles/article/{captured.pk}/delete/",
            "/admin/articles/capture/",
            f"/admin/articles/capture/{capture.pk}/change/",
            "/admin/articles/importrun/",
            "/admin/articles/importproblem/",
            "/admin/articles/pendingchange/",
            "/admin/articles/outlet/",
            f"/admin/articles/outlet/{outlet.pk}/change/",
            "/admin/auth/user/",
            "/admin/auth/user/add/",
            "/admin/password_change/",
            "/admin/articles/auditentry/",
        ):
            response = desk.goto(address)
            assert response
            assert response.status == 200, address
        assert visit.requests
