"""The article's page: what is beside it, citing and sharing it, how it was kept, finding it."""

import html
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote

import bibtexparser
import pytest
import rispy
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from articles.captures import make_current
from articles.models import Article, Capture
from search.indexing import follow_changes, rebuild
from tests.people import allow

from .conftest import MIDNIGHT, MakeArticle
from .test_hidden import plan

pytestmark = pytest.mark.django_db


def read(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, address
    return response.content.decode()


def link_of(page: str, key: str) -> str:
    """Return the address that the page's key leads to, "" where it has none."""
    found = re.search(rf'aria-keyshortcuts="{key}" href="([^"]*)"', page)
    return html.unescape(found[1]) if found else ""


@pytest.fixture
def editor(client: Client) -> Client:
    user = User.objects.create_user("editor", is_staff=True)
    allow(user, "view_article")
    editor = Client()
    editor.force_login(user)
    return editor


def hide(article: Article) -> None:
    Article.objects.filter(pk=article.pk).update(hidden=True)


class TestInTheOutlet:
    def test_earlier_and_later_lead_through_all_of_it(
        self, client: Client, archive: list[Article]
    ) -> None:
        hide(archive[30])
        in_time = [
            article.pk
            for article in sorted(archive, key=lambda one: (one.listed_at, one.pk))
            if article.published_at and article.outlet.slug == "outlet-0" and article != archive[30]
        ]
        addresses = ["", *(f"/articles/{pk}/" for pk in in_time), ""]
        for earlier, address, later in zip(addresses, addresses[1:-1], addresses[2:], strict=False):
            page = read(client, address)
            assert (link_of(page, "ArrowLeft"), link_of(page, "ArrowRight")) == (earlier, later)

    def test_undated_articles_have_no_place_in_time(
        self, client: Client, archive: list[Article]
    ) -> None:
        undated = next(article for article in archive if not article.published_at)
        page = read(client, undated.get_absolute_url())
        assert 'class="beside"' not in page
        assert "日期不详" in page

    def test_the_headline_is_shown_without_the_outlets_name(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        make_article(title="早 <b> - 晨报", published_at=MIDNIGHT)
        page = read(client, make_article(published_at=MIDNIGHT).get_absolute_url())
        assert ">早 &lt;b&gt;</span>" in page

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are SQLite's")
    def test_the_page_needs_few_queries_each_along_an_index(
        self, client: Client, archive: list[Article]
    ) -> None:
        address = archive[40].get_absolute_url()
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        assert len(captured) <= 7
        steps = [step for query in captured for step in plan(query["sql"])]
        assert sum("readable_by_outlet" in step for step in steps) == 2
        assert not any(step.startswith("SCAN") and "INDEX" not in step for step in steps)


class TestInASearch:
    @pytest.mark.parametrize(
        "query",
        [
            "q=新闻&outlet=outlet-1",
            "q=新闻&outlet=outlet-1&outlet=outlet-2&before=2023-12-19&sort=oldest",
        ],
    )
    def test_next_and_previous_lead_through_all_results(
        self, client: Client, archive: list[Article], query: str
    ) -> None:
        results: list[str] = []
        number = 1
        while found := re.findall(
            r'<h2[^>]*><a href="(/articles/[^"]*)"', read(client, f"/search/?{query}&page={number}")
        ):
            results += map(html.unescape, found)
            number += 1
        assert len(results) > 20
        for place, address in enumerate(results):
            page = read(client, address)
            assert f"第 {place + 1} 条，共 {len(results)} 条" in page
            assert link_of(page, "k") == (results[place - 1] if place else "")
            assert link_of(page, "j") == "".join(results[place + 1 : place + 2])

    def test_the_way_back_leads_to_the_page_of_results_with_it(
        self, client: Client, archive: list[Article]
    ) -> None:
        results = read(client, "/search/?q=新闻&outlet=outlet-1&sort=oldest&page=2")
        [link] = re.findall(r'<h2[^>]*><a href="([^"]*n=21)"', results)
        page = read(client, html.unescape(link))
        [back] = re.findall(r'class="results" href="([^"]*)"', page)
        assert html.unescape(back) == quote(
            "/search/?q=新闻&outlet=outlet-1&sort=oldest&page=2", safe="/?&="
        )

    def test_what_moved_a_little_is_found_and_what_is_gone_is_no_error(
        self, client: Client, archive: list[Article], make_article: MakeArticle
    ) -> None:
        page = read(client, "/search/?q=新闻&sort=newest")
        third = html.unescape(re.findall(r'<h2[^>]*><a href="([^"]*n=3)"', page)[0])
        for days in (400, 401):
            make_article(published_at=MIDNIGHT + timedelta(days=days))
        follow_changes()
        assert link_of(read(client, third), "j").endswith("n=6")
        far = third.replace("n=3", "n=90")
        assert link_of(read(client, far), "j") == ""
        assert 'class="results"' in read(client, far)

    @pytest.mark.parametrize(
        "number", ["", "0", "-1", "x", "٣", "9" * 30, "1.5", "1 OR 1", "999999"]
    )
    def test_no_number_breaks_the_page(
        self, client: Client, archive: list[Article], number: str
    ) -> None:
        address = f"{archive[0].get_absolute_url()}?q=新闻&outlet=x&after=x&sort=x&n={number}"
        page = read(client, address)
        assert 'class="place"' not in page
        assert 'class="results"' in page

    def test_hidden_articles_are_no_results(self, client: Client, archive: list[Article]) -> None:
        page = read(client, "/search/?q=新闻&sort=newest")
        links = [html.unescape(link) for link in re.findall(r'<h2[^>]*><a href="([^"]*)"', page)]
        hide(Article.objects.get(pk=int(links[1].split("/")[2])))
        page = read(client, links[0])
        assert link_of(page, "j").split("?")[0] == links[2].split("?")[0]

    def test_another_search_has_no_place_for_it(
        self, client: Client, archive: list[Article]
    ) -> None:
        address = f"{archive[0].get_absolute_url()}?q=没有这个词&n=1"
        assert 'class="place"' not in read(client, address)


TEX = {
    r"\textbackslash{}": "\\",
    r"\textbraceleft{}": "{",
    r"\textbraceright{}": "}",
    r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~",
    **{f"\\{character}": character for character in "%#$&_"},
}
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def from_tex(value: str) -> str:
    commands = "|".join(map(re.escape, TEX))
    return re.sub(commands, lambda found: TEX[found[0]], value.removeprefix("{").removesuffix("}"))


def essence(text: str) -> str:
    """Return what a citation must keep of a text: no white space, no control characters."""
    return re.sub(rf"[\s\x00-\x1f\x7f-\x9f{TURNING}]", "", text)


hostile = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from('{}\\%#&_^~$@",=\n\r\t \u2028\u202e\x00אבج新聞A-'), max_size=40),
)


