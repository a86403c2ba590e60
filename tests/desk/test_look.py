"""The desk's look: fits every screen, readable in both themes, by keyboard, in three languages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from articles.models import Article, AuditEntry, Capture, ImportProblem, ImportRun, Job, Outlet
from search.models import Word

pytestmark = pytest.mark.django_db

INDEX = "/admin/"
PAGES = (
    INDEX,
    "/admin/articles/article/",
    "/admin/articles/article/{article}/change/",
    "/admin/articles/capture/",
    "/admin/articles/importrun/",
    "/admin/articles/importrun/{run}/change/",
    "/admin/articles/importrun/add/",
    "/admin/articles/importproblem/",
    "/admin/articles/importproblem/{problem}/mend/",
    "/admin/articles/article/{article}/history/",
    "/admin/articles/article/{article}/delete/",
    "/admin/articles/capture/{capture}/change/",
    "/admin/articles/capture/compare/?a={capture}",
    "/admin/articles/job/",
    "/admin/articles/job/{job}/change/",
    "/admin/articles/outlet/",
    "/admin/articles/outlet/{outlet}/change/",
    "/admin/articles/auditentry/",
    "/admin/search/word/",
    "/admin/search/word/add/",
    "/admin/search/word/{word}/change/",
    "/admin/auth/user/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/group/{group}/change/",
    "/admin/password_change/",
)
# Every text that is seen and stands out less from what is behind it than WCAG's AA asks.
PALE_TEXTS = """() => {
    const parse = text => {
        const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
        return {rgb: [r, g, b], a};
    };
    const luminance = rgb => {
        const [r, g, b] = rgb.map(value => {
            value /= 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (; element; element = element.parentElement) {
            const {rgb, a} = parse(getComputedStyle(element).backgroundColor);
            if (a > 0.5) return rgb;
        }
        return [255, 255, 255];
    };
    const pale = [];
    for (const element of document.querySelectorAll('body *')) {
        const text = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE)
            .map(node => node.data.trim()).join('') || (element.matches('input') && element.value);
        const style = getComputedStyle(element);
        if (!text || !element.checkVisibility({visibilityProperty: true})) continue;
        if (element.closest('.visually-hidden, option, [disabled], script, style')) continue;
        const [light, dark] = [luminance(parse(style.color).rgb), luminance(behind(element))]
            .sort((a, b) => b - a);
        const contrast = (light + 0.05) / (dark + 0.05);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.6 && style.fontWeight >= 700);
        if (contrast < (isLarge ? 3 : 4.5))
            pale.push(`${contrast.toFixed(1)} ${element.tagName} ${text.slice(0, 20)}`);
    }
    return pale;
}"""


@pytest.fixture
def busy_desk(db: None, boss: User) -> dict[str, int]:
    """Some of everything, with long words; gives the numbers that addresses ask for."""
    outlet = Outlet.objects.create(slug="paper", name="一家名字特别长的报社及其电子版与海外版")
    address = "https://paper.example/" + "long-" * 40
    article = Article.objects.create(
        outlet=outlet,
        title="一个很长很长的标题" * 8,
        url=address,
        original_url=address,
        body="<p>正文。</p>" * 30,
        byline="记者甲、记者乙",
    )
    run = ImportRun.objects.create(status="finished", sources=["/" + "folder/" * 30], created=12)
    capture = Capture.objects.create(
        article=article,
        sha256="0" * 64,
        content=Capture.compress(b"raw " * 500),
        size=2000,
        source_path="archive/" + "folder/" * 20 + "1.md",
        format="archive",
        run=run,
    )
    job = Job.objects.create(kind="hide", status="finished", total=1, done=1, requested_by=boss)
    problem = ImportProblem.objects.create(
        run=run,
        capture=capture,
        kind="no-title",
        path=capture.source_path,
        message="说明" * 60,
        excerpt="x" * 200,
    )
    AuditEntry.objects.create(
        action="edit", user=boss, username="boss", target="题" * 100, detail="详" * 300
    )
    group = Group.objects.create(name="others")
    word = Word.objects.create(word="长" * 20, folded="长" * 20)
    rows = {"article": article, "capture": capture, "group": group, "job": job, "outlet": outlet}
    rows |= {"problem": problem, "run": run, "user": boss, "word": word}
    return {name: row.pk for name, row in rows.items()}


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_page_is_wider_than_the_screen(
    width: int, desk_page: Page, busy_desk: dict[str, int]
) -> None:
    desk_page.set_viewport_size({"width": width, "height": 900})
    for address in PAGES:
        response = desk_page.goto(address.format_map(busy_desk))
        assert response
        assert response.status == 200, address
        wide = desk_page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, address


def test_titles_have_room_on_a_phone(desk_page: Page, busy_desk: dict[str, int]) -> None:
    desk_page.set_viewport_size({"width": 390, "height": 900})
    desk_page.goto("/admin/articles/article/")
    title = desk_page.locator("#result_list tbody th").first.bounding_box()
    assert title
    assert title["width"] > 250


def test_all_of_a_page_are_selected_on_a_phone(desk_page: Page, busy_desk: dict[str, int]) -> None:
    desk_page.set_viewport_size({"width": 390, "height": 900})
    desk_page.goto("/admin/articles/article/")
    desk_page.locator("#action-toggle").check()
    boxes = desk_page.locator("#result_list tbody input[type=checkbox]")
    assert boxes.count() > 0
    assert desk_page.locator("#result_list tbody input:checked").count() == boxes.count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(
    scheme: Any, desk_page: Page, busy_desk: dict[str, int]
) -> None:
    desk_page.emulate_media(color_scheme=scheme)
    backgrounds = set()
    for address in PAGES:
        desk_page.goto(address.format_map(busy_desk))
        assert desk_page.evaluate(PALE_TEXTS) == [], address
        backgrounds.add(desk_page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == {"rgb(251, 249, 244)" if scheme == "light" else "rgb(23, 21, 19)"}


def test_the_first_page_by_keyboard(desk_page: Page, busy_desk: dict[str, int]) -> None:
    desk_page.goto(INDEX)
    desk_page.keyboard.press("Tab")
    skip = desk_page.locator(".skip-to-content-link")
    expect(skip).to_be_focused()
    box = skip.bounding_box()
    assert box
    assert box["y"] >= 0
    desk_page.keyboard.press("Enter")
    desk_page.keyboard.press("Tab")
    first = desk_page.locator(".desk-doors a").first
    expect(first).to_be_focused()
    outline = first.evaluate("element => getComputedStyle(element).outlineWidth")
    assert outline == "3px"
    desk_page.keyboard.press("Tab")
    desk_page.keyboard.press("Enter")
    expect(desk_page).to_have_url(re.compile("/admin/articles/article/$"))


def test_the_language_is_switched_in_the_admin_without_scripts(
    desk_context: BrowserContext, browser: Browser, busy_desk: dict[str, int], live_server: Any
) -> None:
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", java_script_enabled=False
    )
    context.add_cookies(desk_context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/admin/articles/outlet/")
    for name, language, home in (
        ("English", "en", "News Archive"),
        ("繁體中文", "zh-hant", "新聞檔案"),
        ("简体中文", "zh-hans", "新闻档案"),
    ):
        page.get_by_role("button", name=name).click()
        expect(page).to_have_url(re.compile("/admin/articles/outlet/$"))
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("#site-name")).to_contain_text(home)
    context.close()


def test_the_login_page_is_at_home(client: Client) -> None:
    for accepted, name in (("zh-CN", "新闻档案"), ("zh-TW", "新聞檔案"), ("en", "News Archive")):
        page = client.get("/admin/login/", headers={"accept-language": accepted}).content.decode()
        assert name in page
        assert "desk.css" in page
        assert 'class="languages"' in page
        assert 'href="/"' in page


def test_the_first_page_shows_everybody_what_they_may(
    person: Callable[..., User], busy_desk: dict[str, int]
) -> None:
    doors = {
        "importrun/add/": "import_articles",
        "article/": "view_article",
        "importproblem/": "view_importproblem",
        "outlet/": "view_outlet",
        f"importrun/{busy_desk['run']}/change/": "view_importrun",
    }
    client = Client()
    client.force_login(person("nothing"))
    page = client.get(INDEX).content.decode()
    assert "/admin/articles/" not in page
    for path, permission in doors.items():
        client.force_login(person(permission, permission))
        page = client.get(INDEX).content.decode()
        for other, needed in doors.items():
            # Whoever may look at runs has a link to their list in the masthead.
            found = re.search(rf'href="/admin/articles/{other}(\?[^"]*)?"', page)
            assert bool(found) == (needed == permission), (path, other)


def test_the_first_page_counts_what_waits(desk: Client, busy_desk: dict[str, int]) -> None:
    Article.objects.update(has_newer_capture=True)
    ImportProblem.objects.bulk_create(
        ImportProblem(run_id=busy_desk["run"], kind="no-date", path=str(n), message="…")
        for n in range(1500)
    )
    page = desk.get(INDEX).content.decode()
    assert re.findall(r"<dd>(.*?)</dd>", page) == ["1000+", "1", "0"]


def test_the_first_page_asks_the_database_little(
    desk: Client, busy_desk: dict[str, int], django_assert_max_num_queries: Any
) -> None:
    ImportRun.objects.bulk_create(ImportRun(status="finished") for _n in range(20))
    with django_assert_max_num_queries(8):
        assert desk.get(INDEX).status_code == 200
