"""Fetch the pictures of articles, and keep them."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import OperationalError
from tqdm import tqdm

from articles.fetching import FetchError
from articles.forms import BadQuestionError, narrowing
from articles.models import Article, ArticleQuerySet
from articles.pictures import JOBS, AlreadyGatheringError, Fetch, Gathering, fetch_public, gather
from articles.workers import Interruptible, Workers, WorkersLostError


class Command(BaseCommand):
    """The terminal's door to ``gather``; tests give it another ``fetch``."""

    help = (
        "Fetch the pictures of readable articles, newest first, and keep them, so that pages show "
        "them at once. The same command again goes on where it stopped."
    )
    stealth_options = ("fetch",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("--outlet", metavar="SLUG", help="only of this outlet")
        days = "only of articles published %s this year, month or day, such as 2023-12"
        parser.add_argument("--after", default="", metavar="DAY", help=days % "from")
        parser.add_argument("--before", default="", metavar="DAY", help=days % "up to")
        parser.add_argument("--limit", type=int, metavar="N", help="try at most N pictures")
        parser.add_argument(
            "--jobs",
            type=int,
            default=JOBS,
            metavar="N",
            help=f"so many at once, each from another host (default: {JOBS})",
        )
        parser.add_argument(
            "--retry", action="store_true", help="try again also what failed for good or is not due"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations
    def handle(self, *_args: Any, **options: Any) -> None:
        """Fetch, and report what was reached, also when interrupted."""
        if options["jobs"] < 1:
            raise CommandError("--jobs must be at least 1.", returncode=2)
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit must be at least 1.", returncode=2)
        articles = _articles(options)
        gathering = Gathering()
        started = perf_counter()
        try:
            with Interruptible():
                self._gather(articles, gathering, options)
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted: {_summary(gathering)}. The same command again goes on.",
                returncode=130,
            ) from None
        except AlreadyGatheringError:
            raise CommandError("Another fetch_media is at work; let it finish.") from None
        except (OperationalError, WorkersLostError, OSError) as error:
            if "no such table" in str(error):
                raise CommandError("There is no archive yet; run: manage.py migrate") from error
            reason = getattr(error, "strerror", None) or error
            raise CommandError(
                f"It could not go on: {reason}. What was fetched is kept: {_summary(gathering)}. "
                "Make room, then run the same command again."
            ) from error
        if options["json"]:
            seconds = round(perf_counter() - started, 1)
            self.stdout.write(json.dumps(asdict(gathering) | {"seconds": seconds}))
        else:
            self.stdout.write(_summary(gathering))

    def _gather(
        self, articles: ArticleQuerySet, gathering: Gathering, options: dict[str, Any]
    ) -> None:
        fetch: Fetch = options.get("fetch", fetch_public)
        quiet = options["json"] or not sys.stderr.isatty()
        total = None if quiet else articles.count()
        with (
            Workers(options["jobs"]) as workers,
            tqdm(total=total, unit="article", disable=quiet) as bar,
        ):

            def progress(number: int) -> None:
                bar.update(number)
                bar.set_postfix_str(_summary(gathering), refresh=False)

            def tell(address: str, error: FetchError) -> None:
                with bar.external_write_mode(file=sys.stderr):
                    self.stderr.write(f"{address}: {error} [{error.kind}]")

            gather(
                articles,
                gathering=gathering,
                workers=workers,
                jobs=options["jobs"],
                limit=options["limit"],
                retry=options["retry"],
                fetch=fetch,
                progress=progress,
                tell=(lambda _address, _error: None) if options["json"] else tell,
            )


def _articles(options: dict[str, Any]) -> ArticleQuerySet:
    outlets = [] if options["outlet"] is None else [options["outlet"]]
    try:
        narrowed = narrowing(outlets=outlets, after=options["after"], before=options["before"])
    except BadQuestionError as error:
        raise CommandError(f"--{error}", returncode=2) from error
    return Article.objects.readable().narrowed(**narrowed).newest_first()


def _summary(gathering: Gathering) -> str:
    return ", ".join(f"{name} {count}" for name, count in asdict(gathering).items())
