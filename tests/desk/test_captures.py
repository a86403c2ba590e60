"""Captures: looked at, downloaded, compared, made what readers see; never changed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from articles.admin import _captures
from articles.models import Article, AuditEntry, Capture, PendingChange

pytestmark = pytest.mark.django_db
WriteArticle = Callable[..., Path]

COMPARE = "/admin/articles/capture/compare/"
FIRST = "<p>第一句。第二句是这样。</p>" + "".join(f"<p>不变的第{n}句。</p>" for n in range(20))
SECOND = FIRST.replace("这样", "那样")


def run_import(path: Path) -> None:
    call_command("import_articles", str(path), "--jobs=1", stdout=StringIO(), stderr=StringIO())


def page_of(capture: Capture, name: str) -> str:
    return reverse(f"admin:articles_capture_{name}", args=[capture.pk])


@pytest.fixture
def imported(tmp_path: Path, write_article: WriteArticle) -> Callable[..., Article]:
    """Imports a file of one article: ``imported(title=…, body=…)``; other bytes, a new capture."""
    count = iter(range(100))

    def make(**parts: Any) -> Article:
        tree = tmp_path / f"tree-{next(count)}"
        write_article(tree / "rfi" / "1.md", **{"url": "https://www.rfi.fr/cn/1", **parts})
        run_import(tree)
        return Article.objects.get(url="https://www.rfi.fr/cn/1")

    return make


@pytest.fixture
def article(imported: Callable[..., Article]) -> Article:
    """An article with two captures, the second its current one."""
    imported(title="原来的标题", body=FIRST, epoch=1_600_000_000_000)
    return imported(title="后来的标题", body=SECOND, epoch=None)


def edit(article: Article, title: str = "编辑的标题") -> Article:
    """What an editor's form does."""
    from articles.editing import apply_edit

    article.title = title
    apply_edit(article, changed=["title"])
    article.save()
    return article


def test_the_file_is_shown_as_it_was(article: Article, desk: Client) -> None:
    capture = article.captures.first()
    assert capture is not None
    page = desk.get(page_of(capture, "change")).content.decode()
    assert "[原来的标题](https://www.rfi.fr/cn/1)" in page
    assert "&lt;p&gt;第一句" in page
    for shown in (capture.sha256, capture.source_path, page_of(capture, "download")):
        assert shown in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize(
    ("source_path", "raw", "name", "content_type"),
    [
        ("articles/rfi/1.md", "文".encode(), '"1.md"', "text/plain; charset=utf-8"),
        (
            "x.zip!articles/法广/法广.md",
            b"\xff\xfe\x00",
            "%E6%B3%95%E5%B9%BF.md",
            "application/octet-stream",
        ),
        (
            "a/evil.html",
            b"<script>alert(1)</script>",
            '"evil.html.txt"',
            "text/plain; charset=utf-8",
        ),
        ('a/"; x=\\..', b"x", None, "text/plain; charset=utf-8"),
        ("a/\u202egpj.exe", b"x", '"_gpj.exe.txt"', "text/plain; charset=utf-8"),
        ("..", b"x", None, "text/plain; charset=utf-8"),
    ],
    ids=["plain", "binary", "page", "quotes", "backwards", "no name"],
)
def test_the_raw_file_is_downloaded_and_never_shown(
    desk: Client,
    source_path: str,
    raw: bytes,
    name: str | None,
    content_type: str,
) -> None:
    capture = Capture.objects.create(
        sha256="0" * 64,
        content=Capture.compress(raw),
        size=len(raw),
        source_path=source_path,
        format="archive",
    )
    response = desk.get(page_of(capture, "download"))
    assert response.content == raw
    assert response["Content-Type"] == content_type
    disposition = response["Content-Disposition"]
    assert disposition.startswith("attachment")
    assert re.fullmatch(
        r"""attachment; filename(="[\w.() -]+"|\*=utf-8''[\w.%() -]+)""", disposition
    )
    assert name is None or name in disposition
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert desk.post(page_of(capture, "download")).status_code == 405


