"""Mending: what a file lacks is said, filled in by a person, and the file becomes an article."""

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

from articles.models import Article, AuditEntry, Capture, ImportProblem, ImportRun, Outlet
from search.indexing import follow_changes

pytestmark = pytest.mark.django_db
WriteArticle = Callable[..., Path]

URL = "https://www.rfi.fr/cn/1"
HALF_A_PAGE = (
    "<html><head><title>网页的标题</title></head><body><article>{}</article></body></html>"
)
FRONT_MATTER = "---\ntitle: 有前言的文章\ndate: 2020-07-02\n---\n\n正文第一段。\n"


def run_import(path: Path) -> None:
    call_command("import_articles", str(path), "--jobs=1", stdout=StringIO(), stderr=StringIO())


def mend_page(problem: ImportProblem) -> str:
    return reverse("admin:articles_importproblem_mend", args=[problem.pk])


def written(form: Any, **changes: str) -> dict[str, str]:
    """What a browser sends of a form, with ``changes``."""
    data = {"seen": form.seen_token}
    for field in form.visible_fields():
        value = field.value()
        if field.name == "published_at":
            day_and_time = field.field.widget.decompress(value) if not form.is_bound else value
            data["published_at_0"], data["published_at_1"] = (
                "" if part is None else str(part)[:10] for part in day_and_time
            )
        else:
            shown = getattr(value, "pk", value)
            data[field.name] = "" if shown is None else str(shown).replace("\n", "\r\n")
    assert set(changes) <= {*data, "attach"}
    return data | changes


def open_and_send(client: Client, problem: ImportProblem, **changes: str) -> Any:
    form = client.get(mend_page(problem)).context["form"]
    return client.post(mend_page(problem), written(form, **changes))


def is_found(word: str, article: Article) -> bool:
    follow_changes()
    page = Client().get("/search/", {"q": word}).content.decode()
    return f'"{article.get_absolute_url()}' in page


@pytest.fixture
def problem_of(tmp_path: Path, write_article: WriteArticle) -> Callable[..., Any]:
    """Imports a file, made of its text or its parts, and returns its problem, None without one."""

    def make(text: str = "", *, name: str = "1.md", **parts: Any) -> Any:
        path = tmp_path / "tree" / "rfi" / name
        if text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            write_article(path, **{"url": URL, **parts})
        run_import(tmp_path / "tree")
        return ImportProblem.objects.last()

    return make


def test_a_file_without_a_title_becomes_an_article(
    problem_of: Callable[..., Any], desk: Client, boss: User, tmp_path: Path
) -> None:
    body = '<p onclick="x()">正文说到地震。</p><script>alert(1)</script>'
    problem = problem_of(title="", body=body, epoch=1_702_566_901_234)
    assert problem.kind == "no-title"
    assert problem.capture is not None
    raw = problem.capture.raw

    page = desk.get(mend_page(problem))
    form = page.context["form"]
    assert form["title"].value() == ""
    assert form["original_url"].value() == URL
    assert form["outlet"].value() == Outlet.objects.get(slug="rfi").pk
    assert "正文说到地震" in form["body"].value()
    shown = page.content.decode()
    assert "alert(1)" in page.context["raw_text"]
    assert "<script>alert(1)" not in shown
    [title] = [line for line in shown.split("<") if line.startswith('textarea name="title"')]
    assert "autofocus" in title

    response = desk.post(mend_page(problem), written(form, title="补上的标题"))
    assert response.status_code == 302
    article = Article.objects.get()
    assert (article.title, article.url, article.outlet.slug) == ("补上的标题", URL, "rfi")
    assert article.body == "<p>正文说到地震。</p>"
    assert article.published_at == datetime.fromtimestamp(1_702_566_901.234, UTC)
    assert article.edited_at is not None
    capture = article.captures.get()
    assert article.current_capture == capture == problem.capture
    assert capture.raw == raw
    assert capture.format == "archive"
    assert is_found("地震", article)
    [version] = article.history.all()
    assert version.history_user == boss
    entry = AuditEntry.objects.get(action="mend")
    assert (entry.user, problem.path in entry.detail) == (boss, True)
    problem.refresh_from_db()
    assert problem.resolved_at is not None
    assert desk.get(response["Location"]).context["done_by"] == "boss"

    # The same file again is nothing new, and nothing to mend.
    run_import(tmp_path / "tree")
    assert ImportRun.objects.latest("pk").unchanged == 1
    assert (Article.objects.count(), Capture.objects.count()) == (1, 1)
    assert ImportProblem.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "text", "kind", "read", "change"),
    [
        (
            "1.md",
            FRONT_MATTER,
            "no-address",
            {"title": "有前言的文章"},
            {"original_url": "https://www.rfi.fr/cn/9"},
        ),
        (
            "1.html",
            HALF_A_PAGE.format("<p>网页里的正文，够长的一段话。</p>" * 3),
            "no-address",
            {"title": "网页的标题"},
            {"original_url": "https://www.rfi.fr/cn/9"},
        ),
        (
            "1.md",
            "[坏地址](mailto:x)\n------\n\n<p>文。</p>",
            "bad-address",
            {"title": "坏地址", "original_url": "mailto:x"},
            {"original_url": "https://www.rfi.fr/cn/9"},
        ),
        (
            "1.md",
            "<!--1702566901000-->\n[断掉的标题](https://www.rf",
            "no-address",
            {"title": ""},
            {"title": "断掉的标题", "original_url": "https://www.rfi.fr/cn/9"},
        ),
        (
            "1.md",
            "---\ntitle: a: b: [\n---\n\n正文。",
            "unknown-format",
            {"title": ""},
            {"title": "前言坏了", "original_url": "https://www.rfi.fr/cn/9"},
        ),
    ],
    ids=["front matter", "web page", "bad address", "cut header", "bad yaml"],
)
def test_whatever_was_read_is_offered(
    problem_of: Callable[..., Any],
    desk: Client,
    name: str,
    text: str,
    kind: str,
    read: dict[str, Any],
    change: dict[str, str],
) -> None:
    problem = problem_of(text, name=name)
    assert problem.kind == kind
    form = desk.get(mend_page(problem)).context["form"]
    assert {name: form[name].value() for name in read} == read
    assert form["body"].value()
    assert desk.post(mend_page(problem), written(form, **change)).status_code == 302
    article = Article.objects.get()
    assert article.url == "https://www.rfi.fr/cn/9"
    assert article.outlet.slug == "rfi"
    assert article.text
    assert article.captures.get() == problem.capture


