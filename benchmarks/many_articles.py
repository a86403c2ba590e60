"""Fill a data folder with many invented articles, to measure the editor's desk with.

    python benchmarks/many_articles.py DATA [--articles N] [--index]

DATA is a new folder. Its articles are made of the sentences of the bundled sample, no two alike:
of 12 outlets and 20 years, in no order of time; some undated, hidden, edited, or with a newer
capture. Each has its captures, most of them of one import run, and every fifth file a problem.
``--index`` builds the search index as well, which takes far longer than all the rest.
"""

import argparse
import hashlib
import random
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus import ROOT, SEED, start_django

if TYPE_CHECKING:
    from articles.models import Article, Capture, ImportRun, Outlet

ARTICLES = 250_000
OUTLETS = 12
FIRST_DAY = datetime(2004, 1, 1, tzinfo=UTC)
SECONDS = 20 * 365 * 24 * 3600
PARAGRAPHS = (4, 12)
SENTENCES = (2, 5)
UNDATED, HIDDEN, EDITED, NEWER_CAPTURE = 0.01, 0.02, 0.03, 0.01
"""Which share of the articles is so."""
LARGEST_RUN, OTHER_RUNS = 0.8, 9
ARTICLES_OF_A_PROBLEM = 5
ROWS_AT_ONCE = 1_000


def main() -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a new folder")
    parser.add_argument("--articles", type=int, default=ARTICLES, help="so many articles")
    parser.add_argument("--index", action="store_true", help="build the search index as well")
    options = parser.parse_args()
    if options.data.exists() and any(options.data.iterdir()):
        parser.error(f"{options.data} is not empty.")
    start_django(options.data)
    from django.core.management import call_command

    started = time.monotonic()
    call_command("migrate", verbosity=0)
    _fill(options.articles)
    print(f"{options.articles} articles in {time.monotonic() - started:.0f} s")
    if options.index:
        started = time.monotonic()
        call_command("rebuild_index")
        print(f"in {time.monotonic() - started:.0f} s")


def _fill(number: int) -> None:
    """Store so many articles, and all that belongs to them."""
    from django.db import connection, transaction

    from articles.models import Article, AuditEntry, Capture, ImportProblem

    chance = random.Random(SEED)
    outlets = _outlets()
    # The folder is made anew when this is interrupted: no need to wait for the disk.
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
    sentences, titles = _sentences()
    runs = _runs(number)
    made = _articles(number, outlets, sentences, titles, chance)
    while articles := list(islice(made, ROWS_AT_ONCE)):
        with transaction.atomic():
            Article.objects.bulk_create(articles)
            files = [(article, list(_captures(article, next(runs)))) for article in articles]
            captures = [capture for _article, of_one in files for capture in of_one]
            Capture.objects.bulk_create(captures)
            for article, of_one in files:
                article.current_capture = of_one[0]
            Article.objects.bulk_update(articles, ["current_capture"], batch_size=400)
            ImportProblem.objects.bulk_create(
                ImportProblem(
                    run=capture.run,
                    kind=("no-date", "empty-body", "text-only")[number % 3],
                    path=capture.source_path,
                    message="The file does not say when the article was published.",
                    excerpt=article.lead,
                    capture=capture,
                )
                for number, (article, (capture, *_newer)) in enumerate(
                    files[::ARTICLES_OF_A_PROBLEM]
                )
            )
            AuditEntry.objects.bulk_create(
                AuditEntry(
                    username="editor",
                    action=AuditEntry.Action.EDIT,
                    target=article.title[:300],
                    target_url=f"/admin/articles/article/{article.pk}/change/",
                )
                for article in articles[::ARTICLES_OF_A_PROBLEM]
            )


def _outlets() -> "list[Outlet]":
    from articles.models import Outlet

    known = list(Outlet.objects.order_by("slug")[:OUTLETS])
    new = [
        Outlet(slug=f"paper-{n}", name=f"报纸{n}", title_suffixes=[])
        for n in range(OUTLETS - len(known))
    ]
    Outlet.objects.bulk_create(new)
    return known + list(Outlet.objects.filter(slug__startswith="paper-"))


