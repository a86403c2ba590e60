"""axe-core finds nothing on any page: WCAG 2.2 A and AA and best practice, by every theme."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, Capture, ImportProblem, ImportRun
from search.indexing import rebuild

from .conftest import MIDNIGHT, MakeArticle

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Axe()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BODY = (
    "<p>昨日<a href='https://other.example/'>消息</a>，國安法，<em>強調</em>，<code>f-35</code>。</p>"
    "<h2>第一節</h2><ul><li>一</li></ul><h3>小節</h3><ol><li>二</li></ol>"
    "<blockquote><p>一段引文。</p></blockquote><pre>x = 1</pre><hr>"
    "<figure><img src='https://pictures.example/1.jpg' alt='圖'>"
    "<figcaption>說明</figcaption></figure>"
    "<table><caption>表</caption><tr>" + "<th scope='col'>欄目名稱</th>" * 20 + "</tr>"
    "<tr>" + "<td>一個很長的單元格</td>" * 20 + "</tr></table>"
)


@pytest.fixture
def addresses(archive: list[Article], make_article: MakeArticle) -> dict[str, str]:
    """Pages of every kind, by what they are."""
    for number in range(3):
        rich = make_article(
            title=f"講國安法的文章{number}",
            body=BODY,
            text="昨日消息，國安法，強調，f-35。",
            byline="記者",
            published_at=MIDNIGHT,
        )
    Capture.objects.create(
        article=rich,
        sha256="f" * 64,
        content=Capture.compress(b"other"),
        size=5,
        source_path="articles/paper/other.md",
        format="archive",
    )
    rebuild()
    Article.objects.filter(pk=rich.pk).update(edited_at=MIDNIGHT)
    article = rich.get_absolute_url()
    return {
        "front": "/",
        "list": "/articles/?page=2&outlet=outlet-1",
        "list with errors": "/articles/?after=nonsense&page=nonsense",
        "day": "/days/2023/12/14/",
        "empty day": "/days/1999/01/01/",
        "outlets": "/outlets/",
        "outlet": "/outlets/outlet-1/",
        "article": article,
        "article from a search": f"{article}?q=国安法",
        "article with pictures": f"{article}?pictures=1",
        "captures": f"{article}captures/",
        "capture": f"{article}captures/1/",
        "edits": f"{article}edits/",
        "original": "/original/?url=https://nowhere.example/",
        "search": "/search/",
        "results": "/search/?q=新闻&outlet=outlet-1",
        "nothing found": "/search/?q=没有+这个词",
        "interface": "/api/docs",
        "not found": "/nothing/",
        "login": "/login/",
        "admin login": "/admin/login/",
    }


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A browser in which axe can be asked, whatever the pages' policy; nothing moves."""
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", bypass_csp=True, reduced_motion="reduce"
    )
    yield context
    context.close()


def faults(page: Page, **options: Any) -> list[str]:
    """What axe finds on ``page`` as it is now: the rule, and where."""
    options = {"runOnly": RULES, "resultTypes": ["violations"], **options}
    page.evaluate("document.getAnimations().forEach(animation => animation.finish())")
    if page.evaluate("window.axe === undefined"):
        page.evaluate(AXE.axe_script)
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def faults_in_both_themes(page: Page, **options: Any) -> list[str]:
    """The same in light; in dark what can differ, the contrast."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = faults(page, **options)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return found + [f"dark {fault}" for fault in faults(page, runOnly=["color-contrast"])]


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_pages_of_readers(
    language: str, context: BrowserContext, live_server: LiveServer, addresses: dict[str, str]
) -> None:
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    page = context.new_page()
    found = {}
    for name, address in addresses.items():
        response = page.goto(address)
        assert response
        assert response.status == (404 if name in ("not found", "original") else 200), name
        assert page.locator("html").get_attribute("lang") == language
        # Colours are the same in every language.
        found[name] = (
            faults_in_both_themes(page)
            if language == "zh-hans"
            else faults(page, rules={"color-contrast": {"enabled": False}})
        )
    assert [f"{name}: {fault}" for name, faults in found.items() for fault in faults] == []


def test_pages_that_say_what_went_wrong(
    context: BrowserContext, live_server: LiveServer, addresses: dict[str, str], index_folder: Path
) -> None:
    page = context.new_page()
    found = {}
    page.set_content(f"<form method=post action={live_server.url}/preferences/><button>")
    page.locator("button").click()
    page.wait_for_url("**/preferences/")
    assert "403" in page.locator("main").inner_text()
    found["refused"] = faults_in_both_themes(page)
    (index_folder / "current").unlink()
    page.goto("/search/?q=x")
    assert "rebuild_index" in page.locator("main").inner_text()
    found["unavailable"] = faults_in_both_themes(page)
    assert [f"{name}: {fault}" for name, faults in found.items() for fault in faults] == []


def test_pages_of_the_desk(
    context: BrowserContext, live_server: LiveServer, make_article: MakeArticle
) -> None:
    article = make_article(title="一篇文章", body=BODY)
    run = ImportRun.objects.create(status="finished", sources=["articles"], created=12)
    problem = ImportProblem.objects.create(
        run=run,
        capture=article.current_capture,
        kind="no-title",
        path="articles/paper/1.md",
        message="说明",
        excerpt="x",
    )
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    found = {}
    for address in (
        "",
        "articles/article/",
        f"articles/article/{article.pk}/change/",
        f"articles/article/{article.pk}/history/",
        "articles/importrun/",
        "articles/importrun/add/",
        f"articles/importrun/{run.pk}/change/",
        "articles/importproblem/",
        f"articles/importproblem/{problem.pk}/change/",
        f"articles/importproblem/{problem.pk}/mend/",
    ):
        response = page.goto(f"/admin/{address}")
        assert response
        assert response.status == 200, address
        # The label that Django gives to its search field is a picture, which axe cannot see.
        rules = {"label-title-only": {"enabled": False}}
        found[address] = faults_in_both_themes(page, rules=rules)
    assert [f"{name}: {fault}" for name, faults in found.items() for fault in faults] == []


def test_axe_would_find_something(context: BrowserContext) -> None:
    page = context.new_page()
    page.set_content("<p style='color: #aaa; background: #fff'>Pale</p><img src='data:,'>")
    rules = {fault.split(":")[0] for fault in faults(page)}
    assert {"color-contrast", "image-alt", "html-has-lang"} <= rules
