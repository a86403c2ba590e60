"""The audit log: what it holds, who sees it; logins, and too many of them that fail."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from articles.models import Article, AuditEntry, Outlet

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db

LOG = "/admin/articles/auditentry/"
WRONG = "not the right word"


def log_in(client: Client, name: str, password: str = PASSWORD, **headers: str) -> Any:
    return client.post("/admin/login/", {"username": name, "password": password}, headers=headers)


def log() -> list[tuple[str, str]]:
    """Who did what, the oldest first."""
    return list(AuditEntry.objects.order_by("pk").values_list("username", "action"))


def test_logins_are_written_down_with_name_and_address(client: Client, boss: User) -> None:
    assert log_in(client, "boss", WRONG).status_code == 200
    assert log_in(client, "stranger", WRONG).status_code == 200
    assert log_in(client, "boss").status_code == 302
    assert client.post("/admin/logout/").status_code == 200
    assert log() == [
        ("boss", "login-failed"),
        ("stranger", "login-failed"),
        ("boss", "login"),
        ("boss", "logout"),
    ]
    assert set(AuditEntry.objects.values_list("ip_address", flat=True)) == {"127.0.0.1"}
    assert (
        list(AuditEntry.objects.exclude(user=None).values_list("user", flat=True)) == [boss.pk] * 2
    )
    client.post("/admin/logout/")
    assert len(log()) == 4


def test_no_password_is_kept_anywhere(client: Client, boss: User) -> None:
    log_in(client, "boss", WRONG)
    log_in(client, "boss")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = str(cursor.fetchall())
            assert WRONG not in rows, table
            assert PASSWORD not in rows, table


def test_too_many_failures_lock_this_name_for_a_quarter_of_an_hour(
    client: Client, boss: User, person: Callable[..., User]
) -> None:
    person("other")
    for _attempt in range(9):
        assert log_in(client, "boss", WRONG).status_code == 200
    start = timezone.now()
    assert log_in(client, "boss", WRONG).status_code == 429

    # The right password does not help now, and asking does not make it longer.
    for minutes in (1, 14):
        with patch("axes.handlers.proxy.now", return_value=start + timedelta(minutes=minutes)):
            response = log_in(client, "boss")
        assert response.status_code == 429
        page = response.content.decode()
        assert "登录尝试次数过多" in page
        opens_at = timezone.localtime(response.context["opens_at"])
        assert start <= opens_at - timedelta(minutes=15) <= start + timedelta(seconds=10)
        assert f"{opens_at:%H:%M:%S}" in page
        assert 890 <= int(response["Retry-After"]) <= 900
        assert 'class="masthead"' in page
    assert client.get("/admin/").status_code == 302

    # Others may come, and so may the boss from elsewhere or later.
    assert log_in(Client(), "other").status_code == 302
    assert log_in(Client(REMOTE_ADDR="192.0.2.7"), "boss").status_code == 302
    with patch("axes.handlers.proxy.now", return_value=start + timedelta(minutes=16)):
        assert log_in(client, "boss").status_code == 302

    failures = AuditEntry.objects.filter(action="login-failed")
    assert failures.count() == 10
    assert [bool(entry.detail) for entry in failures.order_by("pk")] == [False] * 9 + [True]


def test_the_page_of_the_locked_speaks_the_language_of_the_browser(client: Client) -> None:
    for _attempt in range(10):
        response = log_in(client, "boss", WRONG, accept_language="en")
    assert response.status_code == 429
    assert "Too many attempts to log in" in response.content.decode()


def test_users_groups_and_outlets_changed_in_the_admin_are_written_down(
    desk: Client, boss: User
) -> None:
    group = Group.objects.create(name="others")
    fields = {"username": "new", "password1": PASSWORD, "password2": PASSWORD, "is_staff": "on"}
    assert desk.post("/admin/auth/user/add/", {**fields, "groups": [group.pk]}).status_code == 302
    new = User.objects.get(username="new")
    assert list(new.groups.all()) == [group]
    assert new.is_staff
    assert not new.is_superuser
    change = f"/admin/auth/user/{new.pk}/change/"
    data = {"username": "new", "is_active": "on", "date_joined_0": "2026-01-01"}
    assert desk.post(change, {**data, "date_joined_1": "10:00"}).status_code == 302
    assert not User.objects.get(pk=new.pk).is_staff
    assert desk.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 302
    outlet = Outlet.objects.create(slug="paper", name="晨报")
    many = {"action": "delete_selected", "_selected_action": [new.pk], "post": "yes"}
    assert desk.post("/admin/auth/user/", many).status_code == 302
    assert outlet.pk
    assert log()[1:] == [("boss", "add"), ("boss", "edit"), ("boss", "delete"), ("boss", "delete")]
    edit = AuditEntry.objects.get(action="edit")
    assert edit.target == "new"
    assert edit.detail
    assert edit.target_url == change


def test_the_log_is_searched_and_filtered(desk: Client, boss: User) -> None:
    for n in range(3):
        AuditEntry.objects.create(action="edit", user=boss, username="boss", target=f"文章甲{n}")
    AuditEntry.objects.create(action="delete", username="other", target="文章乙", detail="连同快照")
    page = desk.get(LOG).content.decode()
    assert all(text in page for text in ("文章甲0", "文章甲2", "文章乙", "连同快照"))
    for query, expected in (
        ("?q=甲1", ["甲1"]),
        ("?q=other", ["乙"]),
        ("?action__exact=delete", ["乙"]),
        (f"?user__id__exact={boss.pk}&q=文章", ["甲0", "甲1", "甲2"]),
        (f"?at__year={timezone.localdate().year}&q=文章", ["乙", "甲0", "甲1", "甲2"]),
        ("?at__year=2001", []),
    ):
        page = desk.get(LOG + query).content.decode()
        found = [text for text in ("乙", "甲0", "甲1", "甲2") if f"文章{text}" in page]
        assert found == expected, query


def test_the_log_links_to_what_is_still_there(desk: Client, archive: list[Article]) -> None:
    address = f"/admin/articles/article/{archive[0].pk}/change/"
    for action in ("edit", "delete"):
        AuditEntry.objects.create(action=action, target="<b>题</b>", target_url=address)
    page = desk.get(LOG).content.decode()
    assert page.count(f'<a href="{address}">&lt;b&gt;题&lt;/b&gt;</a>') == 1
    assert page.count("&lt;b&gt;题&lt;/b&gt;") == 2


def test_nobody_changes_the_log(desk: Client, boss: User) -> None:
    entry = AuditEntry.objects.create(action="edit", user=boss, username="boss")
    before = list(AuditEntry.objects.values())
    address = f"{LOG}{entry.pk}/"
    assert desk.get(f"{address}change/").status_code == 200
    assert desk.post(f"{address}change/", {"username": "x"}).status_code == 403
    assert desk.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    many = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    desk.post(LOG, many)
    assert list(AuditEntry.objects.values()) == before


def test_the_log_is_for_superusers_and_those_who_are_trusted_with_it(
    person: Callable[..., User],
) -> None:
    client = Client()
    client.force_login(person("editor", "change_article", "view_article"))
    assert client.get(LOG).status_code == 403
    client.force_login(person("auditor", "view_auditentry"))
    assert client.get(LOG).status_code == 200


def test_the_log_outlives_the_user(boss: User, desk: Client, person: Callable[..., User]) -> None:
    client = Client()
    user = person("gone")
    client.force_login(user)
    user.delete()
    assert ("gone", "login") in log()
    assert "gone" in desk.get(LOG).content.decode()