def test_the_outlet_can_be_chosen_or_is_made(problem_of: Callable[..., Any], desk: Client) -> None:
    problem = problem_of(title="")
    chosen = Outlet.objects.create(slug="paper", name="晨报")
    open_and_send(desk, problem, title="一", outlet=str(chosen.pk))
    assert Article.objects.get(title="一").outlet == chosen
    ImportProblem.objects.update(resolved_at=None)

    other = problem_of("---\ntitle: 二\n---\n\n文。", name="2.md")
    Capture.objects.filter(pk=other.capture_id).update(source_path="2.md")
    open_and_send(desk, other, original_url="https://unknown.example/1")
    assert Article.objects.get(title="二").outlet.name == "unknown.example"


def test_a_missing_day_is_filled_in(
    problem_of: Callable[..., Any], desk: Client, boss: User
) -> None:
    problem = problem_of(title="没有日期", body="<p>正文。</p>", epoch=None)
    assert problem.kind == "no-date"
    before = Article.objects.get()
    refused = open_and_send(desk, problem)
    assert list(refused.context["form"].errors) == ["published_at"]

    assert open_and_send(desk, problem, published_at_0="2020-07-02").status_code == 302
    article = Article.objects.get()
    assert article.published_at == datetime(2020, 7, 1, 16, tzinfo=UTC)
    assert article.edited_at is not None
    for name in ("title", "url", "original_url", "outlet_id", "byline", "body", "text"):
        assert getattr(article, name) == getattr(before, name)
    mended, imported = article.history.all()
    assert (mended.history_user, mended.published_at) == (boss, article.published_at)
    assert (imported.history_user, imported.published_at) == (None, None)
    problem.refresh_from_db()
    assert problem.resolved_at is not None


def test_a_missing_body_is_filled_in(problem_of: Callable[..., Any], desk: Client) -> None:
    problem = problem_of(title="没有正文", body="", epoch=None)
    no_date, empty = ImportProblem.objects.order_by("kind")[::-1]
    assert (no_date.kind, empty.kind) == ("no-date", "empty-body")
    refused = open_and_send(desk, empty, body="<script>alert(1)</script>")
    assert list(refused.context["form"].errors) == ["body"]

    # Filling both gaps solves both problems.
    changes = {"body": "<p>补上的正文。</p><script>x</script>", "published_at_0": "2020-07-02"}
    assert open_and_send(desk, empty, **changes).status_code == 302
    article = Article.objects.get()
    assert (article.body, article.text) == ("<p>补上的正文。</p>", "补上的正文。")
    assert not ImportProblem.objects.filter(resolved_at=None).exists()
    assert problem.capture == article.current_capture


