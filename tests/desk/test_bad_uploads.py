"""Each bad file of the safety page, uploaded: it alone is a problem, and the page says which."""

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from articles.admin import EXPLANATIONS
from articles.models import Article, ImportProblem
from articles.problems import ProblemKind
from tests.desk.test_importing import article, upload, zipped

pytestmark = pytest.mark.django_db(transaction=True)


PNG = b"\x89PNG\r\n\x1a\n"


def told(text: str) -> str:
    return article(title=text, body=f"<p>{text * 30}</p>").decode()


def bomb() -> bytes:
    return zipped({"bomb.md": b"0" * 30_000_000})


def overlapping() -> bytes:
    """Two entries of the directory that name the same bytes."""
    whole = zipped({"a.md": article(7)})
    end = whole.rindex(b"PK\x05\x06")
    start = whole.index(b"PK\x01\x02")
    entry = whole[start:end]
    directory = entry + entry.replace(b"a.md", b"b.md")
    return (
        whole[:start]
        + directory
        + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), start, 0)
    )


def encrypted() -> bytes:
    whole = bytearray(zipped({"a.md": article(7)}))
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    return bytes(whole)


def symlink() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo("a.md")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return file.getvalue()


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a zip bomb": ("bomb.zip", bomb, "bad-archive"),
    "overlapping entries": ("overlap.zip", overlapping, "bad-archive"),
    "an encrypted entry": ("secret.zip", encrypted, "bad-archive"),
    "a symbolic link": ("link.zip", symlink, "bad-archive"),
    "a zip in a zip": ("outer.zip", lambda: zipped({"inner.zip": zipped({})}), "bad-archive"),
    "a zip cut short": ("cut.zip", lambda: zipped({"a.md": article()})[:-30], "bad-archive"),
    "a picture called .html": ("page.html", lambda: PNG + b"\0" * 50, "binary-file"),
    "an empty file": ("empty.md", lambda: b" \n", "empty-file"),
    "NUL bytes": ("nul.md", lambda: bytes(range(256)) * 9, "binary-file"),
    "no known encoding": ("odd.md", lambda: b"[t](u)\n---\n\xff\xfe\xfa" * 9, "unknown-encoding"),
    "no article at all": ("notes.txt", lambda: "只是一些笔记".encode(), "unknown-format"),
    "no title": ("untitled.md", lambda: b"[](https://a.example/1)\n------\n\n<p>x</p>", "no-title"),
    "no address": ("nowhere.md", lambda: "[标题]()\n------\n\n<p>正文</p>".encode(), "no-address"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_problem_of_its_own(desk: Client, name: str) -> None:
    label, make, kind = BAD[name]
    run = upload(desk, (label, make()), ("good.md", article(1)))
    assert (run.status, run.created, Article.objects.count()) == ("finished", 1, 1)
    problem = run.problems.get()
    assert (problem.kind, problem.path.split("!")[0]) == (kind, label)
    page = desk.get(f"/admin/articles/importproblem/?run__id__exact={run.pk}").content.decode()
    assert label in page
    assert str(EXPLANATIONS[ProblemKind(kind)])[:8] in page
    assert problem.message[:20] in page.replace("&quot;", '"').replace("&#x27;", "'")


GOOD: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "names that lead elsewhere": (
        "names.zip",
        lambda: zipped(
            {"../x.md": article(1), "/abs.md": article(2), "C:\\y.md": article(3)}
        ),
        3,
    ),
    "UTF-16 with a mark": ("u.md", lambda: told("新闻的正文。").encode("utf-16"), 1),
    "UTF-16 without": ("u.md", lambda: told("新闻的正文。").encode("utf-16-le"), 1),
    "GB18030": ("g.md", lambda: told("新闻的正文，𠮷。").encode("gb18030"), 1),
    "Big5-HKSCS": ("b.md", lambda: told("香港今日的新聞，他們嘅意見。").encode("big5hkscs"), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_an_odd_file_is_an_article(desk: Client, name: str) -> None:
    label, make, number = GOOD[name]
    run = upload(desk, (label, make()))
    assert (run.created, list(run.problems.values_list("kind", "message"))) == (number, [])


def test_every_kind_of_problem_is_explained() -> None:
    assert set(EXPLANATIONS) == set(ProblemKind)


def test_old_windows_zips_keep_their_names(desk: Client) -> None:
    whole = zipped({"????.md": b""}).replace(b"????", "新闻".encode("gb18030"))
    run = upload(desk, ("gbk.zip", whole))
    assert run.problems.get().path == "gbk.zip!新闻.md"


def test_what_was_imported_is_handed_out_and_never_shown(
    desk: Client, person: Callable[..., User]
) -> None:
    upload(desk, ("evil.html", b"<html><title>x</title><script>alert(1)</script><p>" + b"y" * 400))
    problem = ImportProblem.objects.first()
    capture = problem.capture if problem else Article.objects.get().current_capture
    assert capture is not None
    response = desk.get(reverse("admin:articles_capture_download", args=[capture.pk]))
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"].split(";")[0] in ("text/plain", "application/octet-stream")
    assert response["X-Content-Type-Options"] == "nosniff"
