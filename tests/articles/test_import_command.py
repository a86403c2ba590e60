"""The command ``import_articles`` as people and programs meet it: arguments, counts, exit codes."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from articles.models import Article, Capture, ImportProblem, ImportRun, Outlet, PendingChange

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample"
SEED = ROOT.parent / "shared" / "seeds" / "000_463d53a6658c2af1.txt"
COUNTS = ("created", "updated", "unchanged", "skipped", "failed")

WriteArticle = Callable[..., Path]
Manage = Callable[..., subprocess.CompletedProcess[str]]


def run_import(*arguments: str | Path) -> dict[str, Any]:
    """Import with one worker and return what ``--json`` tells."""
    out = StringIO()
    call_command(
        "import_articles", *map(str, arguments), "--json", "--jobs=1", stdout=out, stderr=StringIO()
    )
    return json.loads(out.getvalue())


def counts(report: dict[str, Any]) -> dict[str, int]:
    """The counts of ``report`` that are not zero."""
    return {name: report[name] for name in COUNTS if report[name]}


def dump(*, without: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the archive's tables."""
    tables = [
        table
        for table in connection.introspection.table_names()
        if table.startswith("articles_") and table not in without
    ]
    assert "articles_article" in tables
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            rows[table] = cursor.fetchall()
    return rows


@pytest.fixture
def tree(tmp_path: Path, write_article: WriteArticle) -> Path:
    """Three articles in both layouts, a list and a read-me."""
    root = tmp_path / "archive"
    write_article(
        root / "articles" / "法广" / "1048575_标题.md", url="https://www.rfi.fr/cn/1", title="甲"
    )
    write_article(root / "articles" / "dw" / "1048575.md", url="https://www.dw.com/a-2", title="乙")
    write_article(
        root / "articles" / "somewhere" / "1048575.md",
        url="https://news.island.example/3",
        title="丙",
    )
    (root / "lists").mkdir()
    (root / "lists" / "dw.md").write_text("# 德国之声\n\n9-1 [乙](/articles/dw/1048575.md)\n")
    (root / "README.md").write_text("# 新闻\n\n- [德国之声](/lists/dw.md)\n")
    return root


@pytest.mark.django_db
def test_the_bundled_sample_is_imported_and_every_article_opens(client: Any) -> None:
    files = [path for path in (SAMPLE / "articles").rglob("*") if path.is_file()]
    others = [path for path in SAMPLE.rglob("*.md") if path not in files]
    report = run_import(SAMPLE)
    assert report["failed"] == 0, report["problems"]
    assert report["created"] + report["updated"] == len(files)
    assert report["skipped"] == len(others)
    assert Article.objects.count() == report["created"]
    assert Capture.objects.count() == len(files)
    for article in Article.objects.all():
        assert article.text
        assert client.get(article.get_absolute_url()).status_code == 200


@pytest.mark.django_db
def test_the_article_that_the_sample_holds_twice_has_two_captures() -> None:
    report = run_import(SAMPLE)
    assert report["updated"] == 1
    [article] = [a for a in Article.objects.all() if a.captures.count() > 1]
    older, newer = article.captures.order_by("id")
    assert older.sha256 != newer.sha256
    assert article.current_capture == newer
    assert {older.raw, newer.raw} == {
        path.read_bytes()
        for path in SAMPLE.rglob("*.md")
        if path.name in (Path(older.source_path).name, Path(newer.source_path).name)
        and path.parent.name == Path(older.source_path).parent.name
    }


@pytest.mark.django_db
def test_both_layouts_are_filed_under_their_outlets(tree: Path) -> None:
    report = run_import(tree)
    assert counts(report) == {"created": 3, "skipped": 2}
    outlets = dict(Article.objects.values_list("title", "outlet__slug"))
    assert (outlets["甲"], outlets["乙"]) == ("rfi", "dw")
    assert set(Capture.objects.values_list("source_path", flat=True)) == {
        "archive/articles/法广/1048575_标题.md",
        "archive/articles/dw/1048575.md",
        "archive/articles/somewhere/1048575.md",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("folder", "slug"),
    [
        ("reuters", "reuters"),
        ("路透", "reuters"),
        ("nyt", "nyt"),
        ("纽约时报", "nyt"),
        ("voa", "voa"),
        ("美国之音", "voa"),
        ("ft", "ft"),
        ("金融时报", "ft"),
        ("bbc", "bbc"),
        ("BBC", "bbc"),
        ("rfi", "rfi"),
        ("法广", "rfi"),
        ("dw", "dw"),
        ("德国之声", "dw"),
        ("rfa", "rfa"),
        ("自由亚洲电台", "rfa"),
        ("cdt", "cdt"),
        ("中国数字时代", "cdt"),
    ],
)
def test_the_folders_of_the_crawler_are_known(
    folder: str, slug: str, tmp_path: Path, write_article: WriteArticle
) -> None:
    write_article(tmp_path / folder / "1.md", url="https://unheard-of.example/1")
    run_import(tmp_path)
    assert Article.objects.get().outlet.slug == slug


