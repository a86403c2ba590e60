"""The editor's desk: editing, refusing, deleting, looking."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from articles.auditing import record
from articles.models import (
    Article,
    AuditEntry,
    Capture,
    ImportProblem,
    ImportRun,
    Job,
    Outlet,
    OutletAlias,
    PendingChange,
    Picture,
)
from search.indexing import follow_changes
from tests.desk.jobs import asked, confirmed, done

pytestmark = pytest.mark.django_db
WriteArticle = Callable[..., Path]
MODELS = (Article, AuditEntry, Capture, ImportProblem, ImportRun, Outlet, PendingChange)
READ_ONLY = (AuditEntry, Capture, ImportProblem, ImportRun, PendingChange)


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the archive."""
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("articles_"):
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                rows[table] = cursor.fetchall()
    assert rows["articles_article"]
    return rows


def run_import(path: Path) -> None:
    call_command("import_articles", str(path), "--jobs=1", stdout=StringIO(), stderr=StringIO())


def change_page(row: Any) -> str:
    return reverse(f"admin:articles_{row._meta.model_name}_change", args=[row.pk])


def list_page(model: Any) -> str:
    return reverse(f"admin:articles_{model._meta.model_name}_changelist")


def as_a_browser_posts(page: str) -> dict[str, str]:
    """What a browser sends when a person opens the form and presses save.

    A browser drops the first line break of a textarea and sends every other as CR LF.
    """
    [form] = re.findall(r'<form[^>]* id="article_form".*?</form>', page, re.S)
    data = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        attributes = {
            name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)
        }
        if "name" in attributes and attributes.get("type") not in ("submit", "file", "checkbox"):
            data[attributes["name"]] = attributes.get("value", "")
    for name, value in re.findall(
        r'<textarea\b[^>]*?name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S
    ):
        shown = html.unescape(re.sub("\r\n?", "\n", value))
        data[name] = shown.removeprefix("\n").replace("\n", "\r\n")
    for name, options in re.findall(
        r'<select\b[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form, re.S
    ):
        [chosen] = re.findall(r'<option value="([^"]*)"[^>]*\bselected', options)
        data[name] = html.unescape(chosen)
    del data["csrfmiddlewaretoken"]
    assert {"title", "outlet", "published_at_0", "published_at_1", "body"} <= set(data)
    return data


def post(client: Client, article: Article, **changes: str) -> Any:
    """Open the article's form, change some fields, save."""
    address = change_page(article)
    data = as_a_browser_posts(client.get(address).content.decode())
    assert set(changes) <= set(data)
    return client.post(address, data | changes)


def is_found(client: Client, word: str, article: Article) -> bool:
    page = client.get("/search/", {"q": word})
    assert page.status_code == 200
    return f'"{article.get_absolute_url()}' in page.content.decode()


@pytest.fixture
def article(tmp_path: Path, write_article: WriteArticle) -> Article:
    """An imported, indexed article; beside it another and a file that is none."""
    tree = tmp_path / "tree"
    write_article(
        tree / "rfi" / "1.md",
        title="原来的标题",
        url="http://www.rfi.fr//cn/1?ref=rss",
        body="<p>原来的文章讲天气。</p><p>第二段 &amp; &lt;尾&gt;。</p>",
        epoch=1_702_566_900_000,
    )
    write_article(tree / "dw" / "2.md", title="另一篇", url="https://www.dw.com/2")
    write_article(tree / "dw" / "3.md", title="没有地址", url="")
    run_import(tree)
    assert not PendingChange.objects.exists()
    return Article.objects.get(title="原来的标题")


