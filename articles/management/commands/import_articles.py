"""Import article files into the archive."""

import json
import os
import re
import stat
import sys
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from tqdm import tqdm

from articles.importing import ImportReport, run_import
from articles.importing.sources import count
from articles.models import Outlet
from articles.signals import articles_imported
from articles.workers import Interruptible, WorkersLostError

COUNTS = ("created", "updated", "unchanged", "skipped", "failed")


class Command(BaseCommand):
    """The terminal's door to importing; the index follows at its end."""

    help = "Import article files, folders or zips. The same import again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("paths", nargs="+", type=_path, metavar="PATH")
        parser.add_argument("--outlet", metavar="SLUG", help="file everything under this outlet")
        parser.add_argument("--dry-run", action="store_true", help="report, store nothing")
        parser.add_argument(
            "--jobs",
            type=int,
            default=os.cpu_count() or 1,
            metavar="N",
            help="worker processes (default: the number of cores)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import, let the index follow, and report."""
        paths: list[Path] = options["paths"]
        for path in paths:
            _check_readable(path)
        if options["jobs"] < 1:
            raise CommandError("--jobs must be at least 1.", returncode=2)
        outlet = _outlet(options["outlet"], dry_run=options["dry_run"])
        try:
            with Interruptible():
                report = self._import(paths, outlet, options)
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. What was imported is kept; the same command again continues.",
                returncode=130,
            ) from None
        except OperationalError as error:
            if "no such table" in str(error):
                raise CommandError("There is no archive yet; run: manage.py migrate") from error
            raise CommandError(
                f"The database could not be written: {error}. What was imported before is kept; "
                "make room or wait, then run the same command again."
            ) from error
        except WorkersLostError as error:
            raise CommandError(
                f"The import could not go on: {error}. What was imported before is kept; make sure "
                "that there is enough memory, then run the same command again."
            ) from error
        self._print(report, as_json=options["json"])

    def _import(
        self, paths: list[Path], outlet: Outlet | None, options: dict[str, Any]
    ) -> ImportReport:
        quiet = options["json"] or not sys.stderr.isatty()
        with tqdm(total=None if quiet else count(paths), unit="file", disable=quiet) as bar:
            report = run_import(
                paths,
                outlet=outlet,
                dry_run=options["dry_run"],
                jobs=options["jobs"],
                progress=bar.update,
            )
        if not options["dry_run"]:
            articles_imported.send(Command, jobs=options["jobs"], quiet=quiet)
        return report

    def _print(self, report: ImportReport, *, as_json: bool) -> None:
        fields = asdict(report)
        if as_json:
            self.stdout.write(json.dumps(fields, ensure_ascii=False))
            return
        for problem in report.problems:
            self.stderr.write(f"{problem.path}: {problem.message} [{problem.kind}]")
        if not any(fields[name] for name in COUNTS):
            self.stderr.write("Nothing to import was found: no .md, .html or .zip files there.")
        self.stdout.write(", ".join(f"{name} {fields[name]}" for name in COUNTS))


def _path(written: str) -> Path:
    """Refuse the empty path, an unset variable of a shell, which would be the current folder."""
    if not written:
        raise ArgumentTypeError("a PATH is empty")
    return Path(written)


def _check_readable(path: Path) -> None:
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        elif stat.S_ISREG(path.stat().st_mode):
            with path.open("rb"):
                pass
        else:
            raise CommandError(f"{path} is a device or a pipe, not a file.", returncode=2)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Nothing was imported."
        raise CommandError(message, returncode=2) from error


def _outlet(slug: str | None, *, dry_run: bool) -> Outlet | None:
    """Return the outlet that ``--outlet`` names, a new one where the archive has none such."""
    if slug is None:
        return None
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", slug):
        raise CommandError(
            f"--outlet {slug!r} is no slug: use small letters, digits and hyphens.", returncode=2
        )
    outlet = Outlet.objects.filter(slug=slug).first() or Outlet(slug=slug, name=slug)
    if outlet.pk is None and not dry_run:
        outlet.save()
    return outlet
