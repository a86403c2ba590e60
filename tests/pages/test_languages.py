"""Simplified and Traditional Chinese and English: picked by the browser, or by the reader."""

import html
import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from .conftest import MakeArticle

pytestmark = pytest.mark.django_db

NAMES = {"zh-hans": "新闻档案", "zh-hant": "新聞檔案", "en": "News Archive"}
PAGES = ("/", "/articles/", "/outlets/", "/search/", "/nothing/", "/api/docs", "/admin/login/")


def language_of(response: Any) -> str:
    """The language of a page, by its own word and by its name of the site."""
    page = response.content.decode()
    [language] = re.findall(r'<html lang="([\w-]+)"', page)
    assert NAMES[language] in page
    assert response["Content-Language"] == language
    return language


def switch(client: Client, language: str, page: str = "/") -> Any:
    """Press the button of ``language`` on ``page``."""
    return client.post(reverse("preferences"), {"language": language, "next": page})


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh-hans"),
        ("zh", "zh-hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-hans"),
        ("zh-SG", "zh-hans"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-hant"),
        ("zh-HK", "zh-hant"),
        ("zh-Hant-HK", "zh-hant"),
        ("zh-MO", "zh-hant"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.5", "en"),
        ("fr-FR,fr;q=0.9", "zh-hans"),
        ("x" * 5000, "zh-hans"),
    ],
)
def test_the_browser_picks(client: Client, accepted: str, language: str) -> None:
    for page in PAGES:
        response = client.get(page, headers={"accept-language": accepted})
        assert language_of(response) == language
        varies = {name.strip() for name in response["Vary"].split(",")}
        assert {"Accept-Language", "Cookie"} <= varies, page


@pytest.mark.parametrize("page", ["/", "/search/?q=%E5%9B%BD%20x&sort=newest", "/nothing/"])
def test_the_reader_switches_and_stays_on_the_page(client: Client, page: str) -> None:
    for language in NAMES:
        before = client.get(page, headers={"accept-language": "zh-TW"}).content.decode()
        [form] = re.findall(r'<form class="languages".*?</form>', before, re.S)
        [back] = re.findall(r'name="next" value="([^"]*)"', form)
        assert re.findall(r'<button name="language" value="([\w-]+)"', form) == list(NAMES)
        assert all(name in form for name in ("简体中文", "繁體中文", "English"))
        response = switch(client, language, html.unescape(back))
        assert response.status_code == 302
        assert response["Location"] == page
        after = client.get(page, headers={"accept-language": "zh-TW"})
        assert language_of(after) == language
        [form] = re.findall(r'<form class="languages".*?</form>', after.content.decode(), re.S)
        assert re.findall(r'value="([\w-]+)"[^>]* aria-current', form) == [language]


def test_the_switch_leads_to_no_other_site_and_knows_three_languages(client: Client) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript://x/%0aalert(1)"):
        assert switch(client, "en", elsewhere)["Location"] == "/"
        data = {"language": "en"}
        headers = {"referer": elsewhere}
        assert client.post(reverse("preferences"), data, headers=headers)["Location"] == "/"
    assert client.post(reverse("preferences"), {"language": "en"})["Location"] == "/"
    for unknown in ("de", "xx", "", "../../etc", "z" * 1000):
        assert switch(client, unknown).status_code == 302
        assert language_of(client.get("/", headers={"accept-language": "zh-TW"})) in NAMES
    assert client.get(reverse("preferences")).status_code == 405


CHOICE = {"language": "en", "theme": "dark", "script": "hant"}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://sub.testserver"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"origin": "https://evil.example"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "https://testserver"},
        {"origin": "http://testserver:8000"},
        {"origin": "null"},
        {"origin": ""},
    ],
)
def test_a_form_of_another_site_changes_nothing(client: Client, headers: dict[str, str]) -> None:
    response = client.post(reverse("preferences"), CHOICE, headers=headers)
    assert response.status_code == 403
    assert 'class="masthead"' in response.content.decode()
    assert not client.cookies
    assert language_of(client.get("/")) == "zh-hans"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "origin": "http://testserver"},
        {"sec-fetch-site": "none"},
        {"origin": "http://testserver"},
        {},
    ],
)
def test_a_form_of_this_site_needs_no_token(headers: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse("preferences"), CHOICE, headers=headers).status_code == 302
    assert language_of(client.get("/")) == "en"
    assert {name: cookie.value for name, cookie in client.cookies.items()} == {
        "django_language": "en",
        "theme": "dark",
        "script": "hant",
    }


def test_the_choice_lasts_and_is_no_business_of_scripts(client: Client) -> None:
    client.post(reverse("preferences"), CHOICE)
    assert len(client.cookies) == 3
    for cookie in client.cookies.values():
        assert cookie["max-age"] > 300 * 24 * 3600
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_dates_are_written_as_the_language_has_it(
    client: Client, make_article: MakeArticle
) -> None:
    for accepted, date in (
        ("zh-CN", "2023年12月14日"),
        ("zh-TW", "2023年12月14日"),
        ("en", "Dec. 14, 2023"),
    ):
        page = client.get("/days/2023/12/14/", headers={"accept-language": accepted})
        assert date in page.content.decode()


def test_no_chinese_is_left_in_an_english_page_but_names(client: Client) -> None:
    for page in PAGES:
        text = client.get(page, headers={"accept-language": "en"}).content.decode()
        for name in ("简体中文", "繁體中文", ">简体<", ">繁體<"):
            text = text.replace(name, "")
        text = re.sub(r"<option .*?</option>", "", text)
        if page == "/search/":
            text = re.sub(r"<code>.*?</code>|「…」|《…》", "", text)
        if page == "/api/docs":
            text = re.sub(r"<pre>.*?</pre>", "", text, flags=re.S)
        assert re.findall(r"[\u3400-\u9fff].*", text) == [], page


def test_programs_are_answered_in_english(client: Client) -> None:
    for address in ("/api/search?q=x&page=0", "/api/articles/999", "/api/articles?limit=x"):
        answers = {
            client.get(address, headers={"accept-language": accepted}).content
            for accepted in ("zh-CN", "zh-TW", "en")
        }
        assert len(answers) == 1


@pytest.mark.parametrize("query", ["q=" + "国" * 900, "q=a%26b%25%2B%FF%0Ac&page=1&page=2"])
@pytest.mark.parametrize("choice", ["language", "theme", "script"])
def test_a_choice_leads_back_to_the_page_however_long_its_address(
    client: Client, make_article: MakeArticle, query: str, choice: str
) -> None:
    address = f"{make_article().get_absolute_url()}?{quote(query, safe='%=&')}"
    page = client.get(address).content.decode()
    pages = set(re.findall(r'name="next" value="([^"]*)"', page))
    [following] = map(html.unescape, pages)
    chosen = {"language": "en", "theme": "dark", "script": "hans"}[choice]
    response = client.post("/preferences/", {choice: chosen, "next": following})
    assert response["Location"] == address
