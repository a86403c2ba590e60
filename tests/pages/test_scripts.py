"""Reading in the other script: the switch, what it changes, and what it leaves."""

import html
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from search.indexing import rebuild
from search.scripts import html_in_script

BODY = (
    "<p>香港国安法生效，几个议员发声明说时间过长，皇<b>后</b>理<i>发</i>。</p>"
    '<p title="这个">国<b>安</b>法</p>'
    "<p>《國安法》的繁體原文，對照這個說法</p>"
)

MakeArticle = Callable[..., Article]

pytestmark = pytest.mark.django_db


def address_of(article: Article, **query: str) -> str:
    return f"{article.get_absolute_url()}?{urlencode(query)}"


def marks_on(page: str) -> list[str]:
    return [
        html.unescape(text) for text in re.findall(r'<mark class="match"[^>]*>(.*?)</mark>', page)
    ]


def reading(client: Client, script: str) -> Client:
    client.cookies["script"] = script
    return client


def test_an_article_is_shown_in_the_chosen_script(
    client: Client, make_article: MakeArticle
) -> None:
    article = make_article(title="国安法 & 头发", body=BODY, byline="记者")
    written = client.get(article.get_absolute_url()).content.decode()
    assert BODY in written
    assert written.count('lang="zh-Hans"') >= 2

    page = reading(client, "hant").get(article.get_absolute_url()).content.decode()
    assert html_in_script(BODY, "hant") in page
    assert "皇<b>后</b>理<i>髮</i>" in page
    assert '<p title="這個">' in page
    assert re.search(r"<h1[^>]*>國安法 &amp; 頭髮</h1>", page)
    assert re.search(r'lang="zh-Hant">\s*(<div class="body">|<h1)', page)

    page = reading(client, "hans").get(article.get_absolute_url()).content.decode()
    assert "《国安法》的繁体原文，对照这个说法" in page
    assert "皇<b>后</b>理<i>发</i>" in page

    assert BODY in reading(client, "klingon").get(article.get_absolute_url()).content.decode()
    article.refresh_from_db()
    assert article.body == BODY


@pytest.mark.parametrize("query", ["国安法", "國安法", "理髮", '"国安法 的"', "国 -的"])
def test_marks_are_where_they_are_in_the_original(
    client: Client, make_article: MakeArticle, query: str
) -> None:
    article = make_article(title="国安法", body=BODY)
    written = client.get(address_of(article, q=query)).content.decode()
    assert marks_on(written)
    for script in ("hans", "hant"):
        page = reading(client, script).get(address_of(article, q=query)).content.decode()
        assert len(marks_on(page)) == len(marks_on(written))
        assert [len(text) for text in marks_on(page)] == [len(text) for text in marks_on(written)]
        assert page.count('href="#match-') == written.count('href="#match-')
    page = reading(client, "hant").get(address_of(article, q="国安法")).content.decode()
    assert marks_on(page) == ["國安法", "國安法", "國", "安", "法", "國安法"]
    assert page.count("<b>國安法</b>") == 4


def test_lists_and_results_are_shown_in_the_chosen_script(
    client: Client, make_article: MakeArticle
) -> None:
    make_article(title="头发 & 国家", body="<p>皇后在后面说国安法。</p>")
    rebuild()
    for address in ("/", "/articles/", "/outlets/paper/", "/search/?q=国安法"):
        written = reading(client, "original").get(address).content.decode()
        assert "头发 &amp; 国家" in written, address
        page = reading(client, "hant").get(address).content.decode()
        assert "頭髮 &amp; 國家" in page, address
        assert "头发" not in page, address
        assert 'lang="zh-Hant"' in page, address
    assert "皇后在後面說<mark>國安法</mark>。" in page
    assert "皇后在后面说<mark>国安法</mark>。" in written


def test_what_is_not_chinese_has_no_switch(client: Client, make_article: MakeArticle) -> None:
    article = make_article(title="News", body="<p>Nothing to convert.</p>")
    page = client.get(article.get_absolute_url()).content.decode()
    assert "script-switch" not in page
    article = make_article(title="ニュース", body="<p>雪国であった。</p>")
    page = reading(client, "hant").get(article.get_absolute_url()).content.decode()
    assert "雪国であった" in page
    assert "script-switch" not in page


@pytest.mark.django_db(transaction=True)
def test_a_reader_switches_and_the_choice_lasts(
    browser: Browser, live_server: LiveServer, make_article: MakeArticle
) -> None:
    """Without JavaScript, after a search: the article changes, its marks stay, and back again."""
    article = make_article(title="国安法与头发", body=BODY)
    make_article(title="别的头发", body="<p>另一个国家</p>")
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(address_of(article, q="国安法"))
    switch = page.locator(".script-switch")
    expect(switch.locator("[aria-current]")).to_have_attribute("value", "original")
    marks = page.locator("mark.match")
    expect(marks.first).to_have_text("国安法")
    count = marks.count()
    for button in switch.locator("button").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24

    switch.locator("[value=hant]").click()
    expect(page).to_have_url(re.compile(re.escape(address_of(article, q="国安法")) + "$"))
    expect(page.locator("h1")).to_have_text("國安法與頭髮")
    expect(page.locator(".body b").first).to_have_text("后")
    expect(marks.first).to_have_text("國安法")
    expect(marks).to_have_count(count)
    expect(switch.locator("[aria-current]")).to_have_attribute("value", "hant")

    page.goto("/articles/")
    expect(page.locator("h3").first).to_have_text("別的頭髮")
    page.goto(article.get_absolute_url())
    expect(page.locator("h1")).to_have_text("國安法與頭髮")
    page.locator(".script-switch [value=hans]").click()
    expect(page.locator(".body")).to_contain_text("《国安法》的繁体原文，对照这个说法")
    page.locator(".script-switch [value=original]").click()
    expect(page.locator("h1")).to_have_text("国安法与头发")
    expect(page.locator(".body")).to_contain_text("《國安法》的繁體原文")
    context.close()
