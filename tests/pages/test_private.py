"""A private archive shows nothing to strangers, at any address; and everything to its readers."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from articles.models import Article
from search.indexing import rebuild
from tests.pages.addresses import PARAMETERS, address

MakeArticle = Callable[..., Article]

TITLE = "只给读者看的新闻"
OPEN = {"login", "robots", "healthz", "admin:login", "admin:jsi18n"}
FOR_PROGRAMS = {
    "api:search",
    "api:list_articles",
    "api:one_article",
    "api:list_outlets",
    "api:openapi-json",
    "latest-feed",
    "outlet-feed",
    "search-feed",
    "search-export",
}
PASSWORD = "紙鳶 and a colon: there"


@pytest.fixture
def article(settings: Settings, make_article: MakeArticle) -> Article:
    """The one article of a private archive."""
    settings.NEWSARCHIVE_PRIVATE = True
    return make_article(title=TITLE)


@pytest.fixture
def reader(article: Article) -> User:
    """Somebody who may log in and nothing more; what there is to read can be searched."""
    rebuild()
    return User.objects.create_user("reader", password=PASSWORD)


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_stranger_sees_nothing(client: Client, article: Article, name: str) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        response = client.generic(method, address(name, article))
        assert not response.streaming
        assert TITLE not in response.content.decode()
        assert response.status_code != 200 or not response.content or name in OPEN
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    response = client.get(address(name, article))
    if name in FOR_PROGRAMS:
        assert response.status_code == 401
        assert response.json()["message"]
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
    elif response.status_code == 302:
        assert "/login/?next=" in response.headers["Location"]
    else:
        others = ("api:api-root", "healthz", "logout", "preferences")
        assert response.status_code == 200 or name in others


@pytest.mark.parametrize(
    "path", ["/admin/nothing/", "/admin/articles/article/1/", "/articles/1", "/static/../", "/x"]
)
def test_nor_at_addresses_without_a_name(client: Client, article: Article, path: str) -> None:
    assert client.get(path).status_code in (301, 302, 404)


def test_a_wrong_address_names_no_login_that_is_elsewhere(client: Client, article: Article) -> None:
    response = client.get("//evil.example/")
    assert "evil.example" not in response.headers.get("Location", "").partition("?")[0]


def test_nobody_is_told_how_much_it_holds(client: Client, article: Article, reader: User) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "database": "ok", "index": "ok"}


def test_robots_are_sent_away(client: Client, article: Article) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert "Disallow: /" in lines
    assert not any(line.startswith(("Allow", "Sitemap")) for line in lines)


def test_a_reader_who_is_no_editor_logs_in_and_reads(
    client: Client, article: Article, reader: User
) -> None:
    first = client.get(article.get_absolute_url(), follow=True)
    assert first.resolver_match.view_name == "login"
    response = client.post(
        first.request["PATH_INFO"],
        {"username": "reader", "password": PASSWORD, "next": article.get_absolute_url()},
        follow=True,
    )
    assert TITLE in response.content.decode()
    assert "private" in response.headers["Cache-Control"]
    for name in ("front", "outlets", "search", "api:search", "latest-feed", "sitemaps"):
        assert client.get(address(name, article)).status_code == 200, name
    assert client.get("/admin/", follow=True).resolver_match.view_name == "admin:login"
    assert "reader" in client.get("/login/").content.decode()
    client.post("/logout/")
    assert client.get(article.get_absolute_url()).status_code == 302


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_a_login_leads_nowhere_else(
    client: Client, article: Article, reader: User, next_page: str
) -> None:
    asked = {"username": "reader", "password": PASSWORD, "next": next_page}
    assert client.post("/login/", asked).headers["Location"] == "/"


def test_a_wrong_password_is_said_and_attempts_are_counted(
    client: Client, article: Article, reader: User
) -> None:
    wrong = {"username": "reader", "password": "x"}
    assert 'role="alert"' in client.post("/login/", wrong).content.decode()
    statuses = [client.post("/login/", wrong).status_code for _ in range(10)]
    assert statuses[-1] == 429
    assert client.post("/login/", {**wrong, "password": PASSWORD}).status_code == 429


class TestPrograms:
    """What feed readers can do: send a name and a password."""

    @pytest.mark.parametrize("name", sorted(FOR_PROGRAMS))
    def test_read_with_a_password(
        self, client: Client, article: Article, reader: User, name: str
    ) -> None:
        response = client.get(address(name, article), headers=basic("reader", PASSWORD))
        assert response.status_code == 200
        assert not response.cookies
        assert "private" in response.headers["Cache-Control"]
        assert client.get(address(name, article)).status_code == 401

    @pytest.mark.parametrize(
        "authorization",
        [
            basic("reader", "wrong")["authorization"],
            basic("", "")["authorization"],
            basic("x" * 5000, "\0")["authorization"],
            "Basic",
            "Basic !!!",
            "Basic /////w==",
            "Bearer token",
        ],
    )
    def test_a_wrong_one_is_refused(
        self, client: Client, article: Article, reader: User, authorization: str
    ) -> None:
        response = client.get("/feeds/latest.atom", headers={"authorization": authorization})
        assert response.status_code == 401

    def test_a_password_opens_no_page_and_no_desk(self, client: Client, article: Article) -> None:
        User.objects.create_superuser("boss", password=PASSWORD)
        for path in ("/", "/admin/", article.get_absolute_url()):
            assert client.get(path, headers=basic("boss", PASSWORD)).status_code == 302

    def test_a_changed_password_and_a_closed_login_count_at_once(
        self, client: Client, article: Article, reader: User
    ) -> None:
        def status() -> int:
            answer = client.get("/feeds/latest.atom", headers=basic("reader", PASSWORD))
            return answer.status_code

        assert (status(), status()) == (200, 200)
        reader.set_password("another")
        reader.save()
        assert status() == 401
        reader.set_password(PASSWORD)
        reader.save()
        assert status() == 200
        reader.is_active = False
        reader.save()
        assert status() == 401

    def test_attempts_are_counted(self, client: Client, article: Article, reader: User) -> None:
        for _ in range(10):
            client.get("/api/outlets", headers=basic("reader", "wrong"))
        answer = client.get("/api/outlets", headers=basic("reader", PASSWORD))
        assert answer.status_code == 429
        assert answer.json()["message"]


def test_a_public_archive_asks_nobody(client: Client, make_article: MakeArticle) -> None:
    article = make_article(title=TITLE)
    response = client.get(article.get_absolute_url())
    assert TITLE in response.content.decode()
    assert "X-Robots-Tag" not in response.headers