class TestCiting:
    @given(title=hostile, byline=hostile, dated=st.booleans())
    @example(title="}", byline="}, author = {x", dated=True)
    @example(title="a\n@online{b,\n  title = {c},\n}", byline="甲 and 乙, 丙", dated=True)
    @example(title="\r\nER  - \r\nTY  - BOOK\r\nTI  - 别的", byline="\nUR  - x", dated=False)
    @example(title="  ", byline="", dated=False)
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_whatever_a_title_holds_a_citation_is_one_record_with_it(
        self, client: Client, make_article: MakeArticle, title: str, byline: str, dated: bool
    ) -> None:
        article = Article.objects.first() or make_article()
        published = MIDNIGHT if dated else None
        Article.objects.update(title=title, byline=byline, published_at=published)
        shown = Article.objects.select_related("outlet").get(pk=article.pk).headline

        library = bibtexparser.parse_string(read(client, f"/articles/{article.pk}/cite.bib"))
        assert not library.failed_blocks
        [entry] = library.entries
        fields = {key: field.value for key, field in entry.fields_dict.items()}
        assert entry.entry_type == "online"
        assert entry.key == f"paper-{'2023' if dated else 'undated'}-{article.pk}"
        assert essence(from_tex(fields["title"])) == (essence(shown) or "[无题名]")
        assert essence(from_tex(fields.get("author", ""))) == essence(byline)
        assert fields.get("date") == ("2023-12-14" if dated else None)
        assert fields["url"] == article.original_url
        assert fields["urldate"] == str(timezone.localdate())

        [record] = rispy.loads(read(client, f"/articles/{article.pk}/cite.ris"))
        assert record["type_of_reference"] == "NEWS"
        assert essence(record["title"]) == (essence(shown) or "[无题名]")
        assert essence("".join(record.get("authors", []))) == essence(byline)
        assert record["urls"] == [article.original_url]
        assert record.get("date") == ("2023/12/14" if dated else None)

    def test_by_the_standard_it_reads_as_a_newspaper_online(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        article = make_article(
            title="大风沙过后的思考 - 晨报",
            byline="傅刚, 赵承",
            published_at=MIDNIGHT - timedelta(seconds=1),
            original_url="https://paper.example/风沙?a=1&b={2}",
        )
        today = timezone.localdate()
        cited = (
            f"大风沙过后的思考[N/OL]. 晨报, 2023-12-13[{today}]. "
            "https://paper.example/%E9%A3%8E%E6%B2%99?a=1&amp;b=%7B2%7D. "
            f"存档: http://testserver/articles/{article.pk}/."
        )
        page = read(client, article.get_absolute_url())
        assert f'id="gbt7714">傅刚, 赵承. {cited}</p>' in page
        Article.objects.update(byline="", published_at=None)
        page = read(client, article.get_absolute_url())
        assert f'id="gbt7714">{cited.replace("晨报, 2023-12-13", "晨报")}</p>' in page

    @pytest.mark.parametrize(
        ("ending", "kind"),
        [("bib", "application/x-bibtex"), ("ris", "application/x-research-info-systems")],
    )
    def test_it_is_downloaded_as_a_file(
        self, client: Client, make_article: MakeArticle, ending: str, kind: str
    ) -> None:
        article = make_article(title='a"\r\nX-Evil: 1/../b', published_at=MIDNIGHT)
        response = client.get(f"/articles/{article.pk}/cite.{ending}")
        name = f"paper-2023-{article.pk}.{ending}"
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'
        assert response["Content-Type"].startswith(kind)
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "X-Evil" not in response
        assert f'href="/articles/{article.pk}/cite.{ending}"' in read(
            client, article.get_absolute_url()
        )

    def test_the_archives_own_address_is_in_all_of_them(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        article = make_article()
        address = f"http://testserver/articles/{article.pk}/"
        page = read(client, f"/articles/{article.pk}/?q=x&pictures=1")
        assert f'value="{address}"' in page
        assert f'<link rel="canonical" href="{address}">' in page
        [mail] = re.findall(r'href="(mailto:[^"]*)"', page)
        assert unquote(html.unescape(mail)) == f"mailto:?subject={article.title}&body={address}"
        for ending in ("bib", "ris"):
            assert address in read(client, f"/articles/{article.pk}/cite.{ending}")


class TestCards:
    def test_say_what_a_link_to_it_leads_to(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        article = make_article(
            title='一则"新闻"', body='<p>正文"。</p>', published_at=MIDNIGHT, byline="记者<甲>"
        )
        page = read(client, article.get_absolute_url())
        cards = dict(re.findall(r'<meta (?:property|name)="([^"]*)" content="([^"]*)">', page))
        assert cards["og:type"] == "article"
        assert cards["og:title"] == "一则&quot;新闻&quot;"
        assert cards["og:description"] == "正文&quot;。"
        assert cards["og:url"] == f"http://testserver/articles/{article.pk}/"
        assert cards["og:image"].startswith("http://testserver/static/")
        assert cards["article:published_time"] == "2023-12-14T00:00:00+08:00"
        assert cards["author"] == "记者&lt;甲&gt;"
        assert cards["twitter:card"] == "summary"


@pytest.fixture
def kept(make_article: MakeArticle) -> Article:
    """An article with two captures, the second changed and shown."""
    first = (
        "<p>第一句。第二句有十二人。第三句。</p><p>最后一句。</p>"
        '<script>alert("first")</script><form><input name="a"></form>'
    )
    second = first.replace("十二", "十三").replace("最后一句。", "最后一句。新的一句。")
    article = make_article(published_at=MIDNIGHT)
    article.captures.all().delete()
    for number, (title, body) in enumerate([("旧题", first), ("新题", second)]):
        file = f"<!--1702483200000-->\n[{title}]({article.original_url})\n------\n\n{body}".encode()
        newest = Capture.objects.create(
            article=article,
            sha256=sha256(file).hexdigest(),
            content=Capture.compress(file),
            size=len(file),
            source_path=f"{number}/paper/1.md",
            format="archive",
        )
    make_current(newest, at=timezone.now())
    article = Article.objects.get()
    assert not article.edited_at
    return article


class TestCaptures:
    def test_are_listed_with_where_they_came_from(self, client: Client, kept: Article) -> None:
        page = read(client, f"/articles/{kept.pk}/captures/")
        for capture in kept.captures.all():
            assert capture.source_path in page
            assert f"SHA-256 {capture.sha256}" in page
        assert page.index("captures/2/") < page.index("captures/1/")
        assert page.count('class="current"') == 1
        assert "<code>&lt;script&gt;</code>" in page
        assert "<code>&lt;form&gt;</code>" in page
        article = read(client, kept.get_absolute_url())
        assert f'href="/articles/{kept.pk}/captures/"' in article
        assert kept.captures.last().sha256 in article  # type: ignore[union-attr]

    def test_show_what_each_changed(self, client: Client, kept: Article) -> None:
        page = read(client, f"/articles/{kept.pk}/captures/2/")
        assert re.findall("<del>(.*?)</del>", page)[1:] == ["旧", "二"]
        assert re.findall("<ins>(.*?)</ins>", page)[1:] == ["新", "三", "新的一句。"]
        assert "第一句。" in page
        assert page.count('class="visually-hidden"') >= 5
        first = read(client, f"/articles/{kept.pk}/captures/1/")
        assert '<ol class="diff">' not in first

    def test_give_nothing_that_runs_and_no_file(self, client: Client, kept: Article) -> None:
        for address in ("captures/", "captures/1/", "captures/2/"):
            page = read(client, f"/articles/{kept.pk}/{address}")
            assert "alert(" not in re.sub(r"<q>.*?</q>", "", page)
            assert "<form>" not in page
            assert "download" not in page

    def test_show_what_an_editor_changed_and_not_who(
        self, client: Client, kept: Article, admin_client: Client
    ) -> None:
        read(client, f"/articles/{kept.pk}/edits/", 404)
        form = {"title": "编辑的题", "outlet": kept.outlet_id, "body": kept.body, "byline": "甲"}
        User.objects.filter(username="admin").update(username="somebody")
        response = admin_client.post(
            f"/admin/articles/article/{kept.pk}/change/",
            {
                **form,
                "original_url": kept.original_url,
                "published_at_0": "2023-12-14",
                "published_at_1": "00:00:00",
            },
        )
        assert response.status_code == 302, response.context["errors"]
        for address in ("", "captures/"):
            assert f'href="/articles/{kept.pk}/edits/"' in read(
                client, f"/articles/{kept.pk}/{address}"
            )
        page = read(client, f"/articles/{kept.pk}/edits/")
        assert "<ins>编辑的</ins>" in page
        assert "<ins>甲</ins>" in page
        assert "somebody" not in page

    @pytest.mark.parametrize("number", ["0", "3", "999999999999999999", "x", "-1"])
    def test_that_are_not_there(self, client: Client, kept: Article, number: str) -> None:
        read(client, f"/articles/{kept.pk}/captures/{number}/", 404)

    def test_of_what_no_format_reads_are_told_and_not_shown(
        self, client: Client, kept: Article
    ) -> None:
        capture = kept.captures.last()
        assert capture
        kept.captures.filter(pk=capture.pk).update(content=capture.compress(b"geheim" * 50))
        for address in ("captures/", "captures/2/"):
            page = read(client, f"/articles/{kept.pk}/{address}")
            assert "geheim" not in page
        assert '<ol class="diff">' not in page

    @pytest.mark.parametrize(
        "address", ["", "captures/", "captures/2/", "cite.bib", "cite.ris", "edits/"]
    )
    def test_of_hidden_articles_are_for_those_who_may_see_drafts(
        self, client: Client, editor: Client, kept: Article, address: str
    ) -> None:
        Article.objects.filter(pk=kept.pk).update(hidden=True, edited_at=timezone.now())
        page = read(client, f"/articles/{kept.pk}/{address}", 404)
        assert "新题" not in page
        response = editor.get(f"/articles/{kept.pk}/{address}")
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]


class TestOriginalAddress:
    @pytest.mark.parametrize(
        "written",
        [
            "https://paper.example/1",
            " http://paper.example//1?utm_source=x#top ",
            "paper.example/1",
            "https://PAPER.example:443/1?ref=rss",
        ],
    )
    def test_leads_to_the_article_however_it_is_written(
        self, client: Client, make_article: MakeArticle, written: str
    ) -> None:
        article = make_article()
        response = client.get("/original/", {"url": written})
        assert response.status_code == 302
        assert response["Location"] == article.get_absolute_url()

    def test_says_what_is_not_there_and_what_to_do(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        article = make_article()
        article.outlet.aliases.create(kind="host", value="paper.example")
        page = read(client, "/original/?url=www.paper.example/2?utm_source=x", 404)
        assert "<code>https://www.paper.example/2</code>" in page
        assert 'href="/outlets/paper/"' in page
        assert 'href="/search/"' in page
        hide(article)
        page = read(client, "/original/?url=www.paper.example/2", 404)
        assert "晨报" not in page

    def test_does_not_tell_of_hidden_articles(
        self, client: Client, make_article: MakeArticle
    ) -> None:
        hide(make_article())
        page = read(client, "/original/?url=https://paper.example/1", 404)
        assert "/articles/1/" not in page
        assert page.replace("paper.example/1", "paper.example/9") == read(
            client, "/original/?url=https://paper.example/9", 404
        )

    @pytest.mark.parametrize(
        "written",
        ["javascript:alert(1)", "::", "%ED%A0%80", "https://", "http://[", "x" * 5000, "%00", "/a"],
    )
    def test_what_is_none_is_said(self, client: Client, written: str) -> None:
        response = client.get(f"/original/?url={written}")
        assert response.status_code in (400, 404)
        assert 'href="javascript:' not in response.content.decode()

    def test_is_asked_for(self, client: Client) -> None:
        assert '<input type="text" inputmode="url" name="url"' in read(client, "/original/")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("h2 h3 h4 h2", "h2 h3 h4 h2"),
        ("h3 h3 h4 h2", "h2 h2 h3 h2"),
        ("h5 h3 h6 h6 h4", "h2 h2 h3 h3 h3"),
        ("h2 h5 h4 h3 h6", "h2 h3 h3 h3 h4"),
    ],
)
def test_no_heading_of_a_body_skips_a_level(
    client: Client, make_article: MakeArticle, written: str, shown: str
) -> None:
    def body(levels: str) -> str:
        return "<p>國安法</p>".join(
            f'<{h} lang="zh">國安法{n}</{h}>' for n, h in enumerate(levels.split())
        )

    address = make_article(body=body(written)).get_absolute_url()
    assert body(shown) in read(client, address)
    marked = read(client, f"{address}?q=国安法")
    assert body(shown) in re.sub("</?mark[^>]*>", "", marked)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"title": ""}, "untitled"),
        ({"title": "字" * 600}, '<h1 class="longest">'),
        ({"title": "字" * 60}, '<h1 class="long">'),
        ({"title": "字", "byline": ""}, "<h1>字</h1>"),
    ],
)
def test_titles_of_any_length_have_their_size(
    client: Client, make_article: MakeArticle, fields: dict[str, Any], shown: str
) -> None:
    page = read(client, make_article(**fields).get_absolute_url())
    assert shown in page