@pytest.mark.django_db
def test_the_host_tells_the_outlet_where_the_folder_does_not(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    write_article(tmp_path / "misc" / "1.md", url="http://cn.rfi.fr/a/1")
    write_article(tmp_path / "misc" / "2.md", url="https://www.bbc.co.uk/zhongwen/2")
    # Neither a host that only ends alike nor one that only begins alike.
    write_article(tmp_path / "misc" / "3.md", url="https://notrfi.fr/3")
    write_article(tmp_path / "misc" / "4.md", url="https://rfi.fr.example/4")
    run_import(tmp_path)
    found = dict(Article.objects.values_list("original_url", "outlet__slug"))
    assert found["http://cn.rfi.fr/a/1"] == "rfi"
    assert found["https://www.bbc.co.uk/zhongwen/2"] == "bbc"
    assert found["https://notrfi.fr/3"] not in ("rfi", "bbc")
    assert found["https://rfi.fr.example/4"] not in ("rfi", "bbc")


@pytest.mark.django_db
def test_an_unknown_host_becomes_an_outlet_once(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    known = set(Outlet.objects.values_list("slug", flat=True))
    for number, host in enumerate(
        ["www.island.example", "island.example", "news.island.example", "other.example"]
    ):
        write_article(tmp_path / f"{number}.md", url=f"https://{host}/{number}")
    run_import(tmp_path)
    new = Outlet.objects.exclude(slug__in=known)
    assert sorted(new.values_list("name", flat=True)) == ["island.example", "other.example"]
    assert new.get(name="island.example").articles.count() == 3
    write_article(tmp_path / "later.md", url="https://island.example/later")
    run_import(tmp_path)
    assert new.get(name="island.example").articles.count() == 4


@pytest.mark.django_db
def test_hosts_that_differ_become_different_outlets(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    write_article(tmp_path / "1.md", url="https://a-b.example/1")
    write_article(tmp_path / "2.md", url="https://a.b.example/2")
    run_import(tmp_path)
    assert len(set(Article.objects.values_list("outlet", flat=True))) == 2


@pytest.mark.django_db
def test_outlet_overrides_folder_and_host(tree: Path) -> None:
    run_import(tree, "--outlet", "bbc")
    assert set(Article.objects.values_list("outlet__slug", flat=True)) == {"bbc"}
    assert Outlet.objects.filter(name__contains="island").count() == 0


@pytest.mark.django_db
def test_outlet_makes_a_new_outlet(tree: Path) -> None:
    run_import(tree, "--outlet", "my-clippings")
    assert set(Article.objects.values_list("outlet__slug", flat=True)) == {"my-clippings"}


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["Not A Slug", "法广", "", "../x"])
def test_what_is_no_slug_is_refused(slug: str, tree: Path) -> None:
    with pytest.raises(CommandError) as error:
        run_import(tree, "--outlet", slug)
    assert error.value.returncode == 2
    assert not Article.objects.exists()


@pytest.mark.django_db
def test_a_dry_run_reports_the_same_and_stores_nothing(
    tree: Path, tmp_path: Path, write_article: WriteArticle
) -> None:
    write_article(tree / "articles" / "dw" / "1048574.md", url="http://www.dw.com/a-2?ref=rss")
    (tree / "articles" / "dw" / "1048573.md").write_bytes(b"")
    write_article(tree / "articles" / "dw" / "1048572.md", url="https://dw.com/4", body="")
    shutil.copy(tree / "articles" / "dw" / "1048575.md", tree / "again.md")
    before = dump()
    dry = run_import(tree, "--dry-run")
    assert dump() == before
    assert dry["run"] is None
    wet = run_import(tree)
    assert wet["run"] == ImportRun.objects.get().pk
    ignored = {"seconds": 0, "run": 0}
    assert dry | ignored == wet | ignored
    assert counts(wet) == {"created": 4, "updated": 1, "unchanged": 1, "skipped": 2, "failed": 1}
    after = dump()
    again = run_import(tree, "--dry-run", "--outlet", "never-heard-of")
    assert counts(again) == {"unchanged": 6, "skipped": 2, "failed": 1}
    assert dump() == after


@pytest.mark.django_db
def test_a_dry_run_over_several_batches_counts_as_the_import_does(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    for number in range(450):
        # Every address comes twice, with other bytes, often in another batch.
        write_article(
            tmp_path / f"{number:04}.md",
            url=f"https://x.example/{number % 225}",
            title=f"第{number}",
        )
    dry = run_import(tmp_path, "--dry-run")
    wet = run_import(tmp_path)
    assert counts(dry) == counts(wet) == {"created": 225, "updated": 225}


@pytest.mark.django_db
def test_the_shape_of_the_json(tree: Path) -> None:
    (tree / "articles" / "empty.md").touch()
    report = run_import(tree)
    assert set(report) == {*COUNTS, "problems", "seconds", "run"}
    assert all(type(report[name]) is int for name in (*COUNTS, "run"))
    assert isinstance(report["seconds"], float)
    [problem] = report["problems"]
    assert set(problem) == {"path", "kind", "message"}
    assert problem["path"] == "archive/articles/empty.md"
    assert problem["kind"] == "empty-file"
    stored = ImportProblem.objects.get()
    assert (stored.path, stored.kind, stored.message) == tuple(problem.values())
    run = ImportRun.objects.get(pk=report["run"])
    assert run.status == ImportRun.Status.FINISHED
    assert run.finished_at is not None
    assert run.finished_at >= run.started_at
    assert run.sources == [str(tree)]
    assert {name: getattr(run, name) for name in COUNTS} == {name: report[name] for name in COUNTS}


@pytest.mark.django_db
def test_more_workers_give_the_same_archive(tmp_path: Path, write_article: WriteArticle) -> None:
    for number in range(30):
        write_article(
            tmp_path / f"{number:02}.md",
            url=f"https://x.example/{number % 25}",
            title=f"第{number}",
        )
    call_command("import_articles", str(tmp_path), "--jobs=3", stdout=StringIO())
    three = [
        (a.url, a.title, [c.sha256 for c in a.captures.order_by("id")])
        for a in Article.objects.order_by("id")
    ]
    Article.objects.all().delete()
    call_command("import_articles", str(tmp_path), "--jobs=1", stdout=StringIO())
    one = [
        (a.url, a.title, [c.sha256 for c in a.captures.order_by("id")])
        for a in Article.objects.order_by("id")
    ]
    assert len(one) == 25
    assert one == three


@pytest.mark.django_db
@pytest.mark.parametrize("jobs", ["0", "-1"])
def test_no_workers_are_refused(jobs: str, tree: Path) -> None:
    with pytest.raises(CommandError) as error:
        call_command("import_articles", str(tree), f"--jobs={jobs}")
    assert error.value.returncode == 2
    assert not ImportRun.objects.exists()


@pytest.mark.django_db
def test_imported_articles_are_found_at_once(tree: Path, client: Any) -> None:
    run_import(tree)
    assert not PendingChange.objects.exists()
    page = client.get("/search/", {"q": "乙"})
    article = Article.objects.get(title="乙")
    assert article.get_absolute_url() in page.content.decode()
    page = client.get("/search/", {"q": "丁"})
    assert article.get_absolute_url() not in page.content.decode()


@pytest.mark.django_db
def test_one_file_several_paths_and_a_file_twice(tree: Path, write_article: WriteArticle) -> None:
    one = tree / "articles" / "dw" / "1048575.md"
    report = run_import(one, tree / "articles" / "法广", one)
    assert counts(report) == {"created": 2, "unchanged": 1}
    assert ImportRun.objects.get().sources == [
        str(one),
        str(tree / "articles" / "法广"),
        str(one),
    ]


@pytest.mark.django_db
def test_a_zip_is_imported_like_its_folder(tree: Path, tmp_path: Path) -> None:
    packed = tmp_path / "archive.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*.md")):
            archive.write(path, path.relative_to(tree))
    report = run_import(packed)
    assert counts(report) == {"created": 3, "skipped": 2}
    assert dict(Article.objects.values_list("title", "outlet__slug"))["甲"] == "rfi"
    assert "archive.zip!articles/法广/1048575_标题.md" in Capture.objects.values_list(
        "source_path", flat=True
    )
    assert counts(run_import(tree)) == {"unchanged": 3, "skipped": 2}


@pytest.mark.django_db
def test_a_broken_zip_among_good_files_is_one_problem(tree: Path) -> None:
    (tree / "articles" / "broken.zip").write_bytes(b"PK\x03\x04" + b"nonsense" * 20)
    report = run_import(tree)
    assert counts(report) == {"created": 3, "skipped": 2, "failed": 1}
    assert report["problems"][0]["kind"] == "bad-archive"


@pytest.mark.django_db
def test_the_seed_is_imported_as_it_was_written() -> None:
    if not SEED.exists():
        pytest.skip("the shared data folder is not there")
    report = run_import(SEED)
    assert counts(report) == {"created": 1}
    article = Article.objects.get()
    assert article.outlet.slug == "rfi"
    assert article.title == "美国防部中国事务高官在拜习会前曾会见中国驻美武官"
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2023-12-14T15:15:01+00:00"
    assert article.captures.get().raw == SEED.read_bytes()
    assert "分享" not in article.text
    assert "WhatsApp" not in article.text


# What follows runs the command as a process of its own.


def test_a_folder_that_has_the_name_of_a_package(
    data_folder: Path, tmp_path: Path, write_article: Callable[..., Path]
) -> None:
    write_article(tmp_path / "articles" / "1.md")
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong module')")
    process = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "import_articles", "articles", "--jobs=1"],
        cwd=tmp_path,
        env={**os.environ, "NEWSARCHIVE_DATA": str(data_folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("created 1,")


def test_the_last_line_and_the_exit_code(manage: Manage, tree: Path) -> None:
    (tree / "articles" / "bad.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    done = manage("import_articles", tree)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "created 3, updated 0, unchanged 0, skipped 2, failed 1\n"
    assert "archive/articles/bad.md: " in done.stderr
    assert "[binary-file]" in done.stderr
    again = manage("import_articles", tree, "--json")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("\n") == 1
    report = json.loads(again.stdout)
    assert set(report) == {*COUNTS, "seconds", "run", "problems"}
    assert counts(report) == {"unchanged": 3, "skipped": 2, "failed": 1}
    assert report["run"] == 2


def test_an_empty_folder_is_no_error_but_is_said(manage: Manage, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = manage("import_articles", tmp_path)
    assert done.returncode == 0
    assert done.stdout == "created 0, updated 0, unchanged 0, skipped 0, failed 0\n"
    assert "Nothing to import was found" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_path_is_exit_code_2_and_imports_nothing(manage: Manage, tree: Path) -> None:
    missing = tree / "no such folder"
    done = manage("import_articles", tree, missing)
    assert done.returncode == 2
    assert str(missing) in done.stderr
    assert "Traceback" not in done.stderr
    again = manage("import_articles", tree, "--json")
    assert json.loads(again.stdout)["created"] == 3
    assert json.loads(again.stdout)["run"] == 1


@pytest.mark.parametrize("arguments", [[], ["--jobs=many"], ["--nonsense"]])
def test_a_wrong_command_line_is_exit_code_2(
    arguments: list[str], manage: Manage, tree: Path
) -> None:
    paths = [tree] if arguments else []
    done = manage("import_articles", *paths, *arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


def without_privileges(*arguments: str | Path, data: Path) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py`` so that file permissions bind, also for root."""
    drop = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("permissions do not bind root, and setpriv is not there")
        drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    return subprocess.run(
        [*drop, sys.executable, "manage.py", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_path_that_may_not_be_read_is_exit_code_2(tree: Path, data_folder: Path) -> None:
    locked = tree / "articles"
    locked.chmod(0)
    try:
        done = without_privileges("import_articles", locked, data=data_folder)
    finally:
        locked.chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert str(locked) in done.stderr
    assert "Traceback" not in done.stderr


def test_what_may_not_be_read_inside_is_a_problem(tree: Path, data_folder: Path) -> None:
    file, folder = tree / "articles" / "dw" / "1048575.md", tree / "articles" / "法广"
    file.chmod(0)
    folder.chmod(0)
    try:
        done = without_privileges("import_articles", tree, "--json", data=data_folder)
    finally:
        file.chmod(0o644)
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert counts(report) == {"created": 1, "skipped": 2, "failed": 2}
    assert {problem["path"] for problem in report["problems"]} == {
        "archive/articles/dw/1048575.md",
        "archive/articles/法广",
    }
    for problem in report["problems"]:
        assert problem["kind"] == "unreadable"
        assert re.search("Permission denied", problem["message"])


def test_a_pipe_given_as_a_path_does_not_hang(data_folder: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_articles", str(pipe), "--json"],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(data_folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        pytest.fail("the command waits for somebody to write into the pipe")
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 2 or json.loads(out)["failed"] == 1, err
    assert "Traceback" not in err


def test_without_migrations_it_says_so(tmp_path: Path, tree: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "import_articles", str(tree)],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(tmp_path / "new")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("path", ["", "/dev/null"])
def test_what_is_no_file_is_exit_code_2(manage: Manage, path: str) -> None:
    done = manage("import_articles", path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "a PATH is empty" in done.stderr or "not a file" in done.stderr


def test_importing_into_nothing_says_what_to_run(tree: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "import_articles", str(tree)],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(tmp_path / "new")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(tmp_path / "file" / "data")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "NEWSARCHIVE_DATA" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrations_are_complete(manage: Manage) -> None:
    assert manage("makemigrations", "--check", "--dry-run").returncode == 0
