"""Compare index and database, and repair what differs."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines.base import IndexLockedError, IndexUnavailableError
from search.indexing import rebuild
from search.own_words import are_in_index
from search.verifying import compare, repair

KINDS = {
    "missing": "articles that the index does not have",
    "stray": "documents without an article",
    "changed": "documents that say something else than their article",
    "pending": "changes that are noted and not yet in the index",
}
FIRST_IDS = 10


class Command(BaseCommand):
    """The terminal's door to ``compare`` and ``repair``."""

    help = (
        "Compare the search index with the database. Exit status: 0 when they agree or differ "
        "only in pending changes, 1 when not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("--fix", action="store_true", help="repair what differs")
        parser.add_argument(
            "--jobs",
            type=int,
            default=os.cpu_count() or 1,
            metavar="N",
            help="processes that repair (default: the number of cores)",
        )

    def handle(self, *_args: Any, fix: bool, jobs: int, **_options: Any) -> None:
        """Compare, repair where asked to, and report."""
        try:
            self._verify(fix=fix, jobs=jobs)
        except IndexLockedError as error:
            raise CommandError("Another process is writing the index; try again later.") from error
        except OSError as error:
            raise CommandError(f"The index could not be written: {error}.") from error

    def _verify(self, *, fix: bool, jobs: int) -> None:
        try:
            found = compare()
        except IndexUnavailableError as error:
            if not fix:
                raise CommandError(f"{error}; run: manage.py verify_index --fix") from error
            self.stdout.write(f"{error}; rebuilding")
            self.stdout.write(f"indexed {rebuild(jobs=jobs)}")
            return
        for kind, meaning in KINDS.items():
            ids: list[int] = getattr(found, kind)
            first = ", ".join(map(str, ids[:FIRST_IDS])) + (", …" if ids[FIRST_IDS:] else "")
            self.stdout.write(f"{kind} {len(ids)}" + (f" ({meaning}): {first}" if ids else ""))
        if not are_in_index():
            self.stdout.write(
                "The editors' own words are others than the index was built with; index_worker "
                "rebuilds it, or: manage.py rebuild_index"
            )
        if not found.differing:
            self.stdout.write(f"Index and database agree ({found.articles} articles).")
        elif fix:
            repair(found.differing, jobs=jobs)
            self.stdout.write(f"repaired {len(found.differing)}")
        else:
            raise CommandError("Index and database differ; run: manage.py verify_index --fix")