def test_an_edit_is_sanitised_noted_and_found(
    article: Article, admin_client: Client, client: Client
) -> None:
    body = '<p onclick="alert(1)">新来的文章讲<b>地震</b>。</p><script>alert(1)</script><p>完。</p>'
    response = post(admin_client, article, title="改过的标题", body=body)
    assert response.status_code == 302
    edited = Article.objects.get(pk=article.pk)
    assert edited.title == "改过的标题"
    assert edited.body == "<p>新来的文章讲<b>地震</b>。</p><p>完。</p>"
    assert edited.text == "新来的文章讲地震。\n完。"
    assert edited.lead == "新来的文章讲地震。 完。"
    assert edited.edited_at is not None
    assert edited.published_at == article.published_at
    assert edited.url == article.url
    assert list(PendingChange.objects.values_list("article_id", flat=True)) == [article.pk]
    assert edited.captures.get().raw.decode().count("原来的") == 2

    assert follow_changes() == 1
    assert not PendingChange.objects.exists()
    for word in ("改过", "地震"):
        assert is_found(client, word, article)
    for word in ("原来", "天气", "alert"):
        assert not is_found(client, word, article)
    page = client.get(article.get_absolute_url()).content.decode()
    assert "地震" in page
    assert "alert(1)" not in page


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">点</a>',
        "<svg/onload=alert(1)></svg>",
        '<iframe src="https://x.example"></iframe>',
        '<p style="position:fixed">文</p>',
        "<form action=/admin/><button>删</button></form>",
        'a<b 测试 "><svg/onload=alert(1)//></svg>',
    ],
)
def test_what_an_editor_pastes_is_as_harmless_as_what_is_imported(
    body: str, article: Article, admin_client: Client
) -> None:
    assert post(admin_client, article, body=f"<p>前。</p>{body}<p>后。</p>").status_code == 302
    stored = Article.objects.get(pk=article.pk).body
    assert "前。" in stored
    assert "后。" in stored
    for harmful in ("<script", "onerror", "javascript:", "<svg", "<iframe", "style=", "<form"):
        assert harmful not in stored


def test_a_new_title_changes_nothing_else(article: Article, admin_client: Client) -> None:
    post(admin_client, article, title="改过的标题")
    edited = Article.objects.get(pk=article.pk)
    for field in Article._meta.concrete_fields:
        if field.name not in ("title", "edited_at"):
            assert getattr(edited, field.attname) == getattr(article, field.attname), field.name
    assert edited.title == "改过的标题"


def test_other_fields_can_be_edited(article: Article, admin_client: Client) -> None:
    outlet = Outlet.objects.get(slug="bbc")
    response = post(
        admin_client,
        article,
        outlet=str(outlet.pk),
        byline="记者 某某",
        published_at_0="2020-02-29",
        published_at_1="08:00:00",
        original_url="https://www.bbc.com/zhongwen/1?utm_source=rss",
    )
    assert response.status_code == 302
    edited = Article.objects.get(pk=article.pk)
    assert edited.outlet == outlet
    assert edited.byline == "记者 某某"
    assert edited.published_at == datetime(2020, 2, 29, tzinfo=UTC)
    assert edited.original_url == "https://www.bbc.com/zhongwen/1?utm_source=rss"
    assert edited.url == "https://www.bbc.com/zhongwen/1"
    assert (edited.body, edited.text) == (article.body, article.text)
    follow_changes()
    assert is_found(admin_client, "天气", article)


def test_an_article_can_become_undated(article: Article, admin_client: Client) -> None:
    post(admin_client, article, published_at_0="", published_at_1="")
    assert Article.objects.get(pk=article.pk).published_at is None
    assert admin_client.get(article.get_absolute_url()).status_code == 200


