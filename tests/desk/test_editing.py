"""Editing an article: the form, its preview, its mistakes, two people at once, deleting."""

import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from articles.models import Article, AuditEntry, Capture

from .articles import BODY, change_page, make_article, opened, save

pytestmark = pytest.mark.django_db


def preview_page(article: Article | None = None) -> str:
    if article is None:
        return reverse("admin:articles_article_add_preview")
    return reverse("admin:articles_article_preview", args=[article.pk])


def preview(client: Client, article: Article, **changes: str) -> dict[str, Any]:
    data = opened(client, article) | changes
    response = client.post(preview_page(article), data, headers={"Accept": "application/json"})
    assert response.status_code == 200
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def body_of(page: str) -> str:
    found = re.search(r'<div class="body">\n(.*?)\n</div>', page, re.S)
    assert found
    return found[1]


@pytest.fixture
def article(db: None, tmp_path: Path, write_article: Callable[..., Path]) -> Article:
    """An article that an import brought, and another one."""
    tree = tmp_path / "tree"
    write_article(tree / "rfi" / "1.md", title="原题", url="https://www.rfi.fr/cn/1", body=BODY)
    write_article(tree / "dw" / "2.md", title="另一篇", url="https://www.dw.com/2")
    call_command("import_articles", str(tree), "--jobs=1", stdout=StringIO(), stderr=StringIO())
    return Article.objects.get(title="原题")


HOSTILE = (
    '<h1>题</h1><p onclick="alert(1)">地<b>震</b></p><script>alert(1)</script>'
    '<p><a href="javascript:alert(1)">点这里</a><img src="/p.jpg" alt="图" onerror="alert(1)"></p>'
    '<iframe src="https://video.example/1"></iframe>'
)


@pytest.mark.parametrize("pictures", ["ask", "always", "never"])
@pytest.mark.parametrize("body", [BODY, HOSTILE, "", "无标记 & <b>没关"])
def test_the_preview_is_what_readers_see_after_saving(
    body: str, pictures: str, article: Article, desk: Client, settings: Any
) -> None:
    settings.NEWSARCHIVE_PICTURES = pictures
    shown = preview(desk, article, body=body, title="新题", byline="记者")
    assert Article.objects.get(pk=article.pk).body == BODY
    assert save(desk, article, body=body, title="新题", byline="记者").status_code == 302
    read = Client().get(article.get_absolute_url()).content.decode()
    assert body_of(shown["page"]) == body_of(read)
    assert "<h1>新题</h1>" in shown["page"]
    assert '<span class="byline">记者</span>' in shown["page"]
    assert "<script" not in shown["page"]


def test_the_preview_without_javascript_is_a_page_and_saves_nothing(
    article: Article, desk: Client
) -> None:
    response = desk.post(preview_page(article), opened(desk, article) | {"body": HOSTILE})
    page = response.content.decode()
    assert response.status_code == 200
    assert "地<b>震</b>" in body_of(page)
    assert "&lt;script&gt;" in page
    assert Article.objects.get(pk=article.pk).body == BODY
    assert not AuditEntry.objects.filter(action=AuditEntry.Action.EDIT).exists()


def test_the_preview_lists_what_is_taken_out(article: Article, desk: Client) -> None:
    lost = preview(desk, article, body=HOSTILE)["losses"]
    items = [" ".join(re.sub(r"<[^>]*>", " ", item).split()) for item in re.findall(r"<li.*", lost)]
    assert len(items) == 5
    for start, excerpt in (
        ("&lt;script&gt; × 1", "alert(1)"),
        ("&lt;iframe&gt; × 1", "https://video.example/1"),
        ("&lt;a&gt; × 1", "点这里"),
        ("onclick=&quot;…&quot; × 1".replace("&quot;", '"'), "alert(1)"),
        ("onerror=&quot;…&quot; × 1".replace("&quot;", '"'), "alert(1)"),
    ):
        assert any(item.startswith(start) and excerpt in item for item in items), items
    assert "<li" not in preview(desk, article, body=BODY + "<p>好的</p>")["losses"]


def test_the_preview_says_mistakes_and_shows_the_rest(article: Article, desk: Client) -> None:
    shown = preview(desk, article, original_url="gopher://x", body="<p>新</p>")
    assert body_of(shown["page"]) == "<p>新</p>"
    assert "errorlist" in shown["losses"]


