"""Every change is kept: versions listed, compared, restored."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from articles.models import Article, AuditEntry, Outlet, PendingChange
from articles.sanitising import plain_text

from .articles import BODY, change_page, make_article, save

pytestmark = pytest.mark.django_db

SECOND = BODY.replace("天气", "地震")


def versions_page(article: Article) -> str:
    return reverse("admin:articles_article_history", args=[article.pk])


def restore(client: Client, article: Article, version: Any) -> Any:
    address = reverse("admin:articles_article_restore", args=[article.pk, version.pk])
    return client.post(address, follow=True)


@pytest.fixture
def article(db: None) -> Article:
    """An article that nobody edited."""
    return make_article()


def test_an_article_that_nobody_edited_has_one_version(article: Article, desk: Client) -> None:
    page = desk.get(versions_page(article))
    assert page.status_code == 200
    [line] = page.context["lines"]
    assert line.is_first
    assert line.is_current
    assert page.context["difference"] is None
    assert not article.history.exists()


def test_who_when_why_and_what(article: Article, desk: Client) -> None:
    start = datetime.now(UTC)
    save(desk, article, title="新题", reason="标题有错字")
    save(desk, article, body=SECOND, byline="记者")
    lines = desk.get(versions_page(article)).context["lines"]
    assert [(str(line.user or ""), line.changed) for line in lines] == [
        ("boss", ["作者", "正文"]),
        ("boss", ["标题"]),
        ("", []),
    ]
    assert lines[1].reason == "标题有错字"
    assert start < lines[1].at < lines[0].at < datetime.now(UTC)
    imported = lines[2].version
    assert (imported.title, imported.body, imported.history_user) == ("原题", BODY, None)
    assert lines[2].at == article.created_at
    assert [line.is_current for line in lines] == [True, False, False]


def test_saving_without_a_change_makes_no_version(article: Article, desk: Client) -> None:
    save(desk, article, reason="nothing")
    assert not article.history.exists()


def test_the_difference_by_paragraph(article: Article, desk: Client) -> None:
    save(desk, article, title="新题", body=SECOND)
    page = desk.get(versions_page(article))
    html = page.content.decode()
    assert "<del>原题</del>" in html
    assert "<ins>新题</ins>" in html
    assert "<del>天气</del>" in html
    assert "<ins>地震</ins>" in html
    assert [change.kind for change in page.context["difference"].body] == ["changed", "same"]


def test_every_field_is_compared(article: Article, desk: Client) -> None:
    other = Outlet.objects.create(slug="evening", name="晚报")
    save(
        desk,
        article,
        outlet=str(other.pk),
        published_at_0="2024-02-29",
        published_at_1="08:00:05",
        byline="记者",
        original_url="https://evening.example/7",
    )
    shown = desk.get(versions_page(article)).context["difference"].fields
    assert {(change.before, change.after) for change in shown} == {
        ("晨报", "晚报"),
        ("", "2024-02-29 08:00:05"),
        ("", "记者"),
        (article.original_url, "https://evening.example/7"),
    }


def test_marks_alone_are_compared_in_the_source(article: Article, desk: Client) -> None:
    save(desk, article, body=BODY.replace("天气", "<strong>天气</strong>"))
    page = desk.get(versions_page(article))
    assert page.context["difference"].is_markup
    assert "&lt;strong&gt;" in page.content.decode()


def test_any_two_versions_are_compared_the_older_first(article: Article, desk: Client) -> None:
    for title in ("二", "三", "四"):
        save(desk, article, title=title)
    fourth, _third, second, first = article.history.all()
    for query in ({"a": first.pk, "b": fourth.pk}, {"a": fourth.pk, "b": first.pk}):
        [change] = desk.get(versions_page(article), query).context["difference"].fields
        assert (change.before, change.after) == ("原题", "四")
    [change] = (
        desk.get(versions_page(article), {"a": second.pk, "b": "now"}).context["difference"].fields
    )
    assert (change.before, change.after) == ("二", "四")


@pytest.mark.parametrize("key", ["", "abc", "0", "99999999999999999999", "-1", "\0"])
def test_a_version_that_is_none_is_no_error(key: str, article: Article, desk: Client) -> None:
    save(desk, article, title="新题")
    page = desk.get(versions_page(article), {"a": key, "b": key, "p": key})
    assert page.status_code == 200
    assert page.context["difference"]


def test_many_versions_are_paged(article: Article, desk: Client) -> None:
    for number in range(25):
        article.title = f"第{number}版"
        article.save()
    first = desk.get(versions_page(article))
    second = desk.get(versions_page(article), {"p": 2})
    assert (len(first.context["lines"]), len(second.context["lines"])) == (20, 5)
    assert first.context["lines"][-1].changed == ["标题"]
    assert "?p=2" in first.content.decode()


def test_restoring_brings_everything_back_and_loses_nothing(article: Article, desk: Client) -> None:
    save(desk, article, title="新题", body=SECOND, original_url="https://paper.example/other")
    PendingChange.objects.all().delete()
    newer, imported = article.history.all()
    response = restore(desk, article, imported)
    assert list(response.context["messages"])[-1].level_tag == "success"
    restored = Article.objects.get(pk=article.pk)
    for name in ("title", "outlet_id", "published_at", "byline", "original_url", "url", "body"):
        assert getattr(restored, name) == getattr(article, name), name
    assert restored.text == plain_text(BODY)
    assert restored.lead.startswith("原来的文章讲天气。")
    assert restored.edited_at is not None
    assert list(PendingChange.objects.values_list("article_id", flat=True)) == [article.pk]
    kept = list(article.history.all())
    assert kept[1:] == [newer, imported]
    assert kept[0].history_user.username == "boss"
    entry = AuditEntry.objects.get(action=AuditEntry.Action.RESTORE)
    assert (entry.username, entry.target) == ("boss", "原题")

    restore(desk, article, newer)
    assert Article.objects.get(pk=article.pk).title == "新题"
    assert article.history.count() == 4


def test_a_restored_body_is_sanitised_again(article: Article, desk: Client) -> None:
    save(desk, article, title="新题")
    imported = article.history.last()
    article.history.filter(pk=imported.pk).update(body=f"{BODY}<script>alert(1)</script>")
    restore(desk, article, imported)
    assert Article.objects.get(pk=article.pk).body == BODY


def test_restoring_what_is_already_so_changes_nothing(article: Article, desk: Client) -> None:
    save(desk, article, title="新题")
    response = restore(desk, article, article.history.first())
    assert list(response.context["messages"])[-1].level_tag == "info"
    assert article.history.count() == 2
    assert not AuditEntry.objects.filter(action=AuditEntry.Action.RESTORE).exists()


def test_an_address_that_another_article_has_by_now_is_said(article: Article, desk: Client) -> None:
    save(desk, article, original_url="https://paper.example/moved")
    other = make_article(title="后来者")
    Article.objects.filter(pk=other.pk).update(url=article.url, original_url=article.url)
    response = restore(desk, article, article.history.last())
    assert response.status_code == 200
    assert "后来者" in response.content.decode()
    assert Article.objects.get(pk=article.pk).original_url == "https://paper.example/moved"


def test_an_outlet_that_is_gone_stays_what_it_is_now(article: Article, desk: Client) -> None:
    gone = article.outlet
    other = Outlet.objects.create(slug="evening", name="晚报")
    save(desk, article, outlet=str(other.pk), title="新题")
    gone.delete()
    assert desk.get(versions_page(article)).status_code == 200
    restore(desk, article, article.history.last())
    restored = Article.objects.get(pk=article.pk)
    assert (restored.title, restored.outlet) == ("原题", other)


def test_what_an_import_changed_after_a_version_is_kept_too(article: Article, desk: Client) -> None:
    save(desk, article, title="新题")
    Article.objects.filter(pk=article.pk).update(title="抓来的题")
    lines = desk.get(versions_page(article)).context["lines"]
    assert lines[0].key == "now"
    save(desk, article, title="又一题")
    assert [version.title for version in article.history.all()] == [
        "又一题",
        "抓来的题",
        "新题",
        "原题",
    ]


def test_who_may_look_and_who_may_restore(
    article: Article, desk: Client, person: Callable[..., User], client: Client
) -> None:
    save(desk, article, title="新题")
    imported = article.history.last()
    assert client.get(versions_page(article)).status_code == 302
    client.force_login(person("nobody"))
    assert client.get(versions_page(article)).status_code == 403
    client.force_login(person("looker", "view_article"))
    page = client.get(versions_page(article))
    assert page.status_code == 200
    assert "/restore/" not in page.content.decode()
    assert restore(client, article, imported).status_code == 403
    assert Article.objects.get(pk=article.pk).title == "新题"
    address = reverse("admin:articles_article_restore", args=[article.pk, imported.pk])
    assert desk.get(address).status_code == 405
    assert desk.post(address.replace(str(imported.pk), "999999")).status_code == 404
    assert desk.get("/admin/articles/article/999999/history/").status_code == 302


def test_compared_and_restored_in_the_browser(desk_page: Page) -> None:
    article = make_article()
    desk_page.goto(change_page(article))
    desk_page.locator("#id_title").fill("新题")
    desk_page.locator("#id_reason").fill("错字")
    desk_page.locator("[name=_continue]").click()
    expect(desk_page.locator(".messagelist")).to_be_visible()
    desk_page.locator(".historylink").click()
    expect(desk_page.locator(".versions tbody tr")).to_have_count(2)
    expect(desk_page.locator(".versions tbody")).to_contain_text("错字")
    expect(desk_page.locator(".difference del")).to_have_text("原题")
    desk_page.locator(".versions button").click()
    expect(desk_page.locator(".versions tbody tr")).to_have_count(3)
    expect(desk_page.locator(".difference ins")).to_have_text("原题")
    assert Article.objects.get(pk=article.pk).title == "原题"
    desk_page.locator("[name=a]").nth(2).check()
    desk_page.locator(".versions [type=submit].default").click()
    expect(desk_page.locator(".difference")).not_to_contain_text("新题")