BODIES = {
    "plain": "<p>文。</p>",
    "empty": "",
    "pre": "<pre>\n\n一\n  二\n\n三</pre><p>尾</p>",
    "references": "<p>&amp;amp; &lt;b&gt; &nbsp; &quot; &#39;</p>",
    "spaces": "  <p>  文  </p>  ",
    "carriage return": "<pre>一&#13;二&#13;&#10;三</pre>",
    "textarea": "<p>&lt;/textarea&gt;&lt;script&gt;</p>",
    "astral": "<p>𠀀𪚥😀</p>",
    "line breaks": "<p>一\n二</p>\n\n<p>三<br>四</p>\n",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_saving_without_a_change_changes_nothing(
    body: str, tmp_path: Path, write_article: WriteArticle, admin_client: Client
) -> None:
    write_article(tmp_path / "1.md", body=body, epoch=1_702_566_900_000)
    run_import(tmp_path)
    before = dump()
    assert post(admin_client, Article.objects.get()).status_code == 302
    assert dump() == before


@pytest.mark.parametrize(
    ("title", "url"),
    [
        ("“引号” 'a' \"b\" <i>", "https://x.example/1?a=1&b=2"),
        ("标题", "https://x.example/文 章/(1)"),
        ("标题", "https://x.example/one\ntwo"),
    ],
)
def test_saving_odd_titles_and_addresses_without_a_change_changes_nothing(
    title: str, url: str, tmp_path: Path, write_article: WriteArticle, admin_client: Client
) -> None:
    write_article(tmp_path / "1.md", title=title, url=url, epoch=1_702_566_900_000)
    run_import(tmp_path)
    before = dump()
    assert post(admin_client, Article.objects.get()).status_code == 302
    assert dump() == before


@pytest.mark.parametrize("epoch", [1_702_566_901_000, 1_702_566_900_123, -1])
@pytest.mark.parametrize("title", ["一则新闻", "改过的标题"])
def test_the_published_time_survives_to_the_millisecond(
    title: str, epoch: int, tmp_path: Path, write_article: WriteArticle, admin_client: Client
) -> None:
    write_article(tmp_path / "1.md", epoch=epoch)
    run_import(tmp_path)
    before = Article.objects.get()
    assert post(admin_client, before, title=title).status_code == 302
    after = Article.objects.get()
    assert after.published_at == before.published_at
    assert (after.edited_at is None) == (after.title == before.title)


def test_saving_an_undated_article_without_a_change_changes_nothing(
    tmp_path: Path, write_article: WriteArticle, admin_client: Client
) -> None:
    write_article(tmp_path / "1.md", epoch=None)
    run_import(tmp_path)
    before = dump()
    assert post(admin_client, Article.objects.get()).status_code == 302
    assert dump() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", " \r\n　"),
        ("original_url", ""),
        ("original_url", "no address"),
        ("original_url", "javascript:alert(1)"),
        ("original_url", "ftp://x.example/1"),
        ("original_url", "https://x.example/" + "a" * 2_000),
        ("original_url", "https://www.dw.com/2"),
        ("original_url", "http://WWW.dw.com//2?ref=rss#top"),
        ("outlet", ""),
        ("outlet", "999999"),
        ("published_at_0", "gestern"),
        ("byline", "长" * 301),
    ],
)
def test_a_mistake_is_said_at_its_field_and_nothing_is_stored(
    field: str, value: str, article: Article, admin_client: Client
) -> None:
    before = dump()
    response = post(admin_client, article, **{field: value, "body": "<p>也改了。</p>"})
    assert response.status_code == 200
    form = response.context["adminform"].form
    assert set(form.errors) == {field.removesuffix("_0")}
    [message] = form.errors[field.removesuffix("_0")]
    assert html.escape(message) in response.content.decode()
    assert "也改了。" in response.content.decode()
    assert dump() == before


def test_an_article_can_be_written_by_hand(article: Article, admin_client: Client) -> None:
    response = admin_client.post(
        reverse("admin:articles_article_add"),
        {
            "title": "手写的一篇",
            "outlet": str(article.outlet_id),
            "original_url": "https://www.rfi.fr/by-hand?ref=rss",
            "body": "<p>手写<script>alert(1)</script>的正文。</p>",
            "captures-TOTAL_FORMS": "0",
            "captures-INITIAL_FORMS": "0",
        },
    )
    assert response.status_code == 302
    written = Article.objects.get(title="手写的一篇")
    assert written.url == "https://www.rfi.fr/by-hand"
    assert written.text == "手写的正文。"
    assert "script" not in written.body
    assert written.edited_at is not None
    follow_changes()
    assert is_found(admin_client, "手写", written)


