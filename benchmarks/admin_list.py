"""How fast the list of articles in the admin answers; beside it Django's own list.

    python benchmarks/admin_list.py DATA [--rounds N]

DATA is a folder that ``many_articles.py`` filled, with its search index. The site runs as
``make run`` serves it; then, in the same run, with a plain ModelAdmin that has the same columns and
filters. A time is that of a request over HTTP, from one person at a time, until all of the page is
there.
"""

import argparse
import random
import re
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.cookiejar import CookieJar
from math import ceil
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus import SEED, print_table, start_django
from benchmarks.serving import machine, served

PAGE = 50
ROUNDS = 20
MOST_SECONDS = 20.0
"""After so long, no further request of one kind begins."""
WARMING_REQUESTS = 8
"""At once, before any is measured: every thread of the server opens database and index."""
LONGEST_REQUEST = 300
SORTED = ("sorted by title", "sorted by outlet")
"""What newsarchive's list does not offer: no index has these orders."""
TICKED = {"50 ticked: the page before deleting": ("delete_selected", "0")}
ALL_TICKED = {
    "all ticked: the page before deleting": ("delete_selected", "1"),
    "all ticked: hiding, up to the job's page": ("hide", "1"),
}
"""Django's list has no such job, and before deleting it loads all articles and all they own."""
RARE, COMMON, VERY_COMMON = "NW{}", ("台风", "渡轮", "夜市", "春茶"), ("的", "一")

Query = dict[str, str]
Data = Mapping[str, object]
Kind = Callable[[random.Random], Query]


class Person:
    """Somebody in a browser, logged in, who looks at the list of articles."""

    def __init__(self, site: str, name: str, password: str) -> None:
        self._list = f"{site}/admin/articles/article/"
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))
        login = f"{site}/admin/login/?next=/admin/articles/article/"
        self._read(login)
        self._read(login, {"username": name, "password": password})

    def get(self, query: Query) -> str:
        """Return a page of the list. Raises HTTPError where there is none."""
        return self._read(f"{self._list}?{urlencode(query)}")

    def post(self, data: Data) -> str:
        """Return what the list leads to when ``data`` is sent. Raises HTTPError."""
        return self._read(self._list, data)

    def _read(self, address: str, data: Data | None = None) -> str:
        body = None
        if data is not None:
            token = next(cookie.value for cookie in self._cookies if cookie.name == "csrftoken")
            body = urlencode({**data, "csrfmiddlewaretoken": token}, doseq=True).encode()
        with self._opener.open(address, body, timeout=LONGEST_REQUEST) as response:
            if "e=1" in response.url:
                raise HTTPError(address, 400, "the list knows no such page", response.headers, None)
            return str(response.read(), "utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a folder that many_articles.py filled")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="ask for each kind so often")
    options = parser.parse_args()
    start_django(options.data)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    name, password = _user()
    kinds = _kinds()
    offered = {kind: query for kind, query in kinds.items() if kind not in SORTED}
    rounds = options.rounds
    with served("newsarchive.wsgi") as server:
        ours = _measured(
            Person(server.address, name, password), offered, TICKED | ALL_TICKED, rounds
        )
    with served("benchmarks.stock_admin") as server:
        person = Person(server.address, name, password)
        stock = _measured(person, kinds, TICKED, rounds)
    print(machine())
    print(f"at most {rounds} requests a kind, no two alike where there is a choice")
    columns = ["p50, ms", "p95", "longest", "Django: p50", "p95", "longest"]
    rows = [(kind, [*ours.get(kind, _NONE), *stock.get(kind, _NONE)]) for kind in {**ours, **stock}]
    print_table("The list of articles", columns, rows)


_NONE = ["–"] * 3


def _user() -> tuple[str, str]:
    from django.contrib.auth.models import User

    password = secrets.token_urlsafe()
    User.objects.filter(username="benchmark").delete()
    User.objects.create_superuser("benchmark", password=password)
    return "benchmark", password


# What is asked for.