def is_at(page: Page, article: Article) -> None:
    """Wait until the article's page is there and listens to keys."""
    expect(page).to_have_url(re.compile(rf"/articles/{article.pk}/(\?.*)?$"))
    expect(page.locator(".shortcuts summary")).to_be_visible()


@pytest.mark.django_db(transaction=True)
class TestInABrowser:
    @pytest.fixture
    def page(self, browser: Browser, live_server: LiveServer) -> Any:
        context = browser.new_context(
            base_url=live_server.url,
            locale="zh-CN",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield page
        context.close()

    def test_keys_lead_on_until_they_are_switched_off(
        self, page: Page, make_article: MakeArticle
    ) -> None:
        first, second, third = (
            make_article(published_at=datetime(2023, 12, day, tzinfo=UTC)) for day in (1, 2, 3)
        )
        rebuild()
        page.goto(second.get_absolute_url())
        page.keyboard.press("ArrowRight")
        is_at(page, third)
        page.keyboard.press("ArrowLeft")
        is_at(page, second)
        page.keyboard.press("Control+ArrowLeft")
        page.locator("input[type=search]").first.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("?")
        expect(page.locator(".shortcuts dl")).to_be_hidden()

        page.locator("h1").click()
        page.keyboard.press("?")
        page.locator(".shortcuts label").click()
        page.reload()
        is_at(page, second)
        page.keyboard.press("?")
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".shortcuts dl")).to_be_hidden()
        is_at(page, second)
        page.locator(".shortcuts summary").click()
        page.locator(".shortcuts label").click()
        page.locator("h1").click()
        page.keyboard.press("ArrowLeft")
        is_at(page, first)

        page.goto("/search/?q=国安法&sort=oldest")
        page.locator("article.line h2 a").first.click()
        is_at(page, first)
        page.keyboard.press("j")
        is_at(page, second)
        expect(page).to_have_url(re.compile("sort=oldest&n=2$"))
        page.keyboard.press("k")
        is_at(page, first)

    def test_a_citation_is_copied_at_one_click(self, page: Page, make_article: MakeArticle) -> None:
        article = make_article(published_at=MIDNIGHT)
        rebuild()
        page.goto(article.get_absolute_url())
        page.locator("[data-copies=gbt7714]").click()
        expect(page.locator("[data-copied]")).not_to_be_empty()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.locator("#gbt7714").inner_text()
        page.evaluate(
            "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('none')); }"
        )
        page.locator("[data-copies=link]").click()
        expect(page.locator("[data-copies=link]")).to_have_text(
            str(page.locator("[data-copied]").get_attribute("data-copied"))
        )
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.endswith(article.get_absolute_url())
        assert copied.startswith("http://")