def test_one_gap_filled_leaves_the_other(problem_of: Callable[..., Any], desk: Client) -> None:
    problem_of(title="没有正文", body="", epoch=None)
    empty = ImportProblem.objects.get(kind="empty-body")
    open_and_send(desk, empty, body="<p>补上的正文。</p>")
    assert [problem.kind for problem in ImportProblem.objects.filter(resolved_at=None)] == [
        "no-date"
    ]
    page = desk.get(mend_page(empty))
    assert page.context["next"].kind == "no-date"
    assert mend_page(page.context["next"]) in page.content.decode()


def test_a_body_kept_as_text_can_be_accepted(problem_of: Callable[..., Any], desk: Client) -> None:
    problem = problem_of(title="太深", body="<div>" * 300 + "文。" + "</div>" * 300)
    assert problem.kind == "text-only"
    before = Article.objects.get()
    assert open_and_send(desk, problem).status_code == 302
    article = Article.objects.get()
    assert (article.body, article.edited_at) == (before.body, None)
    problem.refresh_from_db()
    assert problem.resolved_at is not None


WRONG = [
    ({"title": ""}, "title"),
    ({"title": " \u200b "}, "title"),
    ({"original_url": ""}, "original_url"),
    ({"original_url": "javascript:alert(1)"}, "original_url"),
    ({"original_url": "http://[::1"}, "original_url"),
    ({"published_at_0": "2023-02-30"}, "published_at"),
    ({"published_at_0": "2023-02-03", "published_at_1": "25:00"}, "published_at"),
    ({"published_at_0": "0001-01-01"}, "published_at"),
    ({"published_at_0": "昨天"}, "published_at"),
    ({"byline": "长" * 301}, "byline"),
    ({"outlet": "99999999999"}, "outlet"),
]


def test_wrong_input_is_said_at_the_field_and_nothing_is_stored(
    problem_of: Callable[..., Any], desk: Client
) -> None:
    problem = problem_of(title="")
    for changes, field in WRONG:
        response = open_and_send(desk, problem, **{"title": "好", **changes})
        assert response.status_code == 200
        assert list(response.context["form"].errors) == [field], changes
    assert not Article.objects.exists()
    problem.refresh_from_db()
    assert problem.resolved_at is None


def test_the_address_of_another_article_offers_to_attach(
    problem_of: Callable[..., Any], write_article: WriteArticle, desk: Client
) -> None:
    problem_of(title="原来的文章", body="<p>原来的正文。</p>", name="1.md")
    problem = problem_of(title="", body="<p>新的正文。</p>", name="2.md")
    before = Article.objects.get()
    form = desk.get(mend_page(problem)).context["form"]
    refused = desk.post(mend_page(problem), written(form, title="另一个标题"))
    assert list(refused.context["form"].errors) == ["original_url"]
    page = refused.content.decode()
    assert reverse("admin:articles_article_change", args=[before.pk]) in page
    assert 'name="attach"' in page

    # Somebody who presses Enter in a field does not attach.
    [main] = re.findall(r'<form[^>]*class="mending-form".*?</form>', page, re.S)
    assert 'name="attach"' not in main

    data = {"attach": "1", "original_url": refused.context["form"]["original_url"].value()}
    response = desk.post(mend_page(problem), data, follow=True)
    article = Article.objects.get()
    assert article.has_newer_capture
    for name in ("title", "body", "current_capture_id", "edited_at", "published_at"):
        assert getattr(article, name) == getattr(before, name)
    assert list(article.captures.all())[-1] == problem.capture
    assert "<ins>新</ins>的正文。" in response.content.decode()
    assert response.request["PATH_INFO"] == reverse("admin:articles_capture_compare")
    problem.refresh_from_db()
    assert problem.resolved_at is not None
    assert AuditEntry.objects.filter(action="mend", target=str(article)).count() == 1


def test_a_file_that_the_article_has_already_is_not_kept_twice(
    problem_of: Callable[..., Any], desk: Client
) -> None:
    problem_of(title="原来的文章")
    problem = problem_of(title="", name="2.md")
    article = Article.objects.get()
    assert problem.capture is not None
    same = Capture.objects.create(
        article=article,
        sha256=problem.capture.sha256,
        content=problem.capture.content,
        size=problem.capture.size,
        source_path="2.md",
        format="archive",
    )
    response = open_and_send(desk, problem, attach="1", title="x")
    assert str(same.pk) in response["Location"]
    assert article.captures.count() == 2
    assert Capture.objects.filter(pk=problem.capture_id).exists()