def test_a_deleted_article_is_gone_from_pages_and_search(
    article: Article, admin_client: Client
) -> None:
    assert is_found(admin_client, "天气", article)
    address = reverse("admin:articles_article_delete", args=[article.pk])
    asked = admin_client.get(address)
    assert asked.status_code == 200
    assert Article.objects.filter(pk=article.pk).exists()
    assert admin_client.post(address, {"post": "yes"}).status_code == 302
    assert not Article.objects.filter(pk=article.pk).exists()
    assert not Capture.objects.filter(article_id=article.pk).exists()
    assert Article.objects.count() == 1
    assert list(PendingChange.objects.values_list("article_id", flat=True)) == [article.pk]
    # Not even before the index has followed is there a dead link.
    assert not is_found(admin_client, "天气", article)
    assert follow_changes() == 1
    assert not is_found(admin_client, "天气", article)
    assert admin_client.get("/healthz").json()["indexed"] == 1
    assert admin_client.get(article.get_absolute_url()).status_code == 404


def test_several_articles_are_deleted_by_the_action(article: Article, admin_client: Client) -> None:
    page = asked(admin_client, "delete_selected", Article.objects.all())
    assert done(confirmed(admin_client, page)).status == "finished"
    assert not Article.objects.exists()
    assert follow_changes() == 2
    assert admin_client.get("/healthz").json()["indexed"] == 0


def test_a_deleted_article_comes_back_with_the_next_import(
    article: Article, admin_client: Client, tmp_path: Path
) -> None:
    admin_client.post(reverse("admin:articles_article_delete", args=[article.pk]), {"post": "yes"})
    follow_changes()
    run_import(tmp_path / "tree")
    again = Article.objects.get(title="原来的标题")
    assert is_found(admin_client, "天气", again)


def test_an_outlet_with_articles_cannot_be_deleted(article: Article, admin_client: Client) -> None:
    before = dump()
    address = reverse("admin:articles_outlet_delete", args=[article.outlet_id])
    assert admin_client.post(address, {"post": "yes"}).status_code in (200, 403)
    assert dump() == before


def test_a_renamed_outlet_still_gets_its_files(
    article: Article, admin_client: Client, tmp_path: Path, write_article: WriteArticle
) -> None:
    aliases = list(article.outlet.aliases.all())
    data = {"name": "法国广播", "slug": "france", "title_suffixes": "[]"}
    data |= {"aliases-TOTAL_FORMS": str(len(aliases)), "aliases-INITIAL_FORMS": str(len(aliases))}
    for number, alias in enumerate(aliases):
        data |= {
            f"aliases-{number}-id": str(alias.pk),
            f"aliases-{number}-outlet": str(article.outlet_id),
            f"aliases-{number}-kind": alias.kind,
            f"aliases-{number}-value": alias.value,
        }
    assert admin_client.post(change_page(article.outlet), data).status_code == 302
    assert OutletAlias.objects.filter(outlet=article.outlet).count() == len(aliases)
    write_article(tmp_path / "法广" / "9.md", title="后来的", url="https://www.rfi.fr/9")
    run_import(tmp_path / "法广")
    assert Article.objects.get(title="后来的").outlet_id == article.outlet_id
    assert admin_client.get("/outlets/france/").status_code == 200


def rows_of(model: Any, article: Article) -> Any:
    if model is PendingChange:
        PendingChange.objects.note([article.pk])
    if model is AuditEntry:
        record(AuditEntry.Action.EDIT, user=None, target=article)
    rows = model._default_manager.all()
    assert rows.exists()
    return rows


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_imports_recorded_cannot_be_changed(
    model: Any, article: Article, admin_client: Client
) -> None:
    row = rows_of(model, article)[0]
    name = f"admin:articles_{model._meta.model_name}"
    before = dump()
    if model is not ImportRun:  # which is asked for, and then done by a task worker
        assert admin_client.get(reverse(f"{name}_add")).status_code == 403
        assert admin_client.post(reverse(f"{name}_add"), {}).status_code == 403
    data = {"status": "failed", "message": "x", "source_path": "x", "article_id": "77"}
    # The page of a run only shows; what it is sent changes nothing, as is seen below.
    assert admin_client.post(change_page(row), data).status_code == 403 or model is ImportRun
    delete = reverse(f"{name}_delete", args=[row.pk])
    assert admin_client.get(delete).status_code == 403
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    admin_client.post(list_page(model), action)
    assert dump() == before