@pytest.mark.parametrize(
    "data", [{}, {"outlet": "\0"}, {"title": "只有标题"}, {"body": "<p>文</p>", "outlet": "99999"}]
)
def test_a_new_article_is_previewed_however_little_is_known(
    data: dict[str, str], desk: Client
) -> None:
    response = desk.post(preview_page(), data)
    assert response.status_code == 200
    assert data.get("title", "") in response.content.decode()
    assert not Article.objects.exists()


def test_a_huge_body_is_previewed_on_demand_only(article: Article, desk: Client) -> None:
    body = "<p>" + "很长的正文。" * 60_000 + "</p>"
    assert preview(desk, article, body=body) == {"too_long": True}
    response = desk.post(preview_page(article), opened(desk, article) | {"body": body})
    assert body_of(response.content.decode()) == body


def test_a_body_over_a_limit_is_kept_as_text_and_the_editor_is_told(
    article: Article, desk: Client
) -> None:
    body = "<div>" * 300 + "深处" + "</div>" * 300
    assert "256" in preview(desk, article, body=body)["losses"]
    response = desk.post(change_page(article), opened(desk, article) | {"body": body}, follow=True)
    assert [message.level_tag for message in response.context["messages"]].count("warning") == 1
    assert Article.objects.get(pk=article.pk).body == "<p>深处</p>"


def test_who_may_preview(article: Article, person: Callable[..., User], client: Client) -> None:
    for address in (preview_page(article), preview_page()):
        assert client.post(address).status_code == 302
    client.force_login(person("looker", "view_article"))
    for address in (preview_page(article), preview_page()):
        assert client.post(address).status_code == 403
    page = client.get(change_page(article))
    assert page.status_code == 200
    assert "editor.js" not in page.content.decode()
    client.force_login(person("editor", "view_article", "change_article"))
    assert client.post(preview_page(article)).status_code == 200
    assert client.post(preview_page()).status_code == 403
    assert client.get(preview_page(article)).status_code == 405
    assert client.post("/admin/articles/article/123456/preview/").status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="editor"))
    assert strict.post(preview_page(article)).status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        "no address",
        "ftp://x.example/1",
        "https://",
        "https://[::1",
        "https://x.example:port/",
        "https://a b.example/",
        "https://" + "长" * 70 + ".example/",
        "https://x.example/" + "a" * 2_000,
        "https://www.dw.com/2",
    ],
)
def test_a_wrong_address_is_said_in_one_language(
    address: str, article: Article, desk: Client
) -> None:
    response = save(desk, article, original_url=address)
    [message] = response.context["adminform"].form.errors["original_url"]
    assert message in response.context["adminform"].form.errors["original_url"].as_text()
    assert "The address" not in message
    assert "The host" not in message
    assert "The port" not in message


def test_the_second_editor_is_told_and_loses_nothing(
    article: Article, person: Callable[..., User]
) -> None:
    first, second = Client(), Client()
    first.force_login(person("amei", "view_article", "change_article"))
    second.force_login(person("bolin", "view_article", "change_article"))
    mine = opened(second, article) | {"title": "乙的题", "body": BODY + "<p>乙写的。</p>"}
    first.post(change_page(article), opened(first, article) | {"title": "甲的题", "reason": "错字"})

    told = second.post(change_page(article), mine)
    page = told.content.decode()
    assert told.status_code == 200
    assert Article.objects.get(pk=article.pk).title == "甲的题"
    conflict = told.context["adminform"].form.conflict
    assert conflict.version.history_user.username == "amei"
    for said in ("amei", "错字", "<del>甲的题</del>", "<ins>乙的题</ins>", "<ins>乙写的。</ins>"):
        assert said in page, said
    assert "&lt;p&gt;乙写的。&lt;/p&gt;</textarea>" in page

    # Once more, without saying so, changes nothing; saying so does, and keeps the other version.
    assert second.post(change_page(article), mine).status_code == 200
    assert Article.objects.get(pk=article.pk).title == "甲的题"
    mine["overwrite"] = conflict.token
    assert second.post(change_page(article), mine).status_code == 302
    saved = Article.objects.get(pk=article.pk)
    assert (saved.title, saved.text.endswith("乙写的。")) == ("乙的题", True)
    assert [version.title for version in article.history.all()] == ["乙的题", "甲的题", "原题"]