def test_the_second_of_two_people_is_told(
    problem_of: Callable[..., Any], desk: Client, person: Callable[..., User]
) -> None:
    problem = problem_of(title="")
    other = Client()
    other.force_login(person("other", "import_articles"))
    forms = [client.get(mend_page(problem)).context["form"] for client in (desk, other)]
    assert other.post(mend_page(problem), written(forms[1], title="第一个")).status_code == 302
    late = desk.post(mend_page(problem), written(forms[0], title="第二个"))
    assert late.status_code == 409
    page = late.content.decode()
    assert "第二个" in page
    assert "other" in page
    assert Article.objects.get().title == "第一个"


def test_a_change_of_the_article_meanwhile_is_not_overwritten(
    problem_of: Callable[..., Any], desk: Client
) -> None:
    problem = problem_of(title="没有日期", epoch=None)
    form = desk.get(mend_page(problem)).context["form"]
    article = Article.objects.get()
    article.title = "别人改的标题"
    article.save()
    response = desk.post(mend_page(problem), written(form, published_at_0="2020-01-01"))
    assert response.status_code == 200
    assert response.context["form"].non_field_errors()
    article.refresh_from_db()
    assert (article.title, article.published_at) == ("别人改的标题", None)


def test_a_file_that_hung_or_crashed_is_not_parsed_again(
    problem_of: Callable[..., Any],
    desk: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = problem_of(title="")
    ImportProblem.objects.update(kind="timeout")
    monkeypatch.setattr("articles.importing.reading.read", lambda _text: pytest.fail("parsed"))
    page = desk.get(mend_page(problem))
    assert not page.context["form"]["body"].value()
    assert URL in page.context["raw_text"]
    changes = {"title": "手写的", "original_url": URL, "body": "<p>手写的正文。</p>"}
    assert (
        desk.post(mend_page(problem), written(page.context["form"], **changes)).status_code == 302
    )
    assert Article.objects.get().text == "手写的正文。"


def test_what_was_not_kept_cannot_be_mended(problem_of: Callable[..., Any], desk: Client) -> None:
    problem = problem_of("\x89PNG\r\n\x1a\n" + "\0" * 50)
    assert problem.capture is None
    page = desk.get(mend_page(problem))
    assert page.status_code == 200
    assert page.context["form"] is None
    assert desk.post(mend_page(problem), {"title": "x"}).status_code == 200
    assert desk.get(reverse("admin:articles_importproblem_mend", args=[10**15])).status_code == 404


def test_mending_is_for_importers(
    problem_of: Callable[..., Any], client: Client, person: Callable[..., User]
) -> None:
    problem = problem_of(title="")
    for response in (client.get(mend_page(problem)), client.post(mend_page(problem))):
        assert response["Location"].startswith(reverse("admin:login"))
    client.force_login(person("editor", "view_article", "change_article"))
    assert client.get(mend_page(problem)).status_code == 403
    assert client.post(mend_page(problem), {"title": "x"}).status_code == 403
    importer = Client(enforce_csrf_checks=True)
    importer.force_login(person("importer", "import_articles"))
    assert importer.get(mend_page(problem)).status_code == 200
    assert importer.post(mend_page(problem), {"title": "x"}).status_code == 403
    assert not Article.objects.exists()


def test_mending_by_keyboard_on_a_phone(problem_of: Callable[..., Any], desk_page: Page) -> None:
    problem = problem_of(title="", body="<p>正文说到地震。</p>")
    desk_page.set_viewport_size({"width": 390, "height": 800})
    desk_page.goto(mend_page(problem))
    expect(desk_page.locator("textarea[name=title]")).to_be_focused()
    file, form = desk_page.locator("pre.raw"), desk_page.locator("form .submit-row")
    assert file.bounding_box()["y"] > form.bounding_box()["y"]  # type: ignore[index]
    width = "document.documentElement.scrollWidth"
    assert desk_page.evaluate(width) <= 390
    desk_page.keyboard.type("键盘写的标题")
    desk_page.locator(".submit-row input").focus()
    desk_page.keyboard.press("Enter")
    expect(desk_page.locator(".mending-done")).to_be_visible()
    assert Article.objects.get().title == "键盘写的标题"