def test_a_forged_inline_changes_no_capture(article: Article, admin_client: Client) -> None:
    capture = article.captures.get()
    before = dump()
    data = as_a_browser_posts(admin_client.get(change_page(article)).content.decode())
    data |= {
        "captures-TOTAL_FORMS": "2",
        "captures-INITIAL_FORMS": "1",
        "captures-0-id": str(capture.pk),
        "captures-0-article": str(article.pk),
        "captures-0-source_path": "forged",
        "captures-0-DELETE": "on",
        "captures-1-id": "",
        "captures-1-article": str(article.pk),
        "captures-1-source_path": "forged",
        "captures-1-sha256": "0" * 64,
    }
    admin_client.post(change_page(article), data)
    assert dump()["articles_capture"] == before["articles_capture"]


def test_the_captures_of_an_article_offer_nothing_to_tick(
    article: Article, admin_client: Client
) -> None:
    page = admin_client.get(change_page(article)).content.decode()
    assert article.captures.get().sha256 in page
    assert 'name="captures-0-DELETE"' not in page


def test_a_capture_shows_its_file_as_text(article: Article, admin_client: Client) -> None:
    page = admin_client.get(change_page(article.captures.get())).content.decode()
    assert "&lt;!--1702566900000--&gt;" in page
    assert "<!--1702566900000-->" not in page


def test_every_list_and_change_page_opens(article: Article, admin_client: Client) -> None:
    post(admin_client, article, title="改过的标题")
    for model in MODELS:
        for row in rows_of(model, article):
            assert admin_client.get(change_page(row)).status_code == 200
        page = admin_client.get(list_page(model))
        assert page.status_code == 200
        assert page.context["cl"].result_count == model._default_manager.count()
    assert admin_client.get(reverse("admin:index")).status_code == 200
    assert {model for model in admin.site._registry if model._meta.app_label == "articles"} <= {
        *MODELS,
        Job,
        Picture,
    }


@pytest.mark.parametrize(
    ("model", "query", "count"),
    [
        (Article, "原来", 1),
        (Article, "rfi.fr", 1),
        (Article, "查无此文", 0),
        (Article, "' OR 1=1 -- %_\\", 0),
        (Article, "%", 0),
        (Capture, "dw/", 2),
        (ImportProblem, "3.md", 1),
        (ImportRun, "tree", 1),
        (Outlet, "法广", 1),
    ],
)
def test_lists_are_searched(
    model: Any, query: str, count: int, article: Article, admin_client: Client
) -> None:
    page = admin_client.get(list_page(model), {"q": query})
    assert page.status_code == 200
    assert page.context["cl"].result_count == count


def test_a_capture_is_found_by_its_digest(article: Article, admin_client: Client) -> None:
    page = admin_client.get(list_page(Capture), {"q": article.captures.get().sha256})
    assert page.context["cl"].result_count == 1


@pytest.mark.parametrize("model", MODELS)
def test_every_filter_day_and_order_answers(
    model: Any, article: Article, admin_client: Client
) -> None:
    rows_of(model, article)
    first = admin_client.get(list_page(model))
    changelist = first.context["cl"]
    links = [
        choice["query_string"]
        for filter_ in changelist.filter_specs
        for choice in filter_.choices(changelist)
        if "query_string" in choice
    ]
    assert bool(links) == bool(changelist.list_filter)
    links += [f"?o={sign}{column + 1}" for column in range(9) for sign in ("", "-")]
    if changelist.date_hierarchy:
        name = changelist.date_hierarchy
        moment = getattr(model._default_manager.exclude(**{name: None}).first(), name)
        links += [
            f"?{name}__year={moment.year}",
            f"?{name}__year={moment.year}&{name}__month={moment.month}",
            f"?{name}__year={moment.year}&{name}__month={moment.month}&{name}__day={moment.day}",
            f"?{name}__year=1900",
        ]
    for link in [*links, "?p=1", "?all="]:
        assert admin_client.get(list_page(model) + link).status_code == 200, link


