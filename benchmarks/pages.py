"""How fast the reading pages answer; beside them the same pages written the plain way.

    python benchmarks/pages.py DATA [--seconds N] [--without-naive]

DATA is a folder that ``many_articles.py`` filled, with its search index. The site runs as
``make run`` serves it, then with the views of ``naive_pages.py``: counts and Django's Paginator.
wrk asks (https://github.com/wg/wrk), no two requests alike where there is a choice: first one
reader, for the milliseconds until all of a page is there, then eight at once, for the pages a
second.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus import SEED, print_table, start_django
from benchmarks.serving import Server, machine, served

SECONDS = 5
READERS = 8
CHOICES = 300
"""So many different addresses of a kind."""
LONGEST_REQUEST = 60
COMMON, VERY_COMMON = ("台风", "渡轮", "夜市", "春茶"), ("的", "一", "在")
SCRIPT = """
local paths = {}
for path in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = path end
local number = 0
request = function()
  number = number % #paths + 1
  return wrk.format("GET", paths[number])
end
done = function(summary, latency)
  io.write(string.format("RESULT %f %f %f %f %d %d\\n", latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency.max / 1000,
    summary.requests / summary.duration * 1e6,
    summary.errors.status, summary.errors.timeout + summary.errors.read + summary.errors.connect))
end
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a folder that many_articles.py filled")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="ask for each kind so long")
    parser.add_argument("--without-naive", action="store_true", help="measure newsarchive alone")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("this needs wrk: apt install wrk")
    os.environ["NEWSARCHIVE_API_PER_MINUTE"] = "0"
    start_django(options.data)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    kinds = _kinds()
    print(f"{machine()}\n{_size()}, {options.seconds} s a kind for one reader and for {READERS}")
    for application in [
        "newsarchive.wsgi",
        *["benchmarks.naive_pages"] * (not options.without_naive),
    ]:
        asked = {kind: paths for kind, paths in kinds.items() if _offers(application, kind)}
        with served(application) as server, tempfile.TemporaryDirectory() as folder:
            before = _warmed(server, asked)
            rows = [
                (kind, _measured(server, paths, options.seconds, Path(folder)))
                for kind, paths in asked.items()
            ]
            title = f"{application}: {before:.0f} MB when warm, {server.megabytes():.0f} MB after"
        print_table(title, ["p50, ms", "p95", "longest", f"{READERS}: pages/s", "p95"], rows)


ONLY_OURS = ("API", "feed", "suggestions")


def _offers(application: str, kind: str) -> bool:
    return application == "newsarchive.wsgi" or not kind.startswith(ONLY_OURS)


def _size() -> str:
    from articles.models import Article

    return f"{Article.objects.count():,} articles"


# What is asked for.


def _kinds() -> dict[str, list[str]]:
    """Return the addresses of each kind of page."""
    from django.utils import timezone

    from articles.models import Article, Outlet
    from articles.paging import key_of

    chance = random.Random(SEED)
    readable = Article.objects.readable()
    drawn = chance.sample(
        list(readable.filter(published_at__isnull=False).values_list("pk")), CHOICES
    )
    articles = list(readable.filter(pk__in=[pk for (pk,) in drawn]))
    ids = [article.pk for article in articles]
    days = [timezone.localdate(article.published_at) for article in articles]
    slugs = [outlet.slug for outlet in Outlet.objects.with_articles()]
    years = sorted({day.year for day in days})

    def searches(*queries: str, more: str = "") -> list[str]:
        return [f"/search/?q={quote(query)}{more}" for query in queries]

    rare = [f"NW{chance.randrange(len(ids))}" for _ in ids]
    pairs = [f"{one} {other}" for one in COMMON for other in COMMON if one != other]
    return {
        "front page": ["/"],
        "front page, a year": [f"/?year={year}" for year in years],
        "list": ["/articles/"],
        "list, any page": [f"/articles/?page=older-{key_of(article)}" for article in articles],
        "list, page by number": [f"/articles/?page={chance.randint(2, 5000)}" for _ in ids],
        "list, an outlet and a month": [
            f"/articles/?outlet={chance.choice(slugs)}&after={day:%Y-%m}-01&before={day:%Y-%m}-28"
            for day in days
        ],
        "day": [f"/days/{day:%Y/%m/%d}/" for day in days],
        "outlets": ["/outlets/"],
        "outlet": [f"/outlets/{slug}/" for slug in slugs],
        "article": [f"/articles/{pk}/" for pk in ids],
        "article, from a search": [f"/articles/{pk}/?q={quote(COMMON[0])}" for pk in ids],
        "search, a rare word": searches(*rare),
        "search, a common word": searches(*COMMON),
        "search, a very common word": searches(*VERY_COMMON),
        "search, two words": searches(*pairs),
        "search, a phrase": searches(*(f'"{word}的"' for word in COMMON)),
        "search, of an outlet and year": [
            f"/search/?q={quote(chance.choice(COMMON))}&outlet={slug}&after={year}&before={year}"
            for slug in slugs
            for year in years
        ],
        "search, nothing found": searches(*(f"魑魅魍魉{number}" for number in range(CHOICES))),
        "suggestions": [f"/search/suggest?q={quote(word)}" for word in ("台", "台风", "渡", "春")],
        "API, a list": [
            f"/api/articles?cursor={key_of(article)}&limit=100" for article in articles
        ],
        "API, an article": [f"/api/articles/{pk}" for pk in ids],
        "API, a search": [f"/api/search?q={quote(word)}" for word in COMMON],
        "feed": ["/feeds/latest.atom"],
    }


# How long it takes.


def _warmed(server: Server, kinds: dict[str, list[str]]) -> float:
    """Have every thread of the server open database and index; return its megabytes then."""
    with ThreadPoolExecutor(READERS) as readers:
        for paths in kinds.values():
            for status in readers.map(_status, [server.address + paths[0]] * READERS):
                if status != 200:
                    raise SystemExit(f"{paths[0]} answers {status}")
    return server.megabytes()


def _status(address: str) -> int:
    with urllib.request.urlopen(address, timeout=LONGEST_REQUEST) as response:
        response.read()
        return int(response.status)


def _measured(server: Server, paths: list[str], seconds: int, folder: Path) -> list[str]:
    """Return p50, p95 and the longest of one reader's milliseconds; pages/s and p95 of many."""
    p50, p95, longest, _pages = _wrk(server, paths, seconds, folder, readers=1)
    _p50, p95_of_many, _longest, pages = _wrk(server, paths, seconds, folder, readers=READERS)
    return [f"{p50:.0f}", f"{p95:.0f}", f"{longest:.0f}", f"{pages:.0f}", f"{p95_of_many:.0f}"]


def _wrk(
    server: Server, paths: list[str], seconds: int, folder: Path, *, readers: int
) -> Iterator[float]:
    (folder / "paths").write_text("\n".join(paths) + "\n")
    (folder / "pages.lua").write_text(SCRIPT)
    command = ["wrk", "-t1", f"-c{readers}", f"-d{seconds}s", f"--timeout={LONGEST_REQUEST}s"]
    printed = subprocess.run(
        [*command, f"--script={folder / 'pages.lua'}", server.address],
        env=os.environ | {"PATHS": str(folder / "paths")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    *numbers, wrong, broken = re.findall(r"^RESULT (.+)$", printed, re.M)[0].split()
    if int(wrong) + int(broken):
        raise SystemExit(f"{paths[0]}: {wrong} wrong answers, {broken} broken connections")
    return map(float, numbers)


if __name__ == "__main__":
    main()
