"""What an import stores: captures, articles, problems; P1, P2, P3 and P5 of the plan."""

import hashlib
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from articles.models import Article, Capture, ImportProblem

SAMPLE = Path(__file__).parents[2] / "sample"
COUNTS = ("created", "updated", "unchanged", "skipped", "failed")

pytestmark = pytest.mark.django_db
WriteArticle = Callable[..., Path]


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


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the archive but the runs and their problems, which every import adds."""
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("articles_") and table not in (
                "articles_importrun",
                "articles_importproblem",
            ):
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                rows[table] = cursor.fetchall()
    assert rows["articles_article"]
    return rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tree" / "1.md"


# P1: nothing is lost.


def test_captures_hold_every_file_byte_for_byte() -> None:
    report = run_import(SAMPLE)
    captures = list(Capture.objects.all())
    files = [path.read_bytes() for path in (SAMPLE / "articles").rglob("*.md")]
    assert sorted(capture.raw for capture in captures) == sorted(files)
    for capture in captures:
        raw = (SAMPLE.parent / capture.source_path).read_bytes()
        assert zlib.decompress(capture.content) == raw
        assert capture.sha256 == hashlib.sha256(raw).hexdigest()
        assert capture.size == len(raw)
        assert capture.format == "archive"
        assert capture.run_id == report["run"]
        assert capture.article is not None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030", "big5"])
def test_a_capture_keeps_the_encoding_of_its_file(encoding: str, file: Path) -> None:
    source = (
        "<!--1600000000000-->\r\n[這是一個標題](https://x.example/1)\r\n------\r\n\r\n"
        "<p>這是新聞的內容，我們的國家有一個問題，他們在這裡說了不是的。</p>\r\n"
    )
    raw = source.encode(encoding)
    file.parent.mkdir()
    file.write_bytes(raw)
    assert counts(run_import(file)) == {"created": 1}
    article = Article.objects.get()
    assert article.title == "這是一個標題"
    assert "我們的國家" in article.text
    assert article.captures.get().raw == raw


def test_a_file_without_an_address_is_kept_although_it_makes_no_article(
    file: Path, write_article: WriteArticle
) -> None:
    write_article(file, url="", title="没有地址")
    report = run_import(file)
    assert counts(report) == {"failed": 1}
    capture = Capture.objects.get()
    assert capture.article is None
    assert capture.raw == file.read_bytes()
    assert ImportProblem.objects.get().capture == capture
    run_import(file)
    assert Capture.objects.get() == capture
    assert [problem.capture for problem in ImportProblem.objects.all()] == [capture, capture]


def test_a_corrected_file_becomes_an_article(file: Path, write_article: WriteArticle) -> None:
    write_article(file, title="")
    assert counts(run_import(file)) == {"failed": 1}
    write_article(file, title="现在有了")
    assert counts(run_import(file)) == {"created": 1}
    assert Article.objects.get().title == "现在有了"


def test_the_published_time_is_stored_in_utc_to_the_millisecond(
    file: Path, write_article: WriteArticle
) -> None:
    write_article(file, epoch=1_702_566_901_123)
    run_import(file)
    assert Article.objects.get().published_at == datetime(2023, 12, 14, 15, 15, 1, 123000, UTC)


def test_without_a_time_the_article_is_undated(file: Path, write_article: WriteArticle) -> None:
    write_article(file, epoch=None)
    assert counts(run_import(file)) == {"created": 1}
    assert Article.objects.get().published_at is None


def test_the_address_is_kept_as_written(file: Path, write_article: WriteArticle) -> None:
    written = "http://www.rfi.fr//cn/a_(2)?ref=rss#top"
    write_article(file, url=written)
    run_import(file)
    article = Article.objects.get()
    assert article.original_url == written
    assert article.url == "https://www.rfi.fr/cn/a_(2)"


# P2: the same again changes nothing.


def test_a_second_import_changes_no_row(tmp_path: Path, write_article: WriteArticle) -> None:
    tree = tmp_path / "tree"
    write_article(tree / "1.md", url="", title="没有地址")
    write_article(tree / "2.md", url="https://x.example/2", body="")
    (tree / "3.md").touch()
    first = run_import(SAMPLE, tree)
    before = dump()
    second = run_import(SAMPLE, tree)
    assert dump() == before
    assert counts(second) == {
        "unchanged": first["created"] + first["updated"],
        "skipped": first["skipped"],
        "failed": first["failed"],
    }
    assert first["failed"] == 2


def test_a_moved_file_is_unchanged(file: Path, tmp_path: Path, write_article: WriteArticle) -> None:
    write_article(file)
    run_import(file)
    before = dump()
    file.rename(tmp_path / "elsewhere.html")
    assert counts(run_import(tmp_path)) == {"unchanged": 1}
    assert dump() == before


def test_going_back_and_forth_between_two_versions_changes_nothing(
    file: Path, write_article: WriteArticle
) -> None:
    for body in ("<p>早先。</p>", "<p>后来。</p>"):
        write_article(file, body=body)
        run_import(file)
    before = dump()
    write_article(file, body="<p>早先。</p>")
    assert counts(run_import(file)) == {"unchanged": 1}
    assert dump() == before


# The same address is the same article.


def test_other_bytes_are_a_second_capture_and_the_newer_text(
    file: Path, write_article: WriteArticle, client: Client
) -> None:
    write_article(file, title="旧题", body="<p>旧文。</p>")
    assert counts(run_import(file)) == {"created": 1}
    article = Article.objects.get()
    write_article(file, title="新题", body="<p>新文。</p>", epoch=1_600_000_100_000)
    assert counts(run_import(file)) == {"updated": 1}
    newer = Article.objects.get()
    assert newer.pk == article.pk
    assert (newer.title, newer.text, newer.lead, newer.body) == (
        "新题",
        "新文。",
        "新文。",
        "<p>新文。</p>",
    )
    assert newer.published_at == datetime(2020, 9, 13, 12, 28, 20, tzinfo=UTC)
    assert newer.captures.count() == 2
    assert newer.current_capture == newer.captures.last()
    assert newer.current_capture is not None
    assert newer.current_capture.raw == file.read_bytes()
    assert not newer.has_newer_capture
    link = newer.get_absolute_url()
    assert link in client.get("/search/", {"q": "新文"}).content.decode()
    assert link not in client.get("/search/", {"q": "旧文"}).content.decode()


def test_what_a_newer_capture_lacks_stays(file: Path, write_article: WriteArticle) -> None:
    write_article(file)
    run_import(file)
    published_at = Article.objects.get().published_at
    assert published_at is not None
    write_article(file, epoch=None, body="<p>改过。</p>")
    run_import(file)
    assert Article.objects.get().published_at == published_at
    assert Article.objects.get().text == "改过。"


VARIANTS = [
    "https://www.rfi.fr/cn/%E6%96%87/1",
    "http://www.rfi.fr/cn/%E6%96%87/1",
    "https://www.rfi.fr//cn/%E6%96%87/1",
    "https://www.rfi.fr/cn/%e6%96%87/1",
    "https://www.rfi.fr/cn/文/1",
    "https://www.rfi.fr/cn/%E6%96%87/1?ref=rss",
    "https://WWW.RFI.FR:443/cn/%E6%96%87/1?utm_source=rss#top",
]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_the_ways_to_write_an_address_are_one_article(
    one_by_one: bool, tmp_path: Path, write_article: WriteArticle
) -> None:
    tree = tmp_path / "tree"
    totals = dict.fromkeys(COUNTS, 0)
    for number, url in enumerate(VARIANTS):
        write_article(tree / f"{number}.md", url=url, body=f"<p>第{number}次。</p>")
        if one_by_one or url == VARIANTS[-1]:
            report = run_import(tree)
            for name in ("created", "updated"):
                totals[name] += report[name]
    assert totals["created"] == 1
    assert totals["updated"] == len(VARIANTS) - 1
    article = Article.objects.get()
    assert article.captures.count() == len(VARIANTS)
    assert article.text == f"第{len(VARIANTS) - 1}次。"
    assert article.original_url == VARIANTS[-1]


@pytest.mark.parametrize("at_once", [False, True])
def test_an_empty_second_capture_does_not_wipe_the_text(
    at_once: bool, tmp_path: Path, write_article: WriteArticle
) -> None:
    tree = tmp_path / "tree"
    first = write_article(tree / "1.md", title="有文", body="<p>在这里。</p>")
    if not at_once:
        run_import(tree)
    write_article(tree / "2.md", title="没了", body="<div> </div>")
    report = run_import(tree)
    assert report["updated"] == 1
    assert [problem["kind"] for problem in report["problems"]] == ["empty-body"]
    article = Article.objects.get()
    assert (article.title, article.text) == ("有文", "在这里。")
    assert article.captures.count() == 2
    assert article.current_capture is not None
    assert article.current_capture.raw == first.read_bytes()
    assert article.has_newer_capture


def test_a_full_capture_after_an_empty_one_leaves_no_newer_capture(
    file: Path, write_article: WriteArticle
) -> None:
    for body in ("<p>一。</p>", "", "<p>三。</p>"):
        write_article(file, body=body)
        run_import(file)
    article = Article.objects.get()
    assert article.text == "三。"
    assert article.current_capture == article.captures.last()
    assert not article.has_newer_capture


def test_text_after_an_empty_first_capture_is_taken(
    file: Path, write_article: WriteArticle
) -> None:
    for body in ("", "<p>终于有了。</p>"):
        write_article(file, body=body)
        run_import(file)
    assert Article.objects.get().text == "终于有了。"
    assert not Article.objects.get().has_newer_capture


def test_two_files_with_the_same_bytes_are_one_capture(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    for name in ("rfi/1.md", "法广/1_x.md", "z.md"):
        write_article(tmp_path / name, url="https://www.rfi.fr/1")
    assert counts(run_import(tmp_path)) == {"created": 1, "unchanged": 2}
    assert Capture.objects.count() == 1


# P3: an editor's change is never overwritten.


def test_an_edited_article_keeps_its_edit_and_gets_the_capture(
    file: Path, write_article: WriteArticle, admin_client: Client
) -> None:
    write_article(file, title="原题", body="<p>原文。</p>")
    run_import(file)
    article = Article.objects.get()
    address = f"/admin/articles/article/{article.pk}/change/"
    form = admin_client.get(address).context["adminform"].form
    data = {name: form[name].value() for name in ("title", "byline", "original_url", "body")}
    published = form["published_at"].value()
    data |= {
        "outlet": article.outlet_id,
        "published_at_0": published.strftime("%Y-%m-%d"),
        "published_at_1": published.strftime("%H:%M:%S"),
        "title": "编者改过的题",
        "captures-TOTAL_FORMS": "0",
        "captures-INITIAL_FORMS": "0",
    }
    assert admin_client.post(address, data).status_code == 302
    edited = Article.objects.get()
    assert edited.title == "编者改过的题"
    assert not edited.has_newer_capture

    assert counts(run_import(file)) == {"unchanged": 1}
    assert not Article.objects.get().has_newer_capture
    write_article(file, title="又一题", body="<p>又一文。</p>", epoch=1_700_000_000_000)
    assert counts(run_import(file)) == {"updated": 1}
    after = Article.objects.get()
    assert after.has_newer_capture
    for name in ("title", "body", "text", "lead", "published_at", "original_url", "edited_at"):
        assert getattr(after, name) == getattr(edited, name), name
    assert after.current_capture_id == edited.current_capture_id
    assert after.captures.count() == 2
    assert after.captures.order_by("id")[1].raw == file.read_bytes()


# P5: one bad file never stops a run.

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
HEADER = "<!--1600000000000-->\n[{title}]({url})\n------\n\n<p>文。</p>"
BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty.md": (b"", "empty-file"),
    "blank.md": (b" \n\t\n", "empty-file"),
    "png.md": (PNG, "binary-file"),
    "png.html": (PNG, "binary-file"),
    "wrong-encoding.md": (
        b"<!--1600000000000-->\n[t](https://x.example/enc)\n------\n\n"
        b"<p>\xff\xff\xfe\x81 caf\xe9 \x80</p>",
        "unknown-encoding",
    ),
    "cut-short.md": (
        HEADER.format(title="题", url="https://x.example/cut").encode()[:40],
        "no-address",
    ),
    "no-title.md": (HEADER.format(title="", url="https://x.example/no-title").encode(), "no-title"),
    "no-address.md": (HEADER.format(title="题", url="").encode(), "no-address"),
    "javascript.md": (HEADER.format(title="题", url="javascript:alert(1)").encode(), "bad-address"),
    "ftp.md": (HEADER.format(title="题", url="ftp://x.example/1").encode(), "bad-address"),
    "no-host.md": (HEADER.format(title="题", url="https:///1").encode(), "bad-address"),
    "letter.txt": ("只是一封信，不是文章。\n第二行。\n第三行。".encode(), "unknown-format"),
    "too-large.md": (b"", "too-large"),
    "link.md": (b"", "unreadable"),
    "broken.zip": (b"PK\x03\x04garbage" * 9, "bad-archive"),
}


def test_bad_files_are_problems_and_the_others_are_imported(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    tree = tmp_path / "tree"
    for name, (content, _kind) in BAD_FILES.items():
        path = tree / name
        path.parent.mkdir(exist_ok=True)
        if name == "too-large.md":
            with path.open("wb") as file:
                file.truncate(50_000_001)
        elif name == "link.md":
            path.symlink_to(tmp_path / "nowhere")
        else:
            path.write_bytes(content)
        # A good one before each bad one and after the last.
        write_article(tree / f"{path.stem}{path.suffix}.good.md", url=f"https://x.example/{name}")
    write_article(tree / "zzz.md", url="https://x.example/last")
    report = run_import(tree)
    assert counts(report) == {"created": len(BAD_FILES) + 1, "failed": len(BAD_FILES)}
    found = {problem["path"]: problem for problem in report["problems"]}
    assert {path: problem["kind"] for path, problem in found.items()} == {
        f"tree/{name}": kind for name, (_content, kind) in BAD_FILES.items()
    }
    for problem in found.values():
        # A sentence for people, no error of Python.
        assert problem["message"].endswith(".")
        assert "Error" not in problem["message"]
        assert "Traceback" not in problem["message"]
    for row in ImportProblem.objects.all():
        assert row.run_id == report["run"]
        assert (row.kind, row.message) == (found[row.path]["kind"], found[row.path]["message"])
    excerpts = dict(ImportProblem.objects.values_list("path", "excerpt"))
    assert excerpts["tree/letter.txt"].startswith("只是一封信")
    assert "PNG" in excerpts["tree/png.md"]
    kept = Capture.objects.filter(article=None).values_list("source_path", flat=True)
    assert {Path(path).name for path in kept} == {
        name
        for name, (_c, kind) in BAD_FILES.items()
        if kind in ("no-title", "no-address", "bad-address")
    }
    # Only those again: the good ones are known.
    again = run_import(tree)
    assert counts(again) == {"unchanged": len(BAD_FILES) + 1, "failed": len(BAD_FILES)}


def test_a_line_of_ten_megabytes_is_kept_as_text(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    tree = tmp_path / "tree"
    long = write_article(
        tree / "long.md", url="https://x.example/long", body="<p>" + "长" * 3_500_000 + "</p>"
    )
    assert long.stat().st_size > 10_000_000
    write_article(tree / "short.md", url="https://x.example/short")
    report = run_import(tree)
    assert counts(report) == {"created": 2}
    [problem] = report["problems"]
    assert (problem["path"], problem["kind"]) == ("tree/long.md", "text-only")
    article = Article.objects.get(original_url="https://x.example/long")
    assert article.text.count("长") == 3_500_000
    assert article.captures.get().raw == long.read_bytes()


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 100_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">文</p>",
        "<b><i><u><s>" * 20_000 + "文",
        "&amp;" * 100_000,
        "<table>" * 5_000 + "文",
        "<!--" * 100_000,
    ],
    ids=["divs", "attributes", "formatting", "references", "tables", "comments"],
)
def test_hostile_markup_harms_only_its_own_article(
    body: str, tmp_path: Path, write_article: WriteArticle
) -> None:
    tree = tmp_path / "tree"
    write_article(tree / "hostile.md", url="https://x.example/hostile", body=body)
    write_article(tree / "good.md", url="https://x.example/good", title="好文")
    report = run_import(tree)
    assert report["created"] >= 1
    assert {problem["path"] for problem in report["problems"]} <= {"tree/hostile.md"}
    assert {problem["kind"] for problem in report["problems"]} <= {"text-only", "empty-body"}
    assert Article.objects.get(original_url="https://x.example/good").title == "好文"


def test_an_article_without_text_is_imported_with_a_warning(
    file: Path, write_article: WriteArticle, client: Client
) -> None:
    write_article(file, title="只有标题", body="")
    report = run_import(file)
    assert counts(report) == {"created": 1}
    assert [problem["kind"] for problem in report["problems"]] == ["empty-body"]
    article = Article.objects.get()
    assert client.get(article.get_absolute_url()).status_code == 200
    assert article.get_absolute_url() in client.get("/search/", {"q": "只有"}).content.decode()


def test_names_that_are_no_text_are_stored_readably(
    tmp_path: Path, write_article: WriteArticle
) -> None:
    plain = write_article(tmp_path / "plain.md")
    tree = tmp_path / "tree"
    tree.mkdir()
    (Path(str(tree)) / b"\xd0\xc2\xce\xc5.md".decode("utf-8", "surrogateescape")).write_bytes(
        plain.read_bytes()
    )
    assert counts(run_import(tree)) == {"created": 1}
    assert Capture.objects.get().source_path == "tree/新闻.md"
