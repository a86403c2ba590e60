"""A search as a file: all that it finds, streamed, whatever becomes of it on the way."""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from bibtexparser.entrypoint import parse_string
from django.test import Client

from articles.models import Article, Outlet
from search import exporting
from search.indexing import rebuild

pytestmark = pytest.mark.django_db

COLUMNS = ["id", "title", "url", "original_url", "outlet", "published_at", "byline", "sentence"]


def take(client: Client, ending: str, **asked: Any) -> str:
    response = client.get(f"/search/export.{ending}", asked)
    assert response.status_code == 200, response.content
    return response.getvalue().decode()


def parts_of(response: Any) -> Iterator[bytes]:
    return iter(response.streaming_content)


def rows(client: Client, **asked: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(take(client, "csv", **asked).removeprefix("\ufeff"))))


def ids(client: Client, **asked: Any) -> list[int]:
    return [int(row["id"]) for row in rows(client, **asked)]


def searched(client: Client, **asked: Any) -> list[int]:
    """Return what the API finds, all of it."""
    answer = client.get("/api/search", {**asked, "page_size": 100}).json()
    return [result["id"] for result in answer["results"]]


@pytest.fixture
def article(db: None) -> Article:
    """An article whose every text is a trap."""
    outlet = Outlet.objects.create(slug="paper", name="晨报")
    made = Article.objects.create(
        outlet=outlet,
        title='=cmd|"/c calc"!A1, <b>國安法</b>\n第二行',
        url="https://paper.example/1",
        original_url="https://paper.example/1?a=1&b=2",
        published_at=datetime(2023, 12, 31, 17, 30, 5, tzinfo=UTC),
        byline="@记者",
        text="开头。"
        + "无关的话。" * 100
        + "<mark>國安法</mark> & 修订通过。"
        + "后来的话。" * 100,
    )
    rebuild()
    return made


def test_csv(client: Client, article: Article) -> None:
    """Excel knows the encoding, and no cell is a formula."""
    response = client.get("/search/export.csv", {"q": "国安法 修订"})
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert unquote(disposition).endswith("国安法-修订.csv")
    text = response.getvalue().decode()
    assert text.startswith("\ufeffid,")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert list(row) == COLUMNS
    assert row["title"] == "'" + article.title
    assert row["byline"] == "'@记者"
    assert row["url"] == f"http://testserver/articles/{article.pk}/"
    assert row["original_url"] == article.original_url
    assert row["published_at"] == "2023-12-31T17:30:05+00:00"
    assert "<mark>國安法</mark> & 修订通过。" in row["sentence"]
    assert len(row["sentence"]) < 200


def test_json_lines(client: Client, article: Article) -> None:
    Article.objects.create(outlet=article.outlet, title="无日期的國安法", url="u", original_url="u")
    rebuild()
    dated, undated = map(json.loads, take(client, "jsonl", q="国安法", sort="newest").splitlines())
    assert list(dated) == COLUMNS
    assert dated["title"] == article.title
    assert dated["id"] == article.pk
    assert dated["published_at"] == "2023-12-31T17:30:05+00:00"
    assert undated["published_at"] is None


def test_bibtex(client: Client, archive: list[Article]) -> None:
    library = parse_string(take(client, "bib", q="台湾"))
    assert not library.failed_blocks
    assert len(library.entries) == len(archive)
    told = {entry.fields_dict["url"].value for entry in library.entries}
    assert told == {article.original_url for article in archive}


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "台湾"},
        {"q": "台湾", "sort": "newest"},
        {"q": "台湾", "sort": "oldest"},
        {"q": "台湾", "outlet": ["paper-0", "paper-1"], "after": "2023-12-14"},
        {"q": "title:第1 OR title:第2"},
        {"q": "outlet:paper-2", "sort": "oldest"},
        {"q": "没有这样的文章"},
    ],
)
def test_it_is_what_the_search_finds_in_its_order(
    client: Client, archive: list[Article], asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 4)
    assert ids(client, **asked) == searched(client, **asked)


