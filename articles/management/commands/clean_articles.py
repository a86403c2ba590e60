"""Clean again what an older cleaner cleaned."""

import os
import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from articles.cleaning import clean_in_workers, store_cleaned
from articles.models import Article
from articles.sanitising import VERSION
from articles.signals import articles_imported
from articles.workers import Interruptible, Workers, WorkersLostError

AT_ONCE = 100
COUNTS = ("cleaned", "unchanged", "edited", "unreadable")


class Command(BaseCommand):
    """Brings bodies up to today's rules; the index follows at its end."""

    help = "Clean articles again from their captures where an older cleaner did; edits are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("--all", action="store_true", help="also what is up to date")
        parser.add_argument(
            "--jobs",
            type=int,
            default=os.cpu_count() or 1,
            metavar="N",
            help="worker processes (default: the number of cores)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Clean, let the index follow, and report."""
        jobs: int = options["jobs"]
        if jobs < 1:
            raise CommandError("--jobs must be at least 1.", returncode=2)
        articles = Article.objects.order_by("pk")
        if not options["all"]:
            articles = articles.filter(cleaner_version__lt=VERSION)
        ids = list(articles.values_list("pk", flat=True))
        counts = Counter(dict.fromkeys(COUNTS, 0))
        quiet = not sys.stderr.isatty()
        try:
            with (
                Interruptible(),
                Workers(jobs) as workers,
                tqdm(total=len(ids), unit="article", disable=quiet) as bar,
            ):
                for start in range(0, len(ids), AT_ONCE):
                    chunk = ids[start : start + AT_ONCE]
                    made = clean_in_workers(chunk, workers)
                    with transaction.atomic():
                        counts += store_cleaned(made)
                    bar.update(len(chunk))
                    workers.check()
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. What was cleaned is kept; the same command again continues.",
                returncode=130,
            ) from None
        except WorkersLostError as error:
            raise CommandError(
                f"Cleaning could not go on: {error}. What was cleaned is kept; make sure that "
                "there is enough memory, then run the same command again."
            ) from error
        articles_imported.send(Command, jobs=jobs, quiet=quiet)
        self.stdout.write(", ".join(f"{name} {counts[name]}" for name in COUNTS))
