"""What has not changed is answered with 304; what has is not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from articles.models import Article
from search.indexing import rebuild
from tests.pages.addresses import PARAMETERS, address
from tests.pages.conftest import MIDNIGHT

MakeArticle = Callable[..., Article]

NEVER_KEPT = {"healthz", "login"}
NOT_READ = {
    "api:api-root",
    "edits",
    "logout",
    "picture",
    "preferences",
    "search-export",
}
READ = sorted(name for name in PARAMETERS if not name.startswith("admin:") and name not in NOT_READ)
SHOWING_THE_TITLE = [
    "front",
    "articles",
    "article",
    "outlet",
    "day",
    "search",
    "latest-feed",
    "outlet-feed",
    "search-feed",
    "api:search",
    "api:list_articles",
    "api:one_article",
]


@pytest.fixture
def article(make_article: MakeArticle) -> Article:
    """The one article of the archive."""
    made = make_article(title="一则新闻", published_at=MIDNIGHT)
    rebuild()
    return made


def told(response: Any, header: str) -> set[str]:
    return set(response.headers.get(header, "").split(", "))


@pytest.mark.parametrize("name", READ)
def test_what_has_not_changed_is_not_sent_again(
    client: Client, article: Article, name: str
) -> None:
    path = address(name, article)
    response = client.get(path)
    assert response.status_code == 200
    assert not response.cookies or name == "login"
    if name in NEVER_KEPT:
        assert "no-store" in response.headers["Cache-Control"]
        return
    assert told(response, "Cache-Control") >= {"private", "no-cache"}
    tag = response.headers["ETag"]
    assert client.head(path).headers["ETag"] == tag
    for ask in (client.get, client.head):
        again = ask(path, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
        assert told(again, "Vary") >= told(response, "Vary")
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    if "Content-Encoding" in packed.headers:
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert len(packed.content) < len(response.content)
    again = client.get(path, headers={"if-none-match": packed.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", SHOWING_THE_TITLE)
def test_what_has_changed_is(client: Client, article: Article, name: str) -> None:
    path = address(name, article)
    tag = client.get(path).headers["ETag"]
    article.title = "另一则新闻"
    article.save()
    rebuild()
    response = client.get(path, headers={"if-none-match": tag})
    assert response.status_code == 200
    assert "另一则" in response.content.decode()


@pytest.mark.parametrize("name", SHOWING_THE_TITLE)
def test_what_was_hidden_is_sent_no_more(client: Client, article: Article, name: str) -> None:
    path = address(name, article)
    tag = client.get(path).headers["ETag"]
    Article.objects.filter(pk=article.pk).update(hidden=True)
    response = client.get(path, headers={"if-none-match": tag})
    assert response.status_code in (200, 404)
    assert "一则" not in response.content.decode()


@pytest.mark.parametrize(
    ("cookie", "value"), [("django_language", "en"), ("theme", "dark"), ("script", "hant")]
)
def test_a_choice_of_the_reader_is_a_change(
    client: Client, article: Article, cookie: str, value: str
) -> None:
    before = client.get(article.get_absolute_url())
    assert told(before, "Vary") >= {"Cookie", "Accept-Language"}
    client.cookies[cookie] = value
    after = client.get(article.get_absolute_url(), headers={"if-none-match": before["ETag"]})
    assert after.status_code == 200
    assert after["ETag"] != before["ETag"]


def test_a_feed_without_articles_is_the_same_too(client: Client, db: None) -> None:
    first, second = (client.get("/feeds/latest.atom") for _ in range(2))
    assert first["ETag"] == second["ETag"]
    assert "Last-Modified" not in first.headers


def test_the_time_a_search_took_is_no_change(client: Client, article: Article) -> None:
    path = address("api:search", article)
    answers = [client.get(path) for _ in range(20)]
    assert len({answer.json()["took_ms"] for answer in answers}) > 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1


def test_pages_of_editors_are_kept_nowhere(client: Client, article: Article) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    response = client.get("/admin/")
    assert "no-store" in response.headers["Cache-Control"]
    assert "ETag" not in response.headers