def test_overwriting_holds_for_what_was_shown_only(article: Article, desk: Client) -> None:
    mine = opened(desk, article) | {"title": "我的题"}
    save(desk, article, title="第一次改")
    article.refresh_from_db()
    mine["overwrite"] = (
        desk.post(change_page(article), mine).context["adminform"].form.conflict.token
    )
    save(desk, article, title="第二次改")
    assert desk.post(change_page(article), mine).status_code == 200
    assert Article.objects.get(pk=article.pk).title == "第二次改"


def test_an_import_since_the_form_was_opened_is_told(
    article: Article, desk: Client, tmp_path: Path, write_article: Callable[..., Path]
) -> None:
    mine = opened(desk, article) | {"byline": "我"}
    write_article(
        tmp_path / "rfi" / "1.md", title="新抓的题", url=article.original_url, body="<p>新文。</p>"
    )
    call_command("import_articles", str(tmp_path / "rfi"), "--jobs=1", stdout=StringIO())
    told = desk.post(change_page(article), mine)
    assert told.context["adminform"].form.conflict.version is None
    assert "<del>新抓的题</del>" in told.content.decode()
    assert Article.objects.get(pk=article.pk).byline == ""


def test_what_is_done_is_in_the_audit_log(article: Article, desk: Client) -> None:
    desk.post(
        reverse("admin:articles_article_add"),
        {
            "title": "手写",
            "outlet": str(article.outlet_id),
            "original_url": "https://www.rfi.fr/2",
            "body": "<p>文</p>",
        },
    )
    save(desk, article)
    save(desk, article, title="新题", body="<p>新</p>")
    desk.post(reverse("admin:articles_article_delete", args=[article.pk]), {"post": "yes"})
    done = AuditEntry.objects.exclude(action=AuditEntry.Action.LOGIN).order_by("pk")
    assert [(entry.action, entry.target) for entry in done] == [
        ("add", "手写"),
        ("edit", "新题"),
        ("delete", "新题"),
    ]
    assert {entry.username for entry in done} == {"boss"}
    assert "标题" in done[1].detail
    assert "正文" in done[1].detail
    assert done[2].detail == "https://www.rfi.fr/cn/1"


def test_deleting_says_what_goes_and_takes_it_all(
    article: Article, desk: Client, django_assert_max_num_queries: Any
) -> None:
    save(desk, article, title="新题")
    Capture.objects.bulk_create(
        Capture(
            article=article,
            sha256=f"{number:064x}",
            content=b"x",
            size=1,
            source_path=f"{number}.md",
            format="archive",
        )
        for number in range(2_000)
    )
    address = reverse("admin:articles_article_delete", args=[article.pk])
    with django_assert_max_num_queries(15):
        asked = desk.get(address)
    assert (asked.context["captures"], asked.context["versions"]) == (2_001, 2)
    assert "1999.md" not in asked.content.decode()
    assert desk.post(address, {"post": "yes"}).status_code == 302
    assert not Capture.objects.filter(source_path="1999.md").exists()
    assert not Article.history.filter(id=article.pk).exists()
    assert Article.objects.get().title == "另一篇"


def test_deleting_needs_the_permission(
    article: Article, person: Callable[..., User], client: Client
) -> None:
    client.force_login(person("editor", "view_article", "change_article"))
    address = reverse("admin:articles_article_delete", args=[article.pk])
    assert client.get(address).status_code == 403
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert address not in client.get(change_page(article)).content.decode()
    client.force_login(person("remover", "view_article", "change_article", "delete_article"))
    assert client.post(address, {"post": "yes"}).status_code == 302


def test_the_captures_are_listed_and_a_newer_one_is_announced(
    article: Article, desk: Client, tmp_path: Path, write_article: Callable[..., Path]
) -> None:
    save(desk, article, title="新题")
    write_article(tmp_path / "rfi" / "9.md", title="新抓的题", url=article.original_url)
    call_command("import_articles", str(tmp_path / "rfi"), "--jobs=1", stdout=StringIO())
    page = desk.get(change_page(article))
    assert [capture.source_path for capture in page.context["captures"]] == [
        capture.source_path for capture in article.captures.order_by("-pk")
    ]
    html = page.content.decode()
    for capture in article.captures.all():
        assert capture.source_path in html
        assert reverse("admin:articles_capture_change", args=[capture.pk]) in html
    assert "desk-banner" in html


# In the browser


def shadow(page: Page) -> Any:
    return page.locator(".editor-page .reading")


