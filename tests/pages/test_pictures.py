"""Pictures on the reading pages: kept ones at once, from here; others only when asked for."""

import hashlib
import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, Request
from pytest_django.live_server_helper import LiveServer

from articles.models import Article, Picture, PictureUse
from articles.pictures import body_for_all, path_of
from articles.sanitising import (
    StoredPicture,
    clean,
    remote_pictures,
    sanitise,
    with_pictures,
    without_pictures,
)
from tests.people import allow

PAYLOADS = Path(__file__).parents[2].parent / "shared" / "data" / "xss_payloads.json"
HERE, THERE = "https://pictures.example/here.png?a=1&b=2", "https://elsewhere.example/there.png"
BODY = clean(
    f'<figure><img src="{html.escape(HERE)}" alt="桥"><figcaption>桥上</figcaption></figure>'
    f'<p>正文<img src="{THERE}" alt="塔" width="30" height="20"></p>'
).body

MakeArticle = Callable[..., Article]
Keep = Callable[..., Picture]


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def png(color: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def keep(db: None) -> Keep:
    """Keeps a picture of articles as ``fetch_media`` does: ``keep(article, address=, data=)``."""

    def keep(*articles: Article, address: str = HERE, data: bytes | None = None) -> Picture:
        data = data or png()
        sha256 = hashlib.sha256(data).hexdigest()
        picture, _made = Picture.objects.update_or_create(
            address=address,
            defaults={"sha256": sha256, "format": "png", "width": 40, "height": 30},
        )
        for article in articles:
            PictureUse.objects.create(picture=picture, article=article)
        path = path_of(sha256, "png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return picture

    return keep


def body_of(page: str) -> str:
    return page.partition('<div class="body">\n')[2].partition("\n</div>")[0]


def images(page: str) -> list[dict[str, str]]:
    return [
        {name: html.unescape(value) for name, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        for tag in re.findall(r"<img [^>]*>", body_of(page))
    ]


LAZY = {"loading": "lazy", "decoding": "async"}


class TestAnArticle:
    @pytest.mark.parametrize("mode", ["ask", "always", "never"])
    def test_shows_what_is_kept_at_once(
        self, client: Client, make_article: MakeArticle, keep: Keep, settings: Any, mode: str
    ) -> None:
        settings.NEWSARCHIVE_PICTURES = mode
        article = make_article(body=BODY)
        picture = keep(article)
        response = client.get(article.get_absolute_url())
        page = response.content.decode()
        kept = {"src": f"/media/{picture.sha256}.png", "alt": "桥", "width": "40", "height": "30"}
        remote = {"src": THERE, "alt": "塔", "width": "30", "height": "20"}
        assert images(page) == [kept | LAZY] + [remote | LAZY] * (mode == "always")
        assert "<figcaption>桥上</figcaption>" in page
        assert page.count('class="picture"') == (mode != "always")
        assert ("pictures=1" in page) == (mode == "ask")
        assert ("https:" in response["Content-Security-Policy"]) == (mode == "always")
        asked = client.get(article.get_absolute_url() + "?pictures=1")
        assert len(images(asked.content.decode())) == 1 + (mode != "never")
        assert "pictures=1" not in body_of(asked.content.decode())

    def test_needs_no_other_site_when_all_is_kept(
        self, client: Client, make_article: MakeArticle, keep: Keep, settings: Any
    ) -> None:
        settings.NEWSARCHIVE_PICTURES = "always"
        article = make_article(body=BODY)
        first, second = keep(article), keep(article, address=THERE)
        response = client.get(article.get_absolute_url())
        page = response.content.decode()
        assert [image["src"] for image in images(page)] == [first.kept_at] * 2
        assert images(page)[1]["width"] == "30"
        assert first.sha256 == second.sha256
        assert "https:" not in response["Content-Security-Policy"]
        settings.NEWSARCHIVE_PICTURES = "ask"
        assert "pictures=1" not in client.get(article.get_absolute_url()).content.decode()

    def test_says_how_many_pictures_lie_elsewhere(
        self, client: Client, make_article: MakeArticle, keep: Keep
    ) -> None:
        article = make_article(body=BODY)
        address, english = article.get_absolute_url(), {"accept-language": "en"}
        page = client.get(address, headers=english).content.decode()
        assert "2 pictures lie on other sites and are not loaded." in page
        keep(article)
        page = client.get(address, headers=english).content.decode()
        assert "1 picture lies on another site and is not loaded." in page

    def test_looks_for_its_pictures_once(
        self, make_article: MakeArticle, keep: Keep, django_assert_num_queries: Any
    ) -> None:
        few, many = make_article(body=BODY), make_article(body=BODY * 30)
        for article in (few, many):
            keep(article)
            with django_assert_num_queries(1):
                body_for_all(article)
        without = make_article(body="<p>无图</p>")
        with django_assert_num_queries(0):
            body_for_all(without)

    def test_keeps_a_picture_that_only_another_article_has_to_that_one(
        self, client: Client, make_article: MakeArticle, keep: Keep
    ) -> None:
        keep(make_article(body=BODY))
        later = make_article(body=BODY)
        assert images(client.get(later.get_absolute_url()).content.decode()) == []


class TestAKeptPicture:
    def test_is_nothing_but_a_picture(
        self, client: Client, make_article: MakeArticle, keep: Keep
    ) -> None:
        data = png() + b"<script>alert(1)</script>"
        picture = keep(make_article(body=BODY), data=data)
        response = client.get(picture.kept_at)
        assert b"".join(response) == data
        assert response["Content-Type"] == "image/png"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response["Content-Disposition"].startswith("inline")
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"
        assert response["Content-Length"] == str(len(data))
        assert "Cookie" not in response.get("Vary", "")
        again = client.get(picture.kept_at, headers={"if-none-match": response["ETag"]})
        assert (again.status_code, again["ETag"]) == (304, response["ETag"])
        assert client.post(picture.kept_at).status_code == 405

    @pytest.mark.parametrize(
        "name",
        [
            "0" * 64 + ".png",
            "{}.jpg",
            "{}.svg",
            "{}",
            "{}.png/",
            "../secret-key",
            "..%2fsecret-key",
            "%2e%2e/secret-key",
            "{}.png%00.jpg",
            "",
        ],
    )
    def test_has_one_address_and_nothing_else_has_one(
        self, client: Client, make_article: MakeArticle, keep: Keep, data_dir: Path, name: str
    ) -> None:
        (data_dir / "secret-key").write_text("secret")
        picture = keep(make_article(body=BODY))
        (path_of(picture.sha256, "png").parent / f"{'0' * 64}.png").write_bytes(png())
        path_of("0" * 64, "png").parent.mkdir()
        path_of("0" * 64, "png").write_bytes(png())
        response = client.get(f"/media/{name.format(picture.sha256)}")
        assert response.status_code == 404

    def test_that_was_lost_is_not_found(
        self, client: Client, make_article: MakeArticle, keep: Keep
    ) -> None:
        picture = keep(make_article(body=BODY))
        path = path_of(picture.sha256, "png")
        path.unlink()
        assert client.get(picture.kept_at).status_code == 404
        path.mkdir()
        assert client.get(picture.kept_at).status_code == 404

    def test_that_was_lost_is_offered_from_where_it_came(
        self, client: Client, make_article: MakeArticle, keep: Keep
    ) -> None:
        article = make_article(body=BODY)
        path_of(keep(article).sha256, "png").unlink()
        page = client.get(article.get_absolute_url()).content.decode()
        assert images(page) == []
        page = client.get(article.get_absolute_url(), {"pictures": "1"}).content.decode()
        assert [image["src"] for image in images(page)] == [HERE, THERE]

    def test_of_a_hidden_article_is_hidden(
        self, client: Client, make_article: MakeArticle, keep: Keep
    ) -> None:
        hidden = make_article(body=BODY, hidden=True)
        picture = keep(hidden)
        address, known = picture.kept_at, {"if-none-match": f'"{picture.sha256}"'}
        assert client.get(address).status_code == 404
        assert client.get(address, headers=known).status_code == 404
        reader_of_drafts = User.objects.create(username="reader")
        allow(reader_of_drafts, "view_article")
        client.force_login(reader_of_drafts)
        response = client.get(address)
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        # The same picture in an article that all may read is there for all.
        keep(make_article(body=BODY))
        assert Client().get(address).status_code == 200
        Article.objects.filter(hidden=False).delete()
        assert Client().get(address).status_code == 404


def test_no_attack_comes_in_with_a_kept_picture() -> None:
    """What is shown is what the sanitiser lets through, and two words that it does not know."""
    payloads = ["<img src='https://a.example/\"onerror=\"alert(1)' alt='\" onload=\"alert(1)'>"]
    if PAYLOADS.exists():
        payloads += [entry["payload"] for entry in json.loads(PAYLOADS.read_text("utf-8"))]
    picture = f'<img src="{html.escape(HERE)}" alt="\'&quot;><script>">'
    for payload in payloads:
        body = clean(f"<p>前{picture}</p>{payload}<p>后</p>").body
        stored = {
            address: StoredPicture(f"/media/{number:064x}.png", 40, 30)
            for number, address in enumerate(remote_pictures(body))
        }
        assert HERE in stored
        for show in (with_pictures, without_pictures):
            shown = show(body, stored)
            assert sanitise(shown) == shown.replace(' loading="lazy" decoding="async"', ""), payload
            assert remote_pictures(shown) == [], payload
            assert shown.count("<img") == body.count("<img"), payload


@pytest.mark.django_db(transaction=True)
def test_a_browser_shows_kept_pictures_and_asks_nobody_else(
    browser: Browser, live_server: LiveServer, make_article: MakeArticle, keep: Keep
) -> None:
    article = make_article(body=BODY)
    picture = keep(article, data=png() + b"<script>document.title='run'</script>")
    page = browser.new_page(base_url=live_server.url)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(article.get_absolute_url(), wait_until="networkidle")
    shown = page.locator(".body img")
    assert shown.evaluate("image => [image.naturalWidth, image.clientWidth]") == [40, 40]
    assert all(address.startswith(live_server.url) for address in asked)
    assert page.locator(".body .picture").text_content() == "塔"
    page.goto(picture.kept_at)
    assert page.evaluate("document.contentType") == "image/png"
    assert page.title() != "run"
    page.close()