def test_filters_narrow(article: Article, admin_client: Client) -> None:
    post(admin_client, article, title="改过的标题")

    def found(**query: str) -> list[str]:
        page = admin_client.get(list_page(Article), query)
        return sorted(row.title for row in page.context["cl"].result_list)

    assert found() == ["另一篇", "改过的标题"]
    assert found(outlet__id__exact=str(article.outlet_id)) == ["改过的标题"]
    assert found(edited_at__isempty="0") == ["改过的标题"]
    assert found(edited_at__isempty="1") == ["另一篇"]
    assert found(has_newer_capture__exact="1") == []
    assert found(published_at__year="2023", published_at__month="12") == ["改过的标题"]


def test_the_outlets_of_the_article_form_are_found_by_name(admin_client: Client) -> None:
    query = {
        "app_label": "articles",
        "model_name": "article",
        "field_name": "outlet",
        "term": "法广",
    }
    response = admin_client.get(reverse("admin:autocomplete"), query)
    assert [result["text"] for result in json.loads(response.content)["results"]] == ["法广"]


@pytest.mark.parametrize("model", MODELS)
def test_strangers_are_sent_to_the_login(model: Any, article: Article, client: Client) -> None:
    row = rows_of(model, article)[0]
    before = dump()
    for address in (list_page(model), change_page(row)):
        for response in (client.get(address), client.post(address, {"title": "x", "post": "yes"})):
            assert response.status_code == 302
            assert response["Location"].startswith(reverse("admin:login"))
    assert dump() == before


def test_a_user_who_is_no_editor_gets_nowhere(article: Article, client: Client) -> None:
    client.force_login(User.objects.create_user("reader"))
    response = client.get(change_page(article))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))
    client.force_login(User.objects.create_user("staff", is_staff=True))
    assert client.get(change_page(article)).status_code == 403
    before = dump()
    assert client.post(change_page(article), {"title": "x"}).status_code == 403
    assert dump() == before


def test_a_change_needs_the_csrf_token(article: Article, admin_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    before = dump()
    assert post(client, article, title="改过").status_code == 403
    assert dump() == before


def test_an_edit_is_in_the_audit_log(article: Article, admin_client: Client) -> None:
    post(admin_client, article, title="改过的标题")
    entry = AuditEntry.objects.get(action=AuditEntry.Action.EDIT)
    assert (entry.user, entry.username) == (User.objects.get(), "admin")
    assert (entry.target, entry.target_url) == ("改过的标题", change_page(article))
    assert entry.detail == "标题"


@pytest.mark.parametrize("outlet", ["abc", "\0", "", "99999999999999999999", "-1"])
def test_an_outlet_that_is_none_is_said_at_its_field(
    article: Article, admin_client: Client, outlet: str
) -> None:
    before = dump()
    response = post(admin_client, article, outlet=outlet)
    assert response.status_code == 200
    assert "outlet" in response.context["adminform"].form.errors
    assert dump() == before


@pytest.mark.parametrize(
    ("written", "kept"), [("null", []), ("", []), ("[]", []), ('["RFI"]', ["RFI"])]
)
def test_title_suffixes_are_a_list(admin_client: Client, written: str, kept: list[str]) -> None:
    outlet = Outlet.objects.create(slug="paper", name="报")
    response = admin_client.post(
        change_page(outlet),
        {
            "slug": "paper",
            "name": "报",
            "title_suffixes": written,
            "aliases-TOTAL_FORMS": 0,
            "aliases-INITIAL_FORMS": 0,
        },
    )
    assert response.status_code == 302
    outlet.refresh_from_db()
    assert outlet.title_suffixes == kept


def test_a_title_of_nothing_visible_is_refused(article: Article, admin_client: Client) -> None:
    response = post(admin_client, article, title="\u200b \u2060")
    assert "title" in response.context["adminform"].form.errors