def test_editing_with_a_mouse(desk_page: Page) -> None:
    article = make_article()
    desk_page.goto(change_page(article))
    expect(shadow(desk_page).locator("h1")).to_have_text("原题")
    expect(shadow(desk_page).locator(".body p")).to_have_count(2)
    # Readers' type, not the desk's.
    assert desk_page.evaluate(
        """() => {
            const page = document.querySelector(".editor-page").shadowRoot;
            const fontOf = (element) => getComputedStyle(element).fontFamily;
            return fontOf(page.querySelector(".body")) !== fontOf(document.body);
        }"""
    )
    source = desk_page.locator("#id_body")
    source.evaluate("(field) => field.setSelectionRange(3, 5)")
    desk_page.locator("[data-mark=strong]").click()
    expect(source).to_have_value(BODY.replace("原来", "<strong>原来</strong>", 1))
    expect(shadow(desk_page).locator(".body strong")).to_have_text("原来")
    source.press("Control+z")
    expect(source).to_have_value(BODY)

    source.fill('<p onclick="alert(1)">地震</p><script>alert(1)</script>')
    expect(shadow(desk_page).locator(".body")).to_have_text("地震")
    losses = desk_page.locator(".editor-losses li")
    expect(losses).to_have_count(2)
    expect(losses.first).to_contain_text("alert(1)")
    desk_page.locator("#id_title").fill("新题")
    expect(shadow(desk_page).locator("h1")).to_have_text("新题")
    desk_page.locator("[name=_save]").click()
    desk_page.wait_for_url("**/admin/articles/article/")
    saved = Article.objects.get(pk=article.pk)
    assert (saved.title, saved.body) == ("新题", "<p>地震</p>")


def test_editing_with_the_keyboard_only(desk_page: Page) -> None:
    article = make_article(body="<p>雨</p>")
    desk_page.goto(change_page(article))
    desk_page.locator("#id_original_url").focus()
    reached = []
    for _ in range(12):
        desk_page.keyboard.press("Tab")
        reached.append(desk_page.evaluate("document.activeElement.dataset.mark || ''"))
        if desk_page.evaluate("document.activeElement.id") == "id_body":
            break
    assert [mark for mark in reached if mark] == [
        "strong", "em", "a", "p", "h2", "blockquote", "ul", "img",
    ]  # fmt: skip
    desk_page.keyboard.press("Control+End")
    desk_page.keyboard.type("\n")
    for _ in range(2):
        desk_page.keyboard.press("Shift+Tab")
    assert desk_page.evaluate("document.activeElement.dataset.mark") == "ul"
    desk_page.keyboard.press("Enter")
    desk_page.keyboard.type("一")
    desk_page.keyboard.press("Control+End")
    desk_page.keyboard.press("Control+k")
    desk_page.keyboard.type("https://x.example/")
    for _ in range(2):
        desk_page.keyboard.press("ArrowRight")
    desk_page.keyboard.type("链接")
    expect(desk_page.locator("#id_body")).to_have_value(
        '<p>雨</p>\n<ul>\n<li>一</li>\n</ul><a href="https://x.example/">链接</a>'
    )
    expect(shadow(desk_page).locator(".body li")).to_have_text("一")
    for _ in range(30):
        desk_page.keyboard.press("Tab")
        if desk_page.evaluate("document.activeElement.name") == "_continue":
            break
    desk_page.keyboard.press("Enter")
    expect(desk_page.locator(".messagelist")).to_be_visible()
    assert "<li>一</li>" in Article.objects.get(pk=article.pk).body


def test_a_conflict_in_the_browser(desk_page: Page, person: Callable[..., User]) -> None:
    article = make_article()
    desk_page.goto(change_page(article))
    other = Client()
    other.force_login(person("amei", "view_article", "change_article"))
    save(other, article, title="甲的题")
    desk_page.locator("#id_title").fill("我的题")
    desk_page.locator("[name=_save]").click()
    expect(desk_page.locator(".conflict")).to_contain_text("amei")
    expect(desk_page.locator(".conflict del").first).to_have_text("甲的题")
    expect(desk_page.locator("#id_title")).to_have_value("我的题")
    desk_page.locator("[name=overwrite]").check()
    desk_page.locator("[name=_save]").click()
    desk_page.wait_for_url("**/admin/articles/article/")
    assert Article.objects.get(pk=article.pk).title == "我的题"
