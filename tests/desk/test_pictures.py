"""Pictures at the desk: fetched for chosen articles, and listed with what went wrong."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from filelock import FileLock
from PIL import Image

from articles.models import Article, Picture
from tests.articles.local_site import Site, answer, local_site
from tests.desk.articles import make_article
from tests.desk.jobs import asked, done

pytestmark = pytest.mark.django_db

LIST = "/admin/articles/picture/"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with local_site() as site:
        monkeypatch.setattr("articles.jobs._picturing.fetch_public", site.fetch())
        file = io.BytesIO()
        Image.new("RGB", (40, 30)).save(file, "PNG")
        site.answers["/1.png"] = answer(file.getvalue())
        yield site


@pytest.fixture
def articles(settings: Any, tmp_path: Path, site: Site) -> list[Article]:
    settings.DATA_DIR = tmp_path
    (tmp_path / "locks").mkdir()
    hidden = make_article(body=f'<p><img src="{site.address("/2.png", "c.test")}"></p>')
    Article.objects.filter(pk=hidden.pk).update(hidden=True)
    hosts = [site.address("/1.png", "a.test"), site.address("/gone.png", "b.test")]
    return [*(make_article(body=f'<p><img src="{host}"></p>') for host in hosts), hidden]


def test_editors_have_pictures_fetched_and_see_what_became_of_them(
    desk: Client, articles: list[Article], site: Site
) -> None:
    desk.cookies["django_language"] = "en"
    response = asked(desk, "fetch_pictures", articles)
    job = done(response)
    assert (job.status, job.done) == ("finished", 3)
    found = {name: count for name, count in job.parameters["counts"].items() if count}
    assert found == {"pictures_fetched": 1, "pictures_failed": 1}
    assert sorted(asked.path for asked in site.asked) == ["/1.png", "/gone.png"]
    assert "pictures fetched" in desk.get(response["Location"]).content.decode()
    assert "/media/" in Client().get(articles[0].get_absolute_url()).content.decode()

    page = desk.get(LIST).content.decode()
    assert "a.test" in page
    assert "The server has no picture there, or does not give it." in page
    assert "the server answered 404" in page
    assert "b.test" not in desk.get(f"{LIST}?state=kept").content.decode()
    failed = desk.get(f"{LIST}?state=failed").content.decode()
    assert "b.test" in failed
    assert "a.test" not in failed
    kept = Picture.objects.stored().get()
    page = desk.get(f"{LIST}{kept.pk}/change/").content.decode()
    assert "40 × 30, PNG" in page
    assert kept.kept_at in page
    assert articles[0].get_absolute_url() in page


def test_two_do_not_ask_the_same_hosts_at_once(
    desk: Client, articles: list[Article], tmp_path: Path
) -> None:
    with FileLock(tmp_path / "locks" / "pictures"):
        job = done(asked(desk, "fetch_pictures", articles[:1]))
    assert job.status == "failed"
    assert not Picture.objects.exists()