def test_two_captures_are_compared_by_sentence(article: Article, desk: Client) -> None:
    old, new = article.captures.all()
    page = desk.get(COMPARE, {"a": old.pk, "b": new.pk})
    html = page.content.decode()
    assert "<del>这</del>" in html
    assert "<ins>那</ins>" in html
    assert "<del>原</del>" in html
    [folded] = [run for run in page.context["runs"] if run.is_folded]
    assert len(folded.changes) == 18
    rows = {row.label: row.changes for row in page.context["rows"]}
    assert [change.kind for changes in rows.values() for change in changes].count("removed") == 1
    switched = re.search(r'href="([^"]+)" class="compare-switch"', html)
    assert switched
    other_way = desk.get(switched[1].replace("&amp;", "&")).content.decode()
    assert "<del>那</del>" in other_way
    assert "<ins>这</ins>" in other_way


def test_a_capture_is_compared_with_the_article_as_it_is(article: Article, desk: Client) -> None:
    edit(article)
    newest = article.captures.last()
    address = _captures.comparison_address(article)
    assert address == f"{COMPARE}?a=now&b={newest.pk}"  # type: ignore[union-attr]
    page = desk.get(address)
    assert page.context["is_same_text"]
    assert "编辑" in page.content.decode()
    assert desk.get(COMPARE, {"b": newest.pk}).status_code == 200  # type: ignore[union-attr]


def test_what_cannot_be_compared_is_not_found(desk: Client) -> None:
    keys: tuple[str, ...] = ("now", "x", "9" * 30, "-1", "\0", "99999")
    assert desk.get(COMPARE).status_code == 404
    for key in keys:
        assert desk.get(COMPARE, {"a": key}).status_code == 404, key


def test_captures_of_different_articles_are_not_compared(
    article: Article, imported: Callable[..., Article], desk: Client
) -> None:
    imported(url="https://www.rfi.fr/cn/2")
    other = Article.objects.get(url="https://www.rfi.fr/cn/2")
    ids = [capture.pk for capture in (article.captures.first(), other.captures.first()) if capture]
    assert desk.get(COMPARE, {"a": ids[0], "b": ids[1]}).status_code == 404


def test_an_older_capture_is_made_current(
    article: Article, imported: Callable[..., Article], desk: Client, boss: User
) -> None:
    old, new = article.captures.all()
    PendingChange.objects.all().delete()
    response = desk.post(page_of(old, "make_current"))
    assert response.status_code == 302
    changed = Article.objects.get(pk=article.pk)
    assert (changed.title, changed.current_capture) == ("原来的标题", old)
    assert "第二句是这样" in changed.body
    assert "第二句是这样" in changed.text
    assert changed.has_newer_capture
    assert changed.edited_at is not None
    assert PendingChange.objects.filter(article_id=article.pk).exists()
    now, before = changed.history.all()
    assert (now.history_user, now.title) == (boss, "原来的标题")
    assert (before.title, before.body) == ("后来的标题", article.body)
    assert AuditEntry.objects.filter(action="edit", user=boss).count() == 1
    assert list(article.captures.all()) == [old, new]

    # An editor decided: an import brings a capture, and readers see what they saw.
    imported(title="第三次", body=FIRST)
    assert Article.objects.get(pk=article.pk).title == "原来的标题"


def test_what_the_file_lacks_stays(article: Article, desk: Client) -> None:
    old, new = article.captures.all()
    assert article.published_at == datetime.fromtimestamp(1_600_000_000, UTC)
    edit(article)
    desk.post(page_of(new, "make_current"))
    changed = Article.objects.get(pk=article.pk)
    assert (changed.title, changed.published_at) == ("后来的标题", article.published_at)
    assert not changed.has_newer_capture
    assert changed.edited_at is not None
    assert old.article_id == changed.pk


def test_the_newest_capture_of_an_unedited_article_leaves_it_to_imports(
    article: Article, imported: Callable[..., Article], desk: Client
) -> None:
    # What readers see stays when a newer file has no text.
    imported(title="没有正文", body="")
    newest = article.captures.last()
    assert newest is not None
    desk.post(page_of(newest, "make_current"))
    changed = Article.objects.get(pk=article.pk)
    assert (changed.title, changed.text) == ("没有正文", article.text)
    assert (changed.edited_at, changed.has_newer_capture) == (None, False)
    imported(title="第四次", body=FIRST)
    assert Article.objects.get(pk=article.pk).title == "第四次"