def _sentences() -> tuple[list[str], list[str]]:
    """Return the sample's sentences, and its titles."""
    from articles.importing.decoding import decode
    from articles.importing.formats import parse
    from articles.importing.sources import SourceFile, walk
    from articles.sanitising import clean

    texts, titles = [], []
    for file in walk([ROOT / "sample" / "articles"]):
        assert isinstance(file, SourceFile)
        parsed = parse(decode(file.data), file.path)
        titles.append(" ".join(parsed.title.split()))
        texts.append(clean(parsed.body, url=parsed.url).text)
    # Each once, in the order of the sample.
    sentences = dict.fromkeys(
        sentence for text in sorted(texts) for sentence in re.findall(r"[^。！？\n]+[。！？]", text)
    )
    return list(sentences), sorted(titles)


def _articles(
    number: int,
    outlets: "list[Outlet]",
    sentences: list[str],
    titles: list[str],
    chance: random.Random,
) -> "Iterator[Article]":
    from articles.models import Article
    from articles.sanitising import VERSION

    weights = [1 / (n + 1) for n in range(len(outlets))]
    for n in range(number):
        paragraphs = [
            "".join(chance.choices(sentences, k=chance.randint(*SENTENCES)))
            for _paragraph in range(chance.randint(*PARAGRAPHS))
        ]
        # No two alike, and a rare word to search for.
        paragraphs.append(f"稿件编号NW{n}。")
        outlet = chance.choices(outlets, weights)[0]
        published_at = FIRST_DAY + timedelta(seconds=chance.randrange(SECONDS))
        address = f"https://www.{outlet.slug}.example/{published_at:%Y/%m%d}/{n}"
        first, second = chance.sample(titles, 2)
        text = "\n".join(paragraphs)
        yield Article(
            outlet=outlet,
            title=f"{first[: chance.randint(6, 20)]}：{second[: chance.randint(6, 20)]}",
            url=address,
            original_url=address,
            published_at=None if chance.random() < UNDATED else published_at,
            byline=chance.choice(("", "本报记者", "综合报道")),
            body="".join(f"<p>{paragraph}</p>" for paragraph in paragraphs),
            text=text,
            lead=text[:200].replace("\n", " "),
            cleaner_version=VERSION,
            hidden=chance.random() < HIDDEN,
            edited_at=published_at if chance.random() < EDITED else None,
            has_newer_capture=chance.random() < NEWER_CAPTURE,
        )


def _runs(number: int) -> "Iterator[ImportRun]":
    """Yield the run of each article, a large one and some others after it."""
    from articles.models import ImportRun

    largest = int(number * LARGEST_RUN)
    sizes = [largest, *[(number - largest) // OTHER_RUNS + 1] * OTHER_RUNS]
    for size in sizes:
        run = ImportRun.objects.create(
            sources=["articles"],
            status=ImportRun.Status.FINISHED,
            created=size,
            total=size,
            done=size,
        )
        yield from repeat(run, size)


def _captures(article: "Article", run: "ImportRun") -> "Iterator[Capture]":
    """Yield the file that the article was made of, and the newer one where there is one."""
    from articles.models import Capture

    milliseconds = int(article.published_at.timestamp() * 1000) if article.published_at else "NaN"
    raw = f"<!--{milliseconds}-->\n[{article.title}]({article.url})\n------\n\n{article.body}"
    for version in [raw, f"{raw}<p>更正。</p>"][: 1 + article.has_newer_capture]:
        content = version.encode()
        yield Capture(
            article=article,
            sha256=hashlib.sha256(content).hexdigest(),
            content=Capture.compress(content),
            size=len(content),
            source_path=f"articles/{article.outlet.slug}/{article.url.rpartition('/')[2]}.md",
            format="archive",
            run=run,
        )


if __name__ == "__main__":
    main()
