"""The article's page after a search: marks and the way through them; and what is like it."""

import html
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.models import Article
from articles.sanitising import clean, without_pictures
from search.indexing import follow_changes, rebuild
from search.marking import mark
from search.query import Piece
from search.understanding import understand

PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "xss_payloads.json"
BODY = (
    "<p>香港國安法生效。</p><p>国<b>安</b>法，国</p><p>安法</p>"
    '<p>别的话<img src="https://pictures.example/1.jpg" alt="国安法图"></p>'
    + "<p>别的话。</p>" * 60
    + "<p>国安法</p>"
)

MakeArticle = Callable[..., Article]


def address_of(article: Article, query: str, **more: str) -> str:
    return f"{article.get_absolute_url()}?{urlencode({'q': query, **more})}"


def marks_on(page: str) -> list[str]:
    return [
        html.unescape(text) for text in re.findall(r'<mark class="match"[^>]*>(.*?)</mark>', page)
    ]


@pytest.mark.django_db
class TestMarks:
    def test_stand_in_headline_and_body(self, client: Client, make_article: MakeArticle) -> None:
        article = make_article(title="國安法 & 其他", body=BODY)
        page = client.get(address_of(article, "国安法")).content.decode()
        assert marks_on(page) == ["國安法", "國安法", "国", "安", "法", "国安法"]
        assert '<h1><mark class="match" id="match-1">國安法</mark> &amp; 其他</h1>' in page
        assert re.findall(r'id="match-(\d+)"', page) == ["1", "2", "3", "4"]
        assert re.findall(r'href="#match-(\d+)"', page) == ["1", "1", "2", "3", "4"]
        assert "marks.js" in page
        assert "<title>國安法 &amp; 其他 – " in page

    def test_of_titles_stand_in_the_headline_only(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        article = make_article(title="國安法", body="<p>国安法</p>")
        page = client.get(address_of(article, "title:国安法")).content.decode()
        assert marks_on(page) == ["國安法"]

    @pytest.mark.parametrize("query", ["", "?q=", "?q=%20", "?x=国安法"])
    def test_are_not_there_without_a_search(
        self, client: Client, make_article: MakeArticle, query: str
    ) -> None:
        page = client.get(make_article(body=BODY).get_absolute_url() + query).content.decode()
        assert "<mark" not in page
        assert "marks.js" not in page
        assert 'class="matches"' not in page
        assert "國安法生效" in page

    def test_are_the_same_with_pictures(self, client: Client, make_article: MakeArticle) -> None:
        article = make_article(body=BODY)
        without = client.get(address_of(article, "国安法")).content.decode()
        [loading] = re.findall(r'href="(\?[^"]*pictures=1[^"]*)"', without)
        page = client.get(article.get_absolute_url() + html.unescape(loading)).content.decode()
        assert "<img" in page
        assert marks_on(page) == marks_on(without)
        assert len(marks_on(page)) == 5

    @pytest.mark.parametrize(
        ("referrer", "results"),
        [
            ("", "/search/?q=国安法"),
            (
                "http://testserver/search/?outlet=a&q=国安法&page=3",
                "/search/?outlet=a&q=国安法&page=3",
            ),
            ("http://testserver/search/?q=别的&page=3", "/search/?q=国安法"),
            ("http://testserver/articles/?q=国安法&page=3", "/search/?q=国安法"),
            ("https://evil.example/search/?q=国安法", "/search/?q=国安法"),
            ("javascript:alert(1)//search/?q=国安法", "/search/?q=国安法"),
            ("http://[", "/search/?q=国安法"),
        ],
    )
    def test_lead_back_to_the_results(
        self, client: Client, make_article: MakeArticle, referrer: str, results: str
    ) -> None:
        address = address_of(make_article(), "国安法", pictures="1")
        sent = quote(referrer, safe=":/?&=[()")
        page = client.get(address, headers={"referer": sent}).content.decode()
        [link] = re.findall(r'<a class="results" href="([^"]*)"', page)
        assert html.unescape(link) == quote(results, safe="/?&=")

    @pytest.mark.parametrize("damage", ["missing", "garbage"])
    def test_need_no_index(
        self, client: Client, make_article: MakeArticle, index_folder: Path, damage: str
    ) -> None:
        article = make_article(body=BODY)
        if damage == "garbage":
            rebuild()
            for path in index_folder.rglob("*"):
                if path.is_file():
                    path.write_bytes(b"garbage")
        else:
            shutil.rmtree(index_folder)
        response = client.get(address_of(article, "国安法"))
        assert response.status_code == 200
        assert len(marks_on(response.content.decode())) == 5
        assert 'class="similar"' not in response.content.decode()

    @given(st.one_of(st.text(), st.text(st.sampled_from("国安法 \"“”()-|:ORtitle'<>&\x00"))))
    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_no_query_breaks_the_page(
        self, client: Client, make_article: MakeArticle, query: str
    ) -> None:
        article = Article.objects.first() or make_article(title="国 & 'OR'", body=BODY)
        address = f"{article.get_absolute_url()}?q={quote(query, errors='replace')}"
        response = client.get(address)
        assert response.status_code == 200
        page = response.content.decode()
        body = page.partition('<div class="body">\n')[2].partition("\n</div>")[0]
        bare = re.sub(r'<mark class="match"(?: id="match-\d+")?>(.*?)</mark>', r"\1", body)
        assert bare == without_pictures(BODY)


@pytest.mark.django_db
class TestMoreLikeThis:
    @pytest.fixture
    def alike(self, make_article: MakeArticle) -> list[Article]:
        """Seven articles on one thing, and one on another."""
        made = [
            make_article(title=f"台风第{n}号", body=f"<p>台风登陆华南沿海，风暴潮预警，{n}</p>")
            for n in range(7)
        ]
        made.append(make_article(title="书评", body="<p>一本小说的书评。</p>"))
        rebuild()
        return made

    def test_stands_before_the_provenance(self, client: Client, alike: list[Article]) -> None:
        page = client.get(alike[0].get_absolute_url()).content.decode()
        similar = page.partition('<aside class="similar"')[2].partition("</aside>")[0]
        found = [int(pk) for pk in re.findall(r'href="/articles/(\d+)/"', similar)]
        assert len(found) == 5
        assert set(found) < {article.pk for article in alike[1:7]}
        assert all(f"台风第{n}号" in similar for n in range(1, 7) if alike[n].pk in found)
        assert "晨报" in similar
        assert page.index("</aside>") < page.index('class="provenance"')

    def test_needs_one_query(self, client: Client, alike: list[Article]) -> None:
        def queries() -> list[str]:
            with CaptureQueriesContext(connection) as captured:
                client.get(address_of(alike[0], "台风"))
            return [query["sql"] for query in captured]

        with_similar = queries()
        Article.objects.exclude(pk=alike[0].pk).delete()
        follow_changes()
        without = queries()
        assert len(with_similar) == len(without) + 1
        [loading] = set(with_similar) - set(without)
        # Texts are compared, in their beginnings; none is loaded whole.
        assert '."text"' not in loading.replace('SUBSTR("articles_article"."text", 1, ', "")
        assert '."body"' not in loading

    def test_says_nothing_where_nothing_is_like_it(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        article = make_article()
        rebuild()
        assert 'class="similar"' not in client.get(article.get_absolute_url()).content.decode()

    def test_leaves_out_what_was_deleted(self, client: Client, alike: list[Article]) -> None:
        gone = alike[1:6]
        Article.objects.filter(pk__in=[article.pk for article in gone]).delete()
        page = client.get(alike[0].get_absolute_url()).content.decode()
        assert not any(f'"{article.get_absolute_url()}"' in page for article in gone)


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A phone on the archive; in the end nothing was complained about."""
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", viewport={"width": 390, "height": 700}
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def current(page: Page) -> str:
    """Return the match that is highlighted, all of its marks."""
    marks: list[str] = page.locator("mark.current").all_inner_texts()
    return "".join(marks)


@pytest.mark.django_db(transaction=True)
class TestInABrowser:
    def test_a_reader_steps_through_the_matches(
        self, page: Page, make_article: MakeArticle
    ) -> None:
        article = make_article(title="国安法", body=BODY)
        rebuild()
        page.goto("/search/?q=国安法&sort=oldest")
        page.goto(address_of(article, "国安法"), referer=page.url)
        said = page.locator(".matches [aria-live=polite]")
        expect(page.locator(".matches .first")).to_be_hidden()
        expect(said).to_be_empty()

        page.keyboard.press("n")
        assert current(page) == "国安法"
        expect(page.locator("h1 mark")).to_have_class("match current")
        page.keyboard.press("n")
        page.keyboard.press("n")
        assert page.locator("mark.current").all_inner_texts() == ["国", "安", "法"]
        expect(said).to_have_text(re.compile(r"3.*4"))
        page.locator(".matches .next").click()
        expect(page.locator("#match-4")).to_be_in_viewport()
        expect(page.locator("#match-4")).to_have_class("match current")
        expect(page).to_have_url(re.compile("#match-4$"))
        expect(page.locator(".matches .next")).to_be_in_viewport()
        page.keyboard.press("n")
        expect(page.locator("#match-1")).to_have_class("match current")
        page.locator(".matches .previous").click()
        expect(said).to_have_text(re.compile(r"4.*4"))

        page.locator("input[type=search]").first.press_sequentially("np")
        expect(page.locator("#match-4")).to_have_class("match current")

        page.locator(".matches summary").click()
        page.locator(".matches li a").nth(1).click()
        expect(page.locator("#match-2")).to_have_class("match current")
        expect(page.locator("#match-2")).to_be_in_viewport()
        expect(page.locator(".matches .list")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

        page.locator(".matches .results").click()
        expect(page).to_have_url(re.compile("/search/.*sort=oldest"))

    def test_it_works_without_javascript(
        self, browser: Browser, live_server: LiveServer, make_article: MakeArticle
    ) -> None:
        article = make_article(body=BODY)
        context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
        page = context.new_page()
        page.goto(address_of(article, "国安法"))
        expect(page.locator(".matches .steps")).to_be_hidden()
        page.locator(".matches .first").click()
        expect(page).to_have_url(re.compile("#match-1$"))
        page.locator(".matches summary").click()
        page.locator(".matches li a").last.click()
        expect(page.locator("#match-3")).to_be_in_viewport()
        context.close()

    @pytest.mark.skipif(not PUBLISHED.exists(), reason="the published attacks are not here")
    def test_no_attack_gets_more_than_marks(self, page: Page) -> None:
        """What a browser makes of a marked body is what it makes of the body, marks taken out."""

        def pieces(query: str) -> list[Piece]:
            return [piece for piece in understand(query).marks if not piece.in_title]

        common = pieces("script OR alert OR svg OR 1 OR lt OR amp OR 前 OR 后")
        pairs = []
        for entry in json.loads(PUBLISHED.read_text(encoding="utf-8")):
            payload = entry["payload"]
            body = clean(f"<p>前</p>{payload}<p>后</p>").body
            bodies = {body, html.escape(payload), without_pictures(body)}
            words = re.findall(r"\w+", payload)
            queries = {payload, " OR ".join(words[:20]), f'"{words[-1]}"' if words else "前"}
            for wanted in (common, *map(pieces, queries)):
                pairs += [[body, mark(body, wanted).html] for body in bodies]
        # What nothing is marked in is the same to the letter.
        pairs = [[body, shown] for body, shown in pairs if body != shown]
        assert len(pairs) > 2000
        wrong: list[Any] = page.evaluate(
            """
            pairs => pairs.filter(([body, shown]) => {
              const [before, after] = [body, shown].map(html => {
                const root = new DOMParser().parseFromString(html, "text/html").body;
                for (const mark of root.querySelectorAll("mark.match")) {
                  if (mark.childElementCount) return "an element in a mark";
                  mark.replaceWith(...mark.childNodes);
                }
                root.normalize();
                return root.innerHTML;
              });
              return before !== after;
            })
            """,
            pairs,
        )
        assert wrong == []