def _kinds() -> dict[str, Kind]:
    """Return what the query of a page of each kind is made of."""
    from articles.models import Article, ImportRun, Outlet

    size = Article.objects.count()
    pages = ceil(size / PAGE)
    outlets = [
        str(pk)
        for pk in Outlet.objects.filter(articles__isnull=False)
        .distinct()
        .values_list("pk", flat=True)
    ]
    largest = Outlet.objects.with_articles()[0]
    runs = ImportRun.objects.order_by("-created").values_list("pk", flat=True)
    largest_run, small_run = str(runs[0]), str(runs[1])
    urls = list(Article.objects.order_by("pk").values_list("original_url", flat=True)[:ROUNDS])
    years = range(2005, 2023)

    def day(chance: random.Random) -> Query:
        return month(chance) | {"published_at__day": str(chance.randint(1, 28))}

    def month(chance: random.Random) -> Query:
        return year(chance) | {"published_at__month": str(chance.randint(1, 12))}

    def year(chance: random.Random) -> Query:
        return {"published_at__year": str(chance.choice(years))}

    def outlet(chance: random.Random) -> Query:
        return {"outlet__id__exact": chance.choice(outlets)}

    def words(chance: random.Random, *choices: str) -> Query:
        return {"q": chance.choice(choices).format(chance.randrange(size))}

    of_largest = {"outlet__id__exact": str(largest.pk)}
    return {
        "first page": lambda _: {},
        "second page": lambda _: {"p": "2"},
        "any page": lambda chance: {"p": str(chance.randint(1, pages))},
        "last page": lambda _: {"p": str(pages)},
        "oldest first": lambda _: {"o": "3"},
        "oldest first, last page": lambda _: {"o": "3", "p": str(pages)},
        "sorted by title": lambda _: {"o": "1"},
        "sorted by outlet": lambda _: {"o": "2"},
        "an outlet": outlet,
        "the largest outlet, last page": lambda _: (
            of_largest | {"p": str(ceil(Article.objects.filter(outlet=largest).count() / PAGE))}
        ),
        "hidden": lambda _: {"hidden__exact": "1"},
        "not hidden": lambda _: {"hidden__exact": "0"},
        "edited": lambda _: {"edited_at__isempty": "0"},
        "not edited": lambda _: {"edited_at__isempty": "1"},
        "newer capture": lambda _: {"has_newer_capture__exact": "1"},
        "edited, of the largest outlet": lambda _: of_largest | {"edited_at__isempty": "0"},
        "a year": year,
        "a month": month,
        "a day": day,
        "undated": lambda _: {"published_at__isnull": "True"},
        "hidden, of a year": lambda chance: year(chance) | {"hidden__exact": "1"},
        "of a small import run": lambda _: {"captures__run__id__exact": small_run},
        "of the largest import run": lambda _: {"captures__run__id__exact": largest_run},
        "a rare word": lambda chance: words(chance, RARE),
        "a common word": lambda chance: words(chance, *COMMON),
        "a very common word": lambda chance: words(chance, *VERY_COMMON),
        "…, any page": lambda chance: (
            words(chance, *VERY_COMMON) | {"p": str(chance.randint(1, pages // 2))}
        ),
        "…, of an outlet and year": lambda chance: (
            words(chance, *VERY_COMMON) | outlet(chance) | year(chance)
        ),
        "a word that nothing has": lambda chance: words(chance, "魑魅魍魉{}"),
        "an address": lambda chance: words(chance, *urls),
        "a part of an address": lambda chance: words(chance, "bbc.example/2015", "rfi.example/20"),
        "an unknown address": lambda chance: words(chance, "https://nowhere.example/{}"),
        "a byline": lambda chance: words(chance, "本报记者"),
    }


# How long it takes.


def _measured(
    person: Person, kinds: dict[str, Kind], actions: dict[str, tuple[str, str]], rounds: int
) -> dict[str, list[str]]:
    """Return p50, p95 and the longest of the milliseconds of each kind of page and action."""
    _warm(person)
    asked = {
        kind: partial(_look, person, query, random.Random(SEED)) for kind, query in kinds.items()
    }
    keys = re.findall(r'name="_selected_action" value="(\d+)"', person.get({}))
    for kind, (action, across) in actions.items():
        data = {"action": action, "select_across": across, "_selected_action": keys}
        asked[kind] = partial(person.post, data)
    return {
        kind: _summary(seconds) for kind, ask in asked.items() if (seconds := _timed(ask, rounds))
    }


def _look(person: Person, query: Kind, chance: random.Random) -> str:
    return person.get(query(chance))


def _warm(person: Person) -> None:
    """Have every thread of the server open the database and the index."""
    for query in ({}, {"q": "台风"}, {"q": "的"}):
        with ThreadPoolExecutor(WARMING_REQUESTS) as requests:
            list(requests.map(person.get, [query] * WARMING_REQUESTS))


def _timed(ask: Callable[[], object], rounds: int) -> list[float]:
    """Return the seconds of each request, after a first one; none where there is no such page."""
    seconds: list[float] = []
    began = time.monotonic()
    try:
        ask()
        while len(seconds) < rounds and time.monotonic() - began < MOST_SECONDS:
            started = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - started)
    except (HTTPError, TimeoutError):
        return []
    return seconds


def _summary(seconds: list[float]) -> list[str]:
    ordered = sorted(seconds)
    values = statistics.median(ordered), ordered[ceil(len(ordered) * 0.95) - 1], ordered[-1]
    return [f"{value * 1000:.0f}" for value in values]


if __name__ == "__main__":
    main()
