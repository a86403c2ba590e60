"""People at the editor's desk: in the browser and without one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django import Settings

from tests.people import allow

PASSWORD = "a long enough word"


@pytest.fixture(autouse=True)
def _data_of_its_own(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Uploads, exports and locks in folders of the test's own."""
    settings.DATA_DIR = tmp_path_factory.mktemp("data")
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path_factory.mktemp("arriving")


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Makes staff: ``person("editor", "change_article", "delete_article")``."""

    def make(name: str, *permissions: str, **fields: Any) -> User:
        user = User.objects.create_user(name, password=PASSWORD, is_staff=True, **fields)
        allow(user, *permissions)
        return user

    return make


@pytest.fixture
def boss(db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("boss", password=PASSWORD)


@pytest.fixture
def desk(boss: User) -> Client:
    """The superuser's client."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def desk_context(live_server: Any, browser: Browser, boss: User) -> Iterator[BrowserContext]:
    """A browser in which the superuser is logged in; ``base_url`` is the live server's."""
    client = Client()
    client.force_login(boss)
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    yield context
    context.close()


@pytest.fixture
def desk_page(desk_context: BrowserContext) -> Page:
    """A page of that browser."""
    return desk_context.new_page()
