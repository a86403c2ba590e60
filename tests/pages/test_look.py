"""The looks of the reading pages: theme, outlet colours, small screens, paper, weight, privacy."""

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from articles.templatetags.outlets import COLOURS, colour_number

from .conftest import MakeArticle

ROOT = Path(__file__).parents[2]
LIGHT, DARK = "rgb(251, 249, 244)", "rgb(23, 21, 19)"
WHITE = "rgb(255, 255, 255)"


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A browser without scripts."""
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", java_script_enabled=False
    )
    yield context
    context.close()


@pytest.fixture
def reader(context: BrowserContext) -> Page:
    """A page of that browser."""
    return context.new_page()


def kinds_of_pages(archive: list[Article]) -> list[str]:
    article = archive[0].get_absolute_url()
    return [
        "/",
        "/articles/",
        "/articles/?after=nonsense&page=nonsense",
        "/days/2023/12/14/",
        "/outlets/",
        "/outlets/outlet-1/",
        article,
        f"{article}?q=国安法",
        "/search/",
        "/search/?q=新闻",
        "/search/?q=没有这个词",
        "/api/docs",
        "/nothing/",
    ]


@pytest.mark.django_db
class TestSamePages:
    def test_a_page_is_the_same_twice(self, archive: list[Article]) -> None:
        for address in kinds_of_pages(archive):
            first, second = (Client().get(address) for _ in range(2))
            assert first.content == second.content, address
            assert "csrfmiddlewaretoken" not in first.content.decode(), address

    def test_caches_know_that_cookies_decide(self, archive: list[Article]) -> None:
        for address in kinds_of_pages(archive):
            assert "Cookie" in Client().get(address)["Vary"], address


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def choose(page: Page, theme: str) -> None:
    with page.expect_navigation():
        page.locator(f"button[value={theme}]").click()


class TestTheme:
    @pytest.mark.django_db
    @pytest.mark.parametrize("cookie", ["", "auto", "pink", '"><script>', "dark "])
    def test_a_strange_choice_is_no_choice(self, client: Client, cookie: str) -> None:
        client.cookies["theme"] = cookie
        page = client.get("/").content.decode()
        assert "data-theme" not in page
        assert page.count("theme-color") == 2
        assert re.findall(r'value="(\w+)" aria-current', page.split('name="theme"', 1)[1]) == [
            "auto"
        ]

    def test_follows_the_system_until_the_reader_chooses(
        self, reader: Page, transactional_db: None, archive: list[Article]
    ) -> None:
        reader.emulate_media(color_scheme="dark")
        reader.goto("/outlets/")
        assert background(reader) == DARK
        for theme, colour in (("light", LIGHT), ("dark", DARK), ("auto", DARK)):
            choose(reader, theme)
            expect(reader).to_have_url(re.compile("/outlets/$"))
            assert background(reader) == colour
            reader.goto("/search/?q=新闻")
            assert background(reader) == colour
            chosen = reader.locator("button[name=theme][aria-current]")
            expect(chosen).to_have_attribute("value", theme)
            reader.goto("/outlets/")
        reader.emulate_media(color_scheme="light")
        assert background(reader) == LIGHT

    def test_a_chosen_theme_reaches_browsers_own_parts(
        self, reader: Page, transactional_db: None
    ) -> None:
        reader.goto("/")
        choose(reader, "dark")
        scheme = "getComputedStyle(document.querySelector('input')).colorScheme"
        assert reader.evaluate(scheme) == "dark"
        [colour] = reader.locator("meta[name=theme-color]").all()
        assert colour.get_attribute("content") == "#1e1b18"


class TestOutletColours:
    def test_are_for_good(self) -> None:
        assert {slug: colour_number(slug) for slug in ("rfi", "bbc", "晨报")} == {
            "rfi": 1,
            "bbc": 11,
            "晨报": 7,
        }

    def test_can_be_read_in_both_themes_and_told_apart(
        self, reader: Page, transactional_db: None, make_article: MakeArticle
    ) -> None:
        reader.goto(make_article().get_absolute_url())
        for scheme in ("light", "dark"):
            reader.emulate_media(color_scheme=scheme)
            colours = reader.evaluate(OUTLET_COLOURS, COLOURS)
            assert len({tuple(rgb) for rgb in colours}) == COLOURS
            for rgb in colours:
                for paper in ("--paper", "--sheet"):
                    assert contrast(rgb, reader.evaluate(PAINTED, f"var({paper})")) >= 4.5


PAINTED = """colour => {
    const element = document.querySelector('.kicker a');
    element.style.color = colour;
    const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    pen.fillStyle = getComputedStyle(element).color;
    element.style.color = '';
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""
OUTLET_COLOURS = f"""count => Array.from({{length: count}}, (_, number) => {{
    document.querySelector('.kicker a').className = `outlet outlet-${{number}}`;
    return ({PAINTED})('');
}})"""


def contrast(one: list[int], other: list[int]) -> float:
    """The contrast of two colours in sRGB (WCAG 2.2, "contrast ratio")."""

    def luminance(rgb: list[int]) -> float:
        parts = [value / 255 for value in rgb]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


class TestSizes:
    def test_letters_of_twice_the_size_fit_the_screen(
        self, reader: Page, live_server: LiveServer, archive: list[Article]
    ) -> None:
        reader.set_viewport_size({"width": 640, "height": 800})
        cookie = {"name": "django_language", "value": "en", "url": live_server.url}
        reader.context.add_cookies([cookie])  # type: ignore[list-item]
        for address in kinds_of_pages(archive):
            reader.goto(address)
            reader.evaluate("document.documentElement.style.fontSize = '200%'")
            assert reader.evaluate("document.documentElement.scrollWidth") <= 640, address

    def test_what_is_pressed_is_large_enough_for_a_finger(
        self, reader: Page, live_server: LiveServer, archive: list[Article]
    ) -> None:
        reader.set_viewport_size({"width": 360, "height": 700})
        reader.goto("/articles/")
        targets = reader.locator("header :is(a, button, input), main :is(button, select, input)")
        for target in [*targets.all(), *reader.locator(".colophon button").all()]:
            box = target.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 24, target.inner_html()

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_on_paper_there_is_the_article_alone(
        self, reader: Page, live_server: LiveServer, make_article: MakeArticle, theme: str
    ) -> None:
        article = make_article(title="要印的文章", body="<p>正文。</p>")
        cookie = {"name": "theme", "value": theme, "url": live_server.url}
        reader.context.add_cookies([cookie])  # type: ignore[list-item]
        reader.emulate_media(media="print")
        reader.goto(article.get_absolute_url())
        expect(reader.locator("h1")).to_be_visible()
        expect(reader.locator("main")).to_contain_text(article.original_url, use_inner_text=True)
        for left_out in (".sections", ".quick-search", ".colophon .choices", ".doors", ".skip"):
            expect(reader.locator(left_out)).to_be_hidden()
        assert reader.evaluate("getComputedStyle(document.querySelector('.body')).color") == (
            "rgb(0, 0, 0)"
        )
        assert background(reader) == WHITE


@pytest.mark.django_db
def test_scripts_and_styles_are_light(
    archive: list[Article], settings: Settings, tmp_path: Path
) -> None:
    """All that readers load together, compressed as the production server sends it."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin"])
    client = Client(headers={"accept-encoding": "gzip"})
    files = set()
    for address in kinds_of_pages(archive):
        page = Client().get(address).content.decode()
        files |= set(re.findall(r'(?:src|href)="(/static/[^"]+\.(?:css|js))"', page))
    sizes = {file: len(client.get(file).getvalue()) for file in files}
    assert {"newsarchive", "suggest", "marks"} <= {
        file.split("/")[2].split(".")[0] for file in files
    }
    assert sum(sizes.values()) < 50_000, sizes


HOSTILE = """
<p background="https://spy.example/background">一 <img src="https://spy.example/a.gif"
srcset="https://spy.example/b.gif 2x" alt="一图"><a href="https://spy.example/a" ping="https://spy.example/ping">链接</a></p>
<link rel="preconnect" href="https://spy.example/"><link rel="dns-prefetch" href="//spy.example">
<link rel="stylesheet" href="https://spy.example/c.css"><link rel="prefetch" href="https://spy.example/d">
<style>@import "https://spy.example/e.css"; p {background: url(https://spy.example/f.gif)}</style>
<div style="background: url(https://spy.example/g.gif)">二</div>
<picture><source srcset="https://spy.example/h.webp"><img src="https://spy.example/h.gif"></picture>
<video poster="https://spy.example/i.gif" src="https://spy.example/i.mp4" autoplay></video>
<audio src="https://spy.example/j.mp3" autoplay></audio><embed src="https://spy.example/k">
<object data="https://spy.example/l"></object><iframe src="https://spy.example/m"></iframe>
<svg><image href="https://spy.example/n.gif"/><use href="https://spy.example/o.svg#x"/></svg>
<form action="https://spy.example/p"><input type="image" src="https://spy.example/q.gif"></form>
<meta http-equiv="refresh" content="0; url=https://spy.example/r"><base href="https://spy.example/">
<script src="https://spy.example/s.js"></script><bgsound src="https://spy.example/t.wav">
<table background="https://spy.example/u.gif"><tr><td>三 紙鳶</td></tr></table>
"""


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A proxy that leads nowhere: its address, and what it was asked for."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode("latin-1").strip())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}", asked
        server.shutdown()


def not_by_chromium(asked: list[str]) -> set[str]:
    """The hosts that were asked for, but those that Chromium asks for its own purposes."""
    hosts = {line.split()[1].removeprefix("http://").split("/")[0] for line in asked}
    own = (".googleapis.com:443", ".google.com:443", ".gvt1.com")
    return {host.split(":")[0] for host in hosts if not host.endswith(own)}


class TestPrivacy:
    """Whatever a browser asks of other hosts, connections in advance too, goes by a proxy."""

    @pytest.fixture
    def hostile(
        self,
        archive: list[Article],
        write_article: Callable[..., Path],
        tmp_path: Path,
    ) -> Article:
        for number in range(3):
            write_article(
                tmp_path / "articles" / "rfi" / f"{number}.md",
                title=f"紙鳶的新闻{number}",
                url=f"https://www.rfi.fr/cn/{number}",
                body=HOSTILE,
            )
        call_command("import_articles", tmp_path, "--json", stdout=StringIO())
        return Article.objects.get(title="紙鳶的新闻1")

    @pytest.mark.django_db(transaction=True)
    def test_a_reader_asks_nobody_but_the_archive(
        self,
        browser: Browser,
        live_server: LiveServer,
        hostile: Article,
        elsewhere: tuple[str, list[str]],
    ) -> None:
        proxy, asked = elsewhere
        context = browser.new_context(
            base_url=live_server.url, proxy={"server": proxy, "bypass": "localhost"}
        )
        requests: list[str] = []
        context.on("request", lambda request: requests.append(request.url))
        page = context.new_page()
        page.set_default_timeout(10_000)
        for address in kinds_of_pages([hostile]):
            page.goto(address)
        page.goto("/")
        page.locator("nav.sections a").last.click()
        page.get_by_role("link", name="法广").first.click()
        page.get_by_role("link", name=hostile.title).first.click()
        expect(page.locator(".body")).to_contain_text("二")
        page.mouse.wheel(0, 5000)
        page.locator(".kicker a").click()
        page.locator("input[name=q]").press_sequentially("紙鳶")
        expect(page.locator(".suggestions li").first).to_be_visible()
        page.keyboard.press("Enter")
        page.locator("#results h2 a").first.click()
        expect(page.locator("mark").first).to_have_text("紙鳶")
        page.go_back()
        feed = page.locator("main a[type='application/atom+xml']")
        assert "<entry>" in page.request.get(feed.get_attribute("href") or "").text()
        feed.click()
        page.wait_for_load_state("networkidle")
        assert len(requests) > 20
        assert {url for url in requests if not url.startswith(live_server.url)} == set()
        assert not_by_chromium(asked) == set()

        # The reader may ask: then, and only then, the pictures are fetched.
        page.goto(f"{hostile.get_absolute_url()}?pictures=1")
        page.wait_for_load_state("networkidle")
        assert not_by_chromium(asked) == {"spy.example"}
        context.close()
