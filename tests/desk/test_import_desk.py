"""The import desk in Chromium: a zip is chosen, its import watched, its problems tried again."""

from base64 import b64encode

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, ImportRun
from tests.desk.test_importing import article, work, zipped

pytestmark = pytest.mark.django_db(transaction=True)

FILES = 500


def archive() -> bytes:
    good = {f"rfi/{number}.md": article(number, f"第{number}则") for number in range(FILES - 4)}
    bad = {
        "rfi/empty.md": b"",
        "rfi/picture.html": b"\x89PNG\r\n\x1a\n",
        "rfi/nowhere.md": "[没有网址]()\n------\n\n<p>正文</p>".encode(),
        "rfi/odd.md": b"[t](u)\n---\n\xff\xfe\xfa" * 9,
    }
    return zipped({**good, **bad})


def choose(page: Page, name: str, content: bytes) -> None:
    page.goto("/admin/articles/importrun/add/")
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/zip", "buffer": content}
    )


def drop(page: Page, name: str, content: bytes) -> None:
    page.goto("/admin/articles/importrun/add/")
    dropped = page.evaluate_handle(
        """([name, content]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], name));
            return dropped;
        }""",
        [name, b64encode(content).decode()],
    )
    page.dispatch_event(".drop-zone", "drop", {"dataTransfer": dropped})


def test_from_a_dropped_zip_to_an_edit_undone(desk_page: Page) -> None:
    page = desk_page
    drop(page, "crawled.zip", archive())
    expect(page.locator(".chosen li")).to_have_count(1)
    page.get_by_role("button", name="导入", exact=True).click()
    page.wait_for_url("**/importrun/*/change/")
    expect(page.locator(".work-status")).to_have_text("等待中")
    work()
    expect(page.locator(".work-status.finished")).to_be_visible()
    expect(page.locator("[data-text=created]")).to_have_text("496")
    expect(page.locator("[data-text=failed]")).to_have_text("4")
    expect(page.locator(".problem-kinds li")).to_have_count(4)
    assert Article.objects.count() == FILES - 4

    page.get_by_role("link", name="没有网址").click()
    expect(page.get_by_text("crawled.zip!rfi/nowhere.md")).to_be_visible()
    problems = page.url
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("retry_these")
    page.locator("button[name=index]").click()
    page.wait_for_url("**/importrun/*/change/")
    work()
    expect(page.locator("[data-text=failed]")).to_have_text("1")
    assert ImportRun.objects.latest("pk").total == 1

    page.goto(problems)
    page.get_by_role("link", name="修补", exact=True).click()
    page.locator("#id_original_url").fill("https://www.paper.example/mended")
    page.locator("#content-main form [type=submit]").first.click()
    page.wait_for_load_state()
    article = Article.objects.get(url="https://www.paper.example/mended")

    page.goto(f"/admin/articles/article/{article.pk}/change/")
    page.locator("#id_body").fill("<p>正文</p><p>新的一段。</p>")
    page.locator("[name=_continue]").first.click()
    page.wait_for_load_state()
    page.goto(f"/admin/articles/article/{article.pk}/history/")
    expect(page.locator(".diff-added")).to_contain_text("新的一段。")
    page.get_by_role("button", name="恢复此版本").first.click()
    page.wait_for_load_state()
    article.refresh_from_db()
    assert article.body == "<p>正文</p>"

    current = article.captures.get().pk
    page.goto(f"/admin/articles/capture/compare/?a={current}&b=now")
    # The file lacks the address, and the edit is undone.
    differing = page.locator(".diff-added, .diff-removed, .diff-changed")
    expect(differing).to_have_count(1)
    expect(differing).to_contain_text("https://www.paper.example/mended")


def test_what_is_too_large_is_told_before_it_is_sent(desk_page: Page, settings: Settings) -> None:
    settings.NEWSARCHIVE_UPLOAD_MB = 1
    choose(desk_page, "crawled.zip", b"x" * 1_500_000)
    expect(desk_page.get_by_role("alert")).to_contain_text("上限")
    desk_page.get_by_role("button", name="导入", exact=True).click()
    expect(desk_page.get_by_role("alert")).to_be_visible()
    assert not ImportRun.objects.exists()


def test_it_works_by_keyboard_and_without_scripts(
    desk_context: BrowserContext, live_server: LiveServer
) -> None:
    assert desk_context.browser is not None
    context = desk_context.browser.new_context(
        java_script_enabled=False,
        storage_state=desk_context.storage_state(),
        locale="zh-CN",
        base_url=live_server.url,
    )
    page = context.new_page()
    page.goto("/admin/articles/importrun/add/")
    page.locator("input[type=file]").set_input_files(
        {"name": "1.md", "mimeType": "text/markdown", "buffer": article()}
    )
    page.get_by_role("button", name="导入", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/importrun/*/change/")
    assert page.locator("noscript meta[http-equiv=refresh]").count()
    work()
    page.reload()
    expect(page.locator(".work-status.finished")).to_be_visible()
    context.close()
