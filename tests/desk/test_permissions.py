"""Who may what: every address of the admin, asked by everybody.

An address that stands in no table here fails the test: say in ``MODELS`` or ``OTHERS`` who may use
it. People are named by their group; ``staff`` has none, ``boss`` is the superuser.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from articles.models import (
    Article,
    AuditEntry,
    Capture,
    ImportProblem,
    ImportRun,
    Job,
    Outlet,
    PendingChange,
    Picture,
)
from search.models import Word

pytestmark = pytest.mark.django_db
Manage = Callable[..., subprocess.CompletedProcess[str]]

GROUPS = {"reader": "reader of drafts", "importer": "importer", "editor": "editor"}
PEOPLE = ("nobody", "staff", *GROUPS, "boss")

NOBODY: set[str] = set()
BOSS = {"boss"}
EDITORS = {"editor", "boss"}
IMPORTERS = {"importer", "boss"}
DRAFTS = {"reader", "editor", "boss"}
READERS = {"reader", "importer", "editor", "boss"}
STAFF = {"staff", *READERS}
EVERYBODY = {"nobody", *STAFF}

# Who may view, add, change and delete with the addresses that every model has.
MODELS = {
    "articles_article": (READERS, EDITORS, EDITORS, EDITORS),
    "articles_auditentry": (BOSS, NOBODY, NOBODY, NOBODY),
    "articles_capture": (READERS, NOBODY, NOBODY, NOBODY),
    "articles_importproblem": (READERS, NOBODY, NOBODY, NOBODY),
    "articles_importrun": (READERS, IMPORTERS, NOBODY, NOBODY),
    "articles_job": (READERS, NOBODY, NOBODY, NOBODY),
    "articles_outlet": (READERS, EDITORS, EDITORS, BOSS),
    "articles_picture": (READERS, NOBODY, NOBODY, NOBODY),
    "articles_pendingchange": (BOSS, NOBODY, NOBODY, NOBODY),
    "auth_group": (BOSS, BOSS, BOSS, BOSS),
    "auth_user": (BOSS, BOSS, BOSS, BOSS),
    "search_word": (DRAFTS, EDITORS, NOBODY, EDITORS),
}
# Who may GET, who may POST.
OTHERS = {
    "app_list": (READERS, READERS),
    "articles_article_add_preview": (EDITORS, EDITORS),
    "articles_article_preview": (EDITORS, EDITORS),
    "articles_article_restore": (EDITORS, EDITORS),
    "articles_capture_compare": (READERS, READERS),
    "articles_capture_download": (READERS, READERS),
    "articles_capture_make_current": (EDITORS, EDITORS),
    "articles_importproblem_mend": (IMPORTERS, IMPORTERS),
    "articles_importrun_cancel": (IMPORTERS, IMPORTERS),
    "articles_importrun_change": (READERS, READERS),  # sending it something changes nothing
    "articles_importrun_continue": (IMPORTERS, IMPORTERS),
    "articles_importrun_for_real": (IMPORTERS, IMPORTERS),
    "articles_importrun_progress": (READERS, READERS),
    "articles_job_change": (READERS, READERS),  # sending it something changes nothing
    "articles_job_cancel": (EDITORS, EDITORS),
    "articles_job_continue": (EDITORS, EDITORS),
    "articles_job_download": (READERS, READERS),
    "articles_job_progress": (READERS, READERS),
    "autocomplete": (READERS, READERS),
    "auth_user_password_change": (BOSS, BOSS),
    "index": (STAFF, STAFF),
    "jsi18n": (STAFF, STAFF),
    "login": (EVERYBODY, EVERYBODY),
    "logout": (EVERYBODY, EVERYBODY),
    "password_change": (STAFF, STAFF),
    "password_change_done": (STAFF, STAFF),
    "view_on_site": (STAFF, STAFF),
}
# Who is offered an action of a list.
ACTIONS = {
    "articles_article": {
        "publish": EDITORS,
        "hide": EDITORS,
        "change_outlet": EDITORS,
        "clean_again": EDITORS,
        "index_again": EDITORS,
        "fetch_pictures": EDITORS,
        "export_jsonl": READERS,
        "export_archive": READERS,
        "delete_selected": EDITORS,
    },
    "articles_importproblem": {"retry_these": IMPORTERS, "download_csv": READERS},
    "articles_outlet": {"merge": EDITORS, "delete_selected": BOSS},
    "auth_group": {"delete_selected": BOSS},
    "auth_user": {"delete_selected": BOSS},
    "search_word": {"delete_selected": EDITORS},
}
# What some addresses want to know besides.
QUERIES = {
    "articles_capture_compare": "a={articles_capture}",
    "autocomplete": "app_label=articles&model_name=article&field_name=outlet",
}


def admin_addresses() -> Iterator[tuple[str, URLPattern]]:
    """Every named address of the admin; those without a name only redirect."""

    def walk(patterns: list[Any]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern

    [admin] = [
        pattern
        for pattern in get_resolver().url_patterns
        if isinstance(pattern, URLResolver) and str(pattern.pattern) == "admin/"
    ]
    for pattern in walk(admin.url_patterns):
        if pattern.name:
            yield pattern.name, pattern


ADDRESSES = dict(admin_addresses())


def who_may(name: str) -> tuple[set[str], set[str]]:
    """Return who may GET the address, and who may POST to it."""
    if name in OTHERS:
        return OTHERS[name]
    model, _underscore, action = name.rpartition("_")
    if model not in MODELS or action not in ("changelist", "history", "add", "change", "delete"):
        pytest.fail(f"Say in the tables of {__file__} who may use admin:{name}.")
    view, add, change, delete = MODELS[model]
    return {
        "changelist": (view, view),
        "history": (view, view),
        "add": (add, add),
        "change": (view, change),
        "delete": (delete, delete),
    }[action]


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    """A row of every model."""
    outlet = Outlet.objects.create(slug="paper", name="晨报")
    address = "https://paper.example/1"
    article = Article.objects.create(
        outlet=outlet, title="一则新闻", url=address, original_url=address, body="<p>正文。</p>"
    )
    run = ImportRun.objects.create(status="finished")
    capture = Capture.objects.create(
        article=article,
        sha256="0" * 64,
        content=Capture.compress(b"raw"),
        size=3,
        source_path="1.md",
        format="archive",
        run=run,
    )
    made = [
        article,
        outlet,
        run,
        capture,
        ImportProblem.objects.create(
            run=run, kind="no-title", path="2.md", message="…", capture=capture
        ),
        Job.objects.create(kind="hide", status="finished"),
        AuditEntry.objects.create(action="login", username="somebody"),
        PendingChange.objects.get(),
        Picture.objects.create(address="https://pictures.example/1.jpg"),
        User.objects.create_user("somebody"),
        Group.objects.create(name="others"),
        Word.objects.create(word="新屋岭", folded="新屋岭"),
    ]
    return {row._meta.label_lower.replace(".", "_"): row for row in made}


@pytest.fixture
def people(db: None) -> dict[str, Client]:
    """A client of everybody in ``PEOPLE``."""
    # The migrations again: a test that truncates tables may have run before.
    import_module("articles.migrations.0004_groups").add_groups(apps, connection.schema_editor())
    add_permissions = import_module("search.migrations.0001_words").add_permissions
    add_permissions(apps, connection.schema_editor())
    clients = {name: Client() for name in PEOPLE}
    for name in PEOPLE[1:]:
        user = User.objects.create_user(name, is_staff=True, is_superuser=name == "boss")
        if name in GROUPS:
            user.groups.add(Group.objects.get(name=GROUPS[name]))
        clients[name].force_login(user)
    return clients


def address_of(name: str, rows: dict[str, Any]) -> str:
    """Return the address ``name``, with the rows that it asks for."""
    pattern = ADDRESSES[name].pattern
    article = rows["articles_article"]
    values = {
        "app_label": "articles",
        "content_type_id": ContentType.objects.get_for_model(Article).pk,
        "version_id": article.history.first().history_id if article.history.exists() else 1,
    }
    model = "_".join(name.split("_")[:2])
    if name == "view_on_site":
        model = "articles_article"
    if model in rows:
        values |= dict.fromkeys(("object_id", "pk", "id"), rows[model].pk)
    address = reverse(
        f"admin:{name}", kwargs={key: values[key] for key in pattern.regex.groupindex}
    )
    query = QUERIES.get(name, "").format_map({key: row.pk for key, row in rows.items()})
    return f"{address}?{query}"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_everybody_may_what_the_tables_say(
    name: str, method: str, people: dict[str, Client], rows: dict[str, Any]
) -> None:
    allowed = who_may(name)[method == "post"]
    address = address_of(name, rows)
    seen = {}
    for person, client in people.items():
        point = transaction.savepoint()
        response = getattr(client, method)(address)
        transaction.savepoint_rollback(point)
        to_login = response.status_code == 302 and response["Location"].startswith("/admin/login/")
        assert response.status_code < 500, person
        refused = to_login or response.status_code == (404 if name == "app_list" else 403)
        fine = response.status_code == 405 or refused != (person in allowed)
        seen[person] = (response.status_code, fine)
    assert [person for person, (_status, fine) in seen.items() if not fine] == [], seen


@pytest.mark.parametrize("model", MODELS)
def test_everybody_is_offered_the_actions_that_the_table_says(
    model: str, people: dict[str, Client], rows: dict[str, Any]
) -> None:
    offered: dict[str, set[str]] = {}
    for person in MODELS[model][0]:
        page = people[person].get(reverse(f"admin:{model}_changelist")).content.decode()
        for select in re.findall(r'<select name="action".*?</select>', page, re.S):
            for action in re.findall(r'<option value="(\w+)"', select):
                offered.setdefault(action, set()).add(person)
    assert offered == ACTIONS.get(model, {})


@pytest.mark.parametrize("model", ACTIONS)
def test_nobody_does_what_the_page_does_not_offer(
    model: str, people: dict[str, Client], rows: dict[str, Any]
) -> None:
    manager = type(rows[model])._default_manager
    before = list(manager.values())
    for action, allowed in ACTIONS[model].items():
        for person in MODELS[model][0] - allowed:
            data = {"action": action, "_selected_action": [rows[model].pk], "post": "yes"}
            response = people[person].post(reverse(f"admin:{model}_changelist"), data)
            assert response.status_code in (200, 302, 403)
    assert list(manager.values()) == before
    assert Job.objects.count() == 1


def test_the_groups_come_with_the_database_and_are_made_once(manage: Manage) -> None:
    def groups() -> dict[str, set[str]]:
        dumped = json.loads(manage("dumpdata", "auth.group", "--natural-foreign").stdout)
        return {
            row["fields"]["name"]: {name for name, *_ in row["fields"]["permissions"]}
            for row in dumped
        }

    made = groups()
    assert set(made) == set(GROUPS.values())
    assert made["reader of drafts"] < made["editor"]
    assert "import_articles" in made["importer"] - made["editor"]
    for arguments in (("migrate", "articles", "0003"), ("migrate",)):
        assert manage(*arguments).returncode == 0
    assert groups() == made


def test_a_superuser_makes_people_and_sees_their_groups(people: dict[str, Client]) -> None:
    boss = people["boss"]
    page = boss.get("/admin/auth/user/add/").content.decode()
    groups = re.findall(r'name="groups" value="(\d+)"[^>]*>\s*(\w+)', page)
    assert [name for _pk, name in groups] == ["编辑", "导入员", "草稿读者"]
    editors = groups[0][0]
    assert re.search(r'name="is_staff"[^>]* checked', page)
    password = "a long enough word"
    data = {"username": "li", "password1": password, "password2": password, "is_staff": "on"}
    assert boss.post("/admin/auth/user/add/", {**data, "groups": [editors]}).status_code == 302
    page = boss.get("/admin/auth/user/?q=li").content.decode()
    assert '<td class="field-group_list">编辑</td>' in page
    assert people["nobody"].login(request=HttpRequest(), username="li", password=password)
    assert people["nobody"].get("/admin/articles/article/add/").status_code == 200


def test_what_a_group_permits_is_chosen_from_what_the_desk_asks_for(
    people: dict[str, Client],
) -> None:
    group = Group.objects.get(name="importer")
    address = f"/admin/auth/group/{group.pk}/change/"
    page = people["boss"].get(address, headers={"accept-language": "en"}).content.decode()
    chosen = re.findall(r'name="permissions" value="(\d+)"[^>]* checked', page)
    assert {int(pk) for pk in chosen} == set(group.permissions.values_list("pk", flat=True))
    assert "import run · import" in page
    assert "audit entry · view" in page