def test_the_page_leads_to_it(client: Client, archive: list[Article]) -> None:
    asked = {"q": "台湾", "outlet": "paper-1", "sort": "oldest"}
    page = client.get("/search/", asked).content.decode()
    for ending in ("csv", "jsonl", "bib"):
        (link,) = [
            part.split('"')[0].replace("&amp;", "&")
            for part in page.split('href="')
            if part.startswith(f"/search/export.{ending}?")
        ]
        assert client.get(link).getvalue().decode() == take(client, ending, **asked)
    assert "/search/export" not in client.get("/search/", {"q": "没有的"}).content.decode()


def test_what_is_hidden_or_deleted_meanwhile_is_left_out(
    client: Client, archive: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 5)
    Article.objects.filter(pk=archive[0].pk).update(hidden=True)
    response = client.get("/search/export.csv", {"q": "台湾", "sort": "oldest"})
    parts = parts_of(response)
    text = next(parts)
    archive[20].delete()
    Article.objects.filter(pk=archive[25].pk).update(hidden=True)
    text += b"".join(parts)
    told = csv.DictReader(io.StringIO(text.decode().removeprefix("\ufeff")))
    gone = {archive[0].pk, archive[25].pk}
    kept = [article.pk for article in archive if article.pk and article.pk not in gone]
    assert sorted(int(row["id"]) for row in told) == kept


def test_the_beginning_comes_before_the_end_is_made(
    client: Client, archive: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 5)
    response = client.get("/search/export.jsonl", {"q": "台湾"})
    first = next(parts_of(response))
    assert len(first.splitlines()) == 5
    response.close()


def test_one_at_a_time(client: Client, archive: list[Article]) -> None:
    """Each keeps a thread of the server busy; whoever leaves early lets others have their turn."""
    first = client.get("/search/export.csv", {"q": "台湾"})
    second = client.get("/search/export.csv", {"q": "台湾"})
    assert second.status_code == 503
    assert int(second.headers["Retry-After"]) > 0
    assert client.get("/search/", {"q": "台湾"}).status_code == 200
    first.close()
    assert len(ids(client, q="台湾")) == len(archive)
    assert client.head("/search/export.csv", {"q": "台湾"}).status_code == 200
    assert len(ids(client, q="台湾")) == len(archive)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": ""},
        {"q": "，。！"},
        {"q": "台湾", "after": "soon"},
        {"q": "台湾", "outlet": "nobody"},
        {"q": "台湾", "sort": "best"},
    ],
)
def test_a_bad_question_is_said_and_not_half_answered(
    client: Client, archive: list[Article], asked: dict[str, str]
) -> None:
    response = client.get("/search/export.csv", asked)
    assert response.status_code == 400
    assert "Content-Disposition" not in response.headers
    assert "<h1>" in response.content.decode()
    assert len(ids(client, q="台湾")) == len(archive)


def test_no_index_is_no_empty_file(
    client: Client, archive: list[Article], index_folder: Path
) -> None:
    shutil.rmtree(index_folder)
    for _ in range(2):
        assert client.get("/search/export.csv", {"q": "台湾"}).status_code == 503
    rebuild()
    assert len(ids(client, q="台湾")) == len(archive)


@pytest.mark.parametrize("query", ['../../x";\r\nX: 1', "，台湾", "台" * 500, "a/b\\c"])
def test_any_query_names_a_file(client: Client, archive: list[Article], query: str) -> None:
    response = client.head("/search/export.csv", {"q": query})
    assert response.status_code == 200
    disposition = unquote(response.headers["Content-Disposition"])
    assert re.fullmatch(r"""attachment; filename(=|\*=utf-8'')"?[\w-]+\.csv"?""", disposition)


def test_it_is_compressed_on_the_way(client: Client, archive: list[Article]) -> None:
    response = client.get("/search/export.csv", {"q": "台湾"}, headers={"accept-encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert next(parts_of(response)).startswith(b"\x1f\x8b")
    response.close()


def test_other_formats_and_methods(client: Client, db: None) -> None:
    assert client.get("/search/export.xlsx", {"q": "台湾"}).status_code == 404
    assert client.post("/search/export.csv?q=台湾").status_code == 405