def test_making_the_current_capture_current_changes_nothing(article: Article, desk: Client) -> None:
    current = article.current_capture
    assert current is not None
    before = Article.objects.filter(pk=article.pk).values().get()
    assert desk.post(page_of(current, "make_current")).status_code == 302
    assert Article.objects.filter(pk=article.pk).values().get() == before
    assert not article.history.exists()
    assert not AuditEntry.objects.filter(action="edit").exists()


def test_a_change_since_the_page_was_opened_is_told(article: Article, desk: Client) -> None:
    old, new = article.captures.all()
    seen = desk.get(COMPARE, {"a": old.pk, "b": new.pk}).context["seen"]
    edit(article)
    response = desk.post(page_of(old, "make_current"), {"seen": seen}, follow=True)
    assert response.request["PATH_INFO"] == COMPARE
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert Article.objects.get(pk=article.pk).title == "编辑的标题"


def test_a_file_in_which_no_article_can_be_read(article: Article, desk: Client) -> None:
    raw = "<!--1702566901000-->\n[断掉的标题](https://www.rf".encode()
    broken = Capture.objects.create(
        article=article,
        sha256="0" * 64,
        content=Capture.compress(raw),
        size=len(raw),
        source_path="articles/rfi/3.md",
    )
    page = desk.get(COMPARE, {"a": "now", "b": str(broken.pk)}).content.decode()
    assert "断掉的标题" in page
    assert page_of(broken, "make_current") not in page
    response = desk.post(page_of(broken, "make_current"), follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert Article.objects.get(pk=article.pk).title == article.title


def test_captures_cannot_be_changed_or_deleted(article: Article, desk: Client) -> None:
    capture = article.captures.first()
    assert capture is not None
    before = Capture.objects.filter(pk=capture.pk).values().get()
    assert desk.post(page_of(capture, "change"), {"source_path": "x"}).status_code == 403
    assert desk.post(page_of(capture, "delete"), {"post": "yes"}).status_code == 403
    desk.post(page_of(capture, "make_current"))
    assert Capture.objects.filter(pk=capture.pk).values().get() == before


def test_who_may_do_what(article: Article, client: Client, person: Callable[..., User]) -> None:
    old, new = article.captures.all()
    compare = f"{COMPARE}?a={old.pk}&b={new.pk}"
    looking = [compare, page_of(old, "download"), page_of(old, "change")]
    make_current = page_of(old, "make_current")
    for address in looking:
        assert client.get(address)["Location"].startswith(reverse("admin:login"))
    client.force_login(person("nobody"))
    assert [client.get(address).status_code for address in looking] == [403] * 3
    client.force_login(person("reader", "view_article"))
    assert [client.get(address).status_code for address in looking] == [200] * 3
    assert make_current not in client.get(compare).content.decode()
    assert client.post(make_current).status_code == 403
    editor = Client(enforce_csrf_checks=True)
    editor.force_login(person("editor", "view_article", "change_article"))
    assert make_current in editor.get(compare).content.decode()
    assert editor.get(make_current).status_code == 405
    assert editor.post(make_current).status_code == 403
    assert Article.objects.get(pk=article.pk).title == "后来的标题"


def test_comparing_by_keyboard_on_a_phone(article: Article, desk_page: Page) -> None:
    edit(article)
    old = article.captures.first()
    assert old is not None
    desk_page.set_viewport_size({"width": 390, "height": 800})
    desk_page.goto(_captures.comparison_address(article))
    assert desk_page.evaluate("document.documentElement.scrollWidth") <= 390
    desk_page.locator("#compare-b").focus()
    desk_page.keyboard.press("ArrowUp")
    desk_page.locator(".compare-choice input[type=submit]").focus()
    desk_page.keyboard.press("Enter")
    expect(desk_page).to_have_url(re.compile(rf"b={old.pk}$"))
    summary = desk_page.locator(".compare-folded summary").first
    summary.focus()
    desk_page.keyboard.press("Enter")
    expect(desk_page.get_by_text("不变的第10句。")).to_be_visible()
    desk_page.locator(".compare-actions input[type=submit]").focus()
    desk_page.keyboard.press("Enter")
    expect(desk_page.locator(".messagelist .success")).to_be_visible()
    assert Article.objects.get(pk=article.pk).title == "原来的标题"
