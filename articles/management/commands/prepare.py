"""Make everything ready to serve: what ``make run`` does before it starts the server."""

import os
import secrets
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from articles.models import Article, ImportRun, Outlet, OutletAlias
from articles.signals import articles_imported

SAMPLE = settings.BASE_DIR / "sample"
SAMPLE_OUTLETS = {
    "yunting-daily.example": "云汀日报",
    "jingmu-science.example": "鲸目科学",
    "chingyu-evening.example": "澄嶼晚報",
    "banmu-weekly.example": "半亩周刊",
}


class Command(BaseCommand):
    """Migrates, makes the first login, fills an empty archive with the sample, indexes."""

    help = "Make everything ready to serve. A second time changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("--archive", type=Path, help="import this folder or zip first")
        parser.add_argument("--port", type=int, default=8000, help="the port to be served on")

    def handle(self, *_args: Any, archive: Path | None, port: int, **_options: Any) -> None:
        """Prepare, and say where the archive will be and how to log in."""
        address = os.environ.get("NEWSARCHIVE_BIND", "127.0.0.1")
        _check_port(address, port)
        call_command("migrate", verbosity=0)
        try:
            call_command("collectstatic", interactive=False, verbosity=0)
        except OSError as error:
            raise CommandError(f"{settings.STATIC_ROOT} could not be written: {error}.") from error
        if archive:
            call_command("import_articles", archive)
        elif _is_new():
            _name_sample_outlets()
            call_command("import_articles", SAMPLE)
        articles_imported.send(Command, jobs=os.cpu_count() or 1, quiet=True)
        login = _first_login()
        self.stdout.write(f"\n  The archive: http://{address}:{port}/")
        self.stdout.write(f"  Its admin:   http://{address}:{port}/admin/")
        self.stdout.write(f"  {login}\n  Ctrl-C stops everything.\n")


def _check_port(address: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"{address}:{port} cannot be used ({error}); choose another: make run PORT=8001"
            ) from error


def _is_new() -> bool:
    """Tell whether nobody has begun to fill the archive."""
    has_begun = ImportRun.objects.exclude(sources=[str(SAMPLE)]).exists()
    return not Article.objects.exists() and not has_begun


def _name_sample_outlets() -> None:
    for host, name in SAMPLE_OUTLETS.items():
        slug = host.removesuffix(".example")
        outlet, _created = Outlet.objects.get_or_create(slug=slug, defaults={"name": name})
        OutletAlias.objects.get_or_create(
            kind=OutletAlias.Kind.HOST, value=host, defaults={"outlet": outlet}
        )


def _first_login() -> str:
    """Make the first login where there is none, and say how to log in."""
    users = get_user_model()._default_manager
    if users.exists():
        return "Log in with your name and password (to reset: manage.py changepassword admin)."
    password = secrets.token_urlsafe(12)
    users.create_superuser("admin", password=password)
    return f"Log in as admin with the password {password} (shown only now)."
