"""What all tests share: an index, a cache and static files of their own, articles, archives."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import chain
from pathlib import Path

import hypothesis
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.test import override_settings
from haystack import connections
from playwright.sync_api import Browser, sync_playwright

from articles.models import Article, Outlet
from search.indexing import rebuild

ROOT = Path(__file__).parents[1]
EPOCH = 1_600_000_000_000
OUR_APPS = ("articles", "search")

# How long an example takes says nothing on a machine that is doing other things.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _test_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Static files without collectstatic, passwords without waiting, programs without a limit."""
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(
        STORAGES=storages,
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        NEWSARCHIVE_API_PER_MINUTE=0,
    ):
        yield


@pytest.fixture(autouse=True)
def index_folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index folder of the test's own, where every thread opens its engine anew."""
    folder = tmp_path_factory.mktemp("index")
    monkeypatch.setitem(settings.HAYSTACK_CONNECTIONS["default"], "PATH", folder)
    monkeypatch.setattr(connections, "thread_local", threading.local())
    return folder


@pytest.fixture(autouse=True)
def _what_migrations_made(request: pytest.FixtureRequest) -> None:
    """The known outlets and the groups, which a test with real transactions leaves nothing of."""
    marker = request.node.get_closest_marker("django_db")
    if marker or "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        if marker and marker.kwargs.get("transaction"):
            request.getfixturevalue("transactional_db")
        else:
            request.getfixturevalue("db")
        ContentType.objects.clear_cache()
        known = Permission.objects.filter(content_type__app_label__in=OUR_APPS)
        if not _permissions() <= set(known.values_list("codename", flat=True)):
            for app in apps.get_app_configs():
                create_permissions(app, verbosity=0)
        if not Outlet.objects.exists():
            import_module("articles.migrations.0002_known_outlets").add_outlets(apps, None)
        if not Group.objects.exists():
            groups = import_module("articles.migrations.0004_groups").GROUPS
            for name, codenames in groups.items():
                permissions = Permission.objects.filter(
                    content_type__app_label="articles", codename__in=codenames
                )
                Group.objects.create(name=name).permissions.set(permissions)


def _permissions() -> set[str]:
    """The permissions that our models declare."""
    models = chain.from_iterable(apps.get_app_config(app).get_models() for app in OUR_APPS)
    options = [model._meta for model in models]
    usual = {f"{action}_{o.model_name}" for o in options for action in o.default_permissions}
    return usual | {codename for o in options for codename, _name in o.permissions}


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def write_article() -> Callable[..., Path]:
    """Writes a file in the archive format: ``write_article(path, title=, url=, body=, epoch=)``."""

    def write(
        path: Path,
        *,
        title: str = "一则新闻",
        url: str = "https://www.paper.example/1",
        body: str = "<p>正文。</p>",
        epoch: int | None = EPOCH,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        first_line = "" if epoch is None else f"<!--{epoch}-->\n"
        path.write_text(f"{first_line}[{title}]({url})\n------\n\n{body}", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def migrated_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty, migrated database. To be copied, never used."""
    folder = tmp_path_factory.mktemp("migrated")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(folder)},
        check=True,
    )
    return folder


@pytest.fixture
def data_folder(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for ``manage`` and other processes, with an empty archive."""
    return Path(shutil.copytree(migrated_data, tmp_path_factory.mktemp("archive") / "data"))


@pytest.fixture
def manage(data_folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``manage.py`` with the given arguments in a process of its own on ``data_folder``."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "NEWSARCHIVE_DATA": str(data_folder)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 3 MB; skips the test where nobody may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def archive(db: None) -> list[Article]:
    """Thirty articles, one an hour around midnight in Shanghai, the last undated; indexed."""
    outlets = [Outlet.objects.create(slug=f"paper-{n}", name=f"报纸{n}") for n in range(3)]
    start = datetime(2023, 12, 13, 0, 30, tzinfo=UTC)
    made = [
        Article.objects.create(
            outlet=outlets[n % 3],
            title=f"第{n}则新闻",
            url=f"https://paper.example/{n}",
            original_url=f"https://paper.example/{n}",
            published_at=start + timedelta(hours=n) if n < 29 else None,
            text=f"台灣新闻的内容{n}",
            body=f"<p>台灣新闻的内容{n}</p>",
        )
        for n in range(30)
    ]
    rebuild()
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as installed, that calls nobody by itself."""
    with pytest.MonkeyPatch.context() as monkeypatch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, in which Django suspects async code.
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-quic",
                "--no-first-run",
                "--disable-component-update",
                "--disable-sync",
                # Other sites do not exist, so that what asks for them disturbs nobody.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
            ],
        )
        yield browser
        browser.close()
