"""What programs are told by ``/api/search``, and how they are told of errors."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles.models import Article, Outlet
from search.indexing import rebuild

pytestmark = pytest.mark.django_db

SEARCH = "/api/search"


def ask(client: Client, status: int = 200, **parameters: Any) -> dict[str, Any]:
    """Ask the API and return its JSON."""
    response = client.get(SEARCH, parameters)
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"].startswith("application/json")
    return response.json()


def ids(answer: dict[str, Any]) -> list[int]:
    return [result["id"] for result in answer["results"]]


class TestAnswers:
    def test_everything_of_an_article(self, client: Client, db: None) -> None:
        outlet = Outlet.objects.create(slug="paper", name="晨报")
        article = Article.objects.create(
            outlet=outlet,
            title="立法會通過國安法 - 晨报",
            url="https://paper.example/cn/1",
            original_url="http://paper.example//cn/1?ref=rss",
            published_at=datetime(2023, 12, 31, 17, 30, 5, tzinfo=UTC),
            text="<b>國安法</b> & 修订",
        )
        rebuild()
        answer = ask(client, q="国安法")
        assert answer.pop("took_ms") > 0
        assert answer == {
            "count": 1,
            "page": 1,
            "page_size": 20,
            "understood": "国安法",
            "facets": {
                "outlet": [{"value": "paper", "label": "晨报", "count": 1}],
                "year": [{"value": 2024, "count": 1}],
            },
            "results": [
                {
                    "id": article.pk,
                    "title": "立法會通過國安法 - 晨报",
                    "url": f"http://testserver/articles/{article.pk}/",
                    "original_url": "http://paper.example//cn/1?ref=rss",
                    "outlet": "paper",
                    "published_at": "2023-12-31T17:30:05Z",
                    "snippet": "&lt;b&gt;<mark>國安法</mark>&lt;/b&gt; &amp; 修订",
                }
            ],
        }

    def test_an_undated_article(self, client: Client, archive: list[Article]) -> None:
        answer = ask(client, q="台湾", page_size=100)
        times = {result["id"]: result["published_at"] for result in answer["results"]}
        assert times[archive[-1].pk] is None
        assert sum(year["count"] for year in answer["facets"]["year"]) == len(archive) - 1

    def test_pages_together_are_everything(self, client: Client, archive: list[Article]) -> None:
        for sort in ("relevance", "newest", "oldest"):
            pages = [ask(client, q="台湾", sort=sort, page=n, page_size=7) for n in range(1, 7)]
            assert [page["page"] for page in pages] == [1, 2, 3, 4, 5, 6]
            assert {page["count"] for page in pages} == {len(archive)}
            found = [pk for page in pages for pk in ids(page)]
            assert sorted(found) == [article.pk for article in archive]
            assert found == ids(ask(client, q="台湾", sort=sort, page_size=100))

    def test_orders(self, client: Client, archive: list[Article]) -> None:
        newest = ids(ask(client, q="台湾", sort="newest", page_size=100))
        oldest = ids(ask(client, q="台湾", sort="oldest", page_size=100))
        dated = [article.pk for article in archive[:-1]]
        assert [pk for pk in newest if pk in dated] == dated[::-1]
        assert [pk for pk in oldest if pk in dated] == dated

    def test_narrowing(self, client: Client, archive: list[Article]) -> None:
        """Days are those of the archive; both ends belong to the period; outlets add up."""
        two = ask(client, q="台湾", outlet=["paper-0", "paper-2"], page_size=100)
        assert set(ids(two)) == {a.pk for n, a in enumerate(archive) if n % 3 != 1}
        assert {o["value"] for o in two["facets"]["outlet"]} == {"paper-0", "paper-1", "paper-2"}
        day = ask(client, q="台湾", after="2023-12-14", before="2023-12-14", page_size=100)
        # 00:30 in Shanghai is 16:30 the day before; the first article is of 08:30.
        assert set(ids(day)) == {a.pk for a in archive[16:-1]}
        assert ask(client, q="台湾", after="2023", before="2023-12")["count"] == len(archive) - 1
        assert ask(client, q="台湾", before="2022")["count"] == 0
        assert ask(client, q="台湾", outlet="", after="", before="")["count"] == len(archive)

    def test_the_language(self, client: Client, archive: list[Article]) -> None:
        answer = ask(client, q='来源：报纸1 “新闻的内容” －"内容1"')
        assert answer["understood"] == 'outlet:报纸1 "新闻的内容" -"内容1"'
        assert set(ids(answer)) == {a.pk for n, a in enumerate(archive) if n % 3 == 1 and n != 1}

    def test_nothing_to_search_for(self, client: Client, archive: list[Article]) -> None:
        answer = ask(client, q="，。！")
        assert (answer["count"], answer["results"], answer["understood"]) == (0, [], "")

    def test_no_cache_answers_for_it(self, client: Client, archive: list[Article]) -> None:
        """Whoever keeps an answer asks whether it still holds."""
        response = client.get(SEARCH, {"q": "台湾"})
        assert response.headers["Cache-Control"] == "private, no-cache"
        archive[0].delete()
        rebuild()
        tag = {"if-none-match": response.headers["ETag"]}
        again = client.get(SEARCH, {"q": "台湾"}, headers=tag)
        assert again.json()["count"] == len(archive) - 1

    def test_head(self, client: Client, archive: list[Article]) -> None:
        response = client.head(SEARCH, {"q": "台湾"})
        assert (response.status_code, response.content) == (200, b"")


class TestErrors:
    @pytest.mark.parametrize(
        ("parameters", "said"),
        [
            ({}, "q:"),
            ({"q": ""}, "q:"),
            ({"q": " 　"}, "q:"),
            ({"q": "国" * 1001}, "q:"),
            ({"q": "国", "after": "2023-02-30"}, "“2023-02-30” is no date"),
            ({"q": "国", "before": "soon"}, "“soon” is no date"),
            ({"q": "国", "outlet": "nobody"}, "nobody"),
            ({"q": "国", "outlet": ["paper-1", "a\x00"]}, "outlet:"),
            ({"q": "国", "sort": "best"}, "sort:"),
            ({"q": "国", "page": "0"}, "page:"),
            ({"q": "国", "page": "-1"}, "page:"),
            ({"q": "国", "page": "1.5"}, "page:"),
            ({"q": "国", "page": "x"}, "page:"),
            ({"q": "国", "page": "9" * 30}, "page:"),
            ({"q": "国", "page_size": "0"}, "page_size:"),
            ({"q": "国", "page_size": "101"}, "page_size:"),
        ],
    )
    def test_a_bad_question_says_what_is_wrong(
        self, client: Client, archive: list[Article], parameters: dict[str, Any], said: str
    ) -> None:
        answer = ask(client, 422, **parameters)
        assert list(answer) == ["message"]
        assert said in answer["message"]

    def test_a_page_beyond_the_last_is_empty(self, client: Client, archive: list[Article]) -> None:
        for page in (31, 1_000_000):
            answer = ask(client, q="台湾", page=page)
            assert (answer["count"], answer["results"]) == (len(archive), [])

    @pytest.mark.parametrize("damage", ["missing", "garbage"])
    def test_no_index(
        self, client: Client, archive: list[Article], index_folder: Path, damage: str
    ) -> None:
        shutil.rmtree(index_folder)
        if damage == "garbage":
            index_folder.mkdir()
            (index_folder / "current").write_bytes(b"\x00\xff")
        assert list(ask(client, 503, q="台湾")) == ["message"]

    @pytest.mark.parametrize("address", ["/api/", "/api/search/", "/api/nothing", "/api/search/1"])
    def test_no_such_address(self, client: Client, address: str) -> None:
        response = client.get(address)
        assert response.status_code == 404
        assert list(response.json()) == ["message"]

    def test_other_methods(self, client: Client) -> None:
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            response = client.generic(method, f"{SEARCH}?q=x")
            assert response.status_code == 405
            assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}
            assert list(response.json()) == ["message"]

    def test_a_host_that_is_not_ours(self, client: Client) -> None:
        response = client.get(SEARCH, {"q": "x"}, headers={"host": "evil.example"})
        assert response.status_code == 400
        assert response.headers["Content-Length"] == str(len(response.content))
        assert list(response.json()) == ["message"]

    def test_errors_elsewhere_stay_pages(self, client: Client) -> None:
        assert client.get("/nothing").headers["Content-Type"].startswith("text/html")

    @given(data=st.data())
    @settings(
        max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    def test_nothing_that_is_asked_breaks_it(
        self, client: Client, archive: list[Article], data: st.DataObject
    ) -> None:
        value = st.text(max_size=30) | st.sampled_from(["2023", "paper-1", "newest", "1", "99"])
        parameters = data.draw(
            st.dictionaries(
                st.sampled_from(["outlet", "after", "before", "sort", "page", "page_size", "x"]),
                value,
                max_size=3,
            )
        )
        query = data.draw(st.text(max_size=40))
        asked = {"q": query, **parameters}
        raw = {name: text.encode("utf-8", "surrogatepass") for name, text in asked.items()}
        response = client.get(SEARCH, raw)
        assert response.status_code in (200, 422)
        expected = {"message"} if response.status_code == 422 else {"count", "results"}
        assert expected <= set(response.json())


class TestDescription:
    def test_every_answer_is_as_described(self, client: Client, archive: list[Article]) -> None:
        described = client.get("/api/openapi.json").json()
        operation = described["paths"][SEARCH]["get"]
        assert set(operation["responses"]) == {"200", "401", "422", "429", "503"}
        fields = described["components"]["schemas"]["Answer"]["properties"]
        assert set(fields) == set(ask(client, q="台湾"))
        assert [parameter["name"] for parameter in operation["parameters"]] == [
            "q",
            "outlet",
            "after",
            "before",
            "sort",
            "page",
            "page_size",
        ]

    def test_it_names_the_outlets_there_are(self, client: Client, archive: list[Article]) -> None:
        operation = client.get("/api/openapi.json").json()["paths"][SEARCH]["get"]
        slugs = operation["parameters"][1]["schema"]["items"]["enum"]
        assert {"", "paper-0", "paper-1", "paper-2"} <= set(slugs)
        for slug in slugs:
            ask(client, q="台湾", outlet=slug)

    def test_the_example_is_of_the_form_of_an_answer(
        self, client: Client, archive: list[Article]
    ) -> None:
        schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
        (example,) = schemas["Answer"]["examples"]
        assert _form(example) == _form(ask(client, q="台湾", page_size=1))

    @pytest.mark.parametrize(
        ("day", "fits"),
        [
            ("", True),
            ("2023", True),
            ("2023-12", True),
            ("2023-12-31", True),
            ("2023-02-28", True),
            ("2023-04-30", True),
            ("2023-04-31", False),
            ("2023-02-30", False),
            ("2023-13", False),
            ("1899", False),
            ("soon", False),
        ],
    )
    def test_days_that_fit_the_description_are_taken(
        self, client: Client, archive: list[Article], day: str, fits: bool
    ) -> None:
        operation = client.get("/api/openapi.json").json()["paths"][SEARCH]["get"]
        pattern = operation["parameters"][2]["schema"]["pattern"]
        assert bool(re.search(pattern, day)) is fits
        ask(client, 200 if fits else 422, q="台湾", after=day)


class TestDocsPage:
    def test_it_tells_every_parameter_and_field(self, client: Client, db: None) -> None:
        response = client.get("/api/docs")
        assert response.status_code == 200
        content = response.content.decode()
        for name in ("GET /api/search?", "page_size", "results[].original_url", "facets.year[]"):
            assert name in content
        assert "/api/openapi.json" in content

    def test_it_needs_no_script_and_nobody_else(self, client: Client, db: None) -> None:
        content = client.get("/api/docs").content.decode()
        main = content[content.index("<main") : content.index("</main")]
        assert not re.search(r"<(script|style|iframe|img|link)\b|\sstyle=|\son\w+=", main)
        for address in re.findall(r'(?:src|href|action)="([^"]*)"', content):
            assert address.startswith(("/", "#", django_settings.STATIC_URL)), address


def _form(value: Any) -> Any:
    """Return the names and types in ``value``."""
    if isinstance(value, dict):
        return {name: _form(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_form(value[0])] if value else []
    return type(json.loads(json.dumps(value)))
