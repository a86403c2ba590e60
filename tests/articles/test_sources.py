"""Files, folders and zip archives: everything readable is read, and nothing harmful is done."""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles.importing import _zips
from articles.importing.parsed import ProblemKind
from articles.importing.sources import SourceFile, SourceProblem, count, walk


def found(paths: Sequence[Path]) -> dict[str, bytes | ProblemKind]:
    return {
        item.path: item.data if isinstance(item, SourceFile) else item.kind for item in walk(paths)
    }


def make_zip(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def edit_entry(path: Path, offset: int, value: bytes) -> None:
    """Overwrite a field of the first entry of a zip archive's directory."""
    raw = bytearray(path.read_bytes())
    start = raw.index(b"PK\x01\x02") + offset
    raw[start : start + len(value)] = value
    path.write_bytes(raw)


def test_a_folder_is_walked_in_order(tmp_path: Path) -> None:
    root = tmp_path / "articles"
    for name in ["rfi/2.md", "rfi/10.md", "dw/deep/1.html", "top.txt", "rfi/none"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    items = [item for item in walk([root]) if isinstance(item, SourceFile)]
    assert [(item.path, item.folder) for item in items] == [
        ("articles/top.txt", "articles"),
        ("articles/dw/deep/1.html", "deep"),
        ("articles/rfi/10.md", "rfi"),
        ("articles/rfi/2.md", "rfi"),
        ("articles/rfi/none", "rfi"),
    ]
    assert count([root]) == 5


@pytest.mark.parametrize("zipped", [False, True])
def test_what_a_crawler_wrote_later_comes_later(tmp_path: Path, zipped: bool) -> None:
    names = ["1048574_题.md", "1048575.md", "1048559.md", "2020-b.md", "2020-a.md", "399577.md"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    source = tmp_path
    if zipped:
        source = tmp_path / "all.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for name in names:
                archive.write(tmp_path / name, name)
    labels = [re.split("[!/]", item.path)[-1] for item in walk([source])]
    assert [label for label in labels if label in names] == [
        "1048575.md",
        "1048574_题.md",
        "1048559.md",
        "2020-a.md",
        "2020-b.md",
        "399577.md",
    ]


def test_the_archive_s_own_data_is_left_out(tmp_path: Path) -> None:
    for name in ["var/secret-key", "var/deep/a.md", "b.md"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    items = walk([tmp_path], leaving_out=(tmp_path / "var").resolve())
    assert [item.path.rpartition("/")[2] for item in items] == ["b.md"]


def test_pictures_dot_files_and_droppings_are_passed_over(tmp_path: Path) -> None:
    for name in ["a.png", ".hidden.md", "a.md~", "#a.md#", "Thumbs.db", "notes~", "data.json"]:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"x")
    assert found([tmp_path]) == {}
    assert count([tmp_path]) == 0


def test_a_given_file_is_always_read(tmp_path: Path) -> None:
    file = tmp_path / "rfi" / "a.strange"
    file.parent.mkdir()
    file.write_bytes(b"x")
    assert list(walk([file])) == [SourceFile("a.strange", "rfi", b"x")]


def test_relative_paths_are_labels_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rfi").mkdir()
    (tmp_path / "rfi" / "1.md").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert list(found([Path("rfi/1.md")])) == ["rfi/1.md"]
    assert list(found([Path("rfi")])) == ["rfi/1.md"]
    assert list(found([Path()])) == ["rfi/1.md"]


def test_links_inside_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file.md").symlink_to(tmp_path / "secret.md")
    (root / "folder").symlink_to(tmp_path)
    assert set(found([root]).values()) == {ProblemKind.UNREADABLE}
    assert found([root / "file.md"]) == {"file.md": b"secret"}


def test_pipes_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert set(found([tmp_path]).values()) == {ProblemKind.UNREADABLE}
    assert found([tmp_path / "pipe.md"]) == {"pipe.md": ProblemKind.UNREADABLE}


def test_missing_and_forbidden_files_are_problems(tmp_path: Path) -> None:
    (problem,) = walk([tmp_path / "none.md"])
    assert isinstance(problem, SourceProblem)
    assert problem.kind == ProblemKind.UNREADABLE
    assert "No such file" in problem.message
    (tmp_path / "a.md").write_bytes(b"x")
    (tmp_path / "a.md").chmod(0)
    if not os.access(tmp_path / "a.md", os.R_OK):
        assert found([tmp_path]) == {f"{tmp_path.name}/a.md": ProblemKind.UNREADABLE}


def test_large_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"12345")
    make_zip(tmp_path / "b.zip", {"c.md": b"12345", "d.md": b"1234"})
    kinds = [getattr(item, "kind", None) for item in walk([tmp_path], max_file_bytes=4)]
    assert kinds == [ProblemKind.TOO_LARGE, ProblemKind.TOO_LARGE, None]


def test_undecodable_file_names_get_printable_labels(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    for name in (b"\xd6\xd0\xb9\xfa.md", b"\xff\xff.md", b"a\nb.md"):
        with open(folder + b"/" + name, "wb") as file:  # noqa: PTH123
            file.write(b"x")
    labels = list(found([tmp_path]))
    assert f"{tmp_path.name}/中国.md" in labels
    assert len(labels) == 3
    for label in labels:
        label.encode("utf-8")
        assert "\n" not in label


def test_a_zip_archive_is_read_wherever_it_is(tmp_path: Path) -> None:
    entries = {"articles/rfi/1.md": b"one", "2.md": b"two", "x.png": b"", ".git/HEAD": b""}
    make_zip(tmp_path / "x.zip", entries)
    assert list(walk([tmp_path / "x.zip"])) == [
        SourceFile("x.zip!2.md", "", b"two"),
        SourceFile("x.zip!articles/rfi/1.md", "rfi", b"one"),
    ]
    assert count([tmp_path]) == count([tmp_path / "x.zip"]) == 2
    assert len(found([tmp_path])) == 2


def test_content_decides_what_a_zip_archive_is(tmp_path: Path) -> None:
    make_zip(tmp_path / "a.md", {"1.md": b"one"})
    (tmp_path / "b.zip").write_bytes(b"<html>")
    assert list(found([tmp_path]).values()) == [b"one", b"<html>"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../x.md", "x.md"),
        ("/etc/x.md", "etc/x.md"),
        ("C:\\x.md", "x.md"),
        ("..\\..\\a\\x.md", "a/x.md"),
        ("./a/./x.md", "a/x.md"),
    ],
)
def test_names_never_lead_out(tmp_path: Path, name: str, label: str) -> None:
    archive = make_zip(tmp_path / "x.zip", {name: b"x"})
    assert found([archive]) == {f"x.zip!{label}": b"x"}


def test_a_name_with_nul_is_shown_without(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"aXb.md": b"x"})
    path.write_bytes(path.read_bytes().replace(b"aXb.md", b"a\0b.md"))
    assert list(found([path])) == ["x.zip!a\ufffdb.md"]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_names_without_the_utf8_flag_are_decoded(tmp_path: Path, encoding: str) -> None:
    raw = "法广/新闻.md".encode(encoding)
    path = make_zip(tmp_path / "x.zip", {"x" * len(raw): b"x"})
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    (item,) = walk([path])
    assert isinstance(item, SourceFile)
    assert (item.path, item.folder) == ("x.zip!法广/新闻.md", "法广")


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    data = zlib.compress(b"x" * 9000)[2:-4]
    checksum = zlib.crc32(b"x" * 9000)
    fields = (0, 8, 0, 0, checksum, len(data), 9000, 4, 0)
    local = b"PK\x03\x04" + struct.pack("<5H3L2H", 20, *fields) + b"a.md" + data
    directory = b"".join(
        b"PK\x01\x02" + struct.pack("<6H3L5H2L", 20, 20, *fields, 0, 0, 0, 0, 0) + name
        for name in (b"a.md", b"b.md", b"c.md")
    )
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 3, 3, len(directory), len(local), 0)
    (tmp_path / "bomb.zip").write_bytes(local + directory + end)
    assert found([tmp_path / "bomb.zip"]) == {"bomb.zip": ProblemKind.BAD_ARCHIVE}


def test_entries_that_grow_too_much_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"bomb.md": b"x" * 5_000_000, "a.md": b"x"})
    assert found([path]) == {"x.zip!bomb.md": ProblemKind.BAD_ARCHIVE, "x.zip!a.md": b"x"}


def test_encrypted_entries_links_and_nested_archives_are_refused(tmp_path: Path) -> None:
    encrypted = make_zip(tmp_path / "encrypted.zip", {"a.md": b"x", "b.md": b"y"})
    edit_entry(encrypted, 8, b"\x01\x00")
    link = make_zip(tmp_path / "link.zip", {"a.md": b"/etc/passwd", "b.md": b"y"})
    edit_entry(link, 38, struct.pack("<L", (stat.S_IFLNK | 0o777) << 16))
    nested = make_zip(tmp_path / "nested.zip", {"a.zip": encrypted.read_bytes(), "b.md": b"y"})
    for path in (encrypted, link, nested):
        assert list(found([path]).values()) == [ProblemKind.BAD_ARCHIVE, b"y"]


def test_unbounded_compression_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.md": b"x"}, zipfile.ZIP_LZMA)
    assert found([path]) == {"x.zip!a.md": ProblemKind.BAD_ARCHIVE}


def test_too_many_or_too_large_entries_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(tmp_path / "x.zip", {f"{number}.md": b"x" for number in range(9)})
    monkeypatch.setattr(_zips, "_MOST_ENTRIES", 8)
    assert found([path]) == {"x.zip": ProblemKind.BAD_ARCHIVE}
    monkeypatch.setattr(_zips, "_MOST_ENTRIES", 9)
    monkeypatch.setattr(_zips, "_MOST_ZIP_BYTES", 8)
    assert found([path]) == {"x.zip": ProblemKind.BAD_ARCHIVE}


def test_a_broken_entry_does_not_hide_the_others(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.md": b"AAAA", "b.md": b"BBBB"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"AAAA", b"AAAB"))
    assert found([path]) == {"x.zip!a.md": ProblemKind.BAD_ARCHIVE, "x.zip!b.md": b"BBBB"}


def test_a_truncated_archive_is_one_problem(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.md": b"x" * 100})
    path.write_bytes(path.read_bytes()[:-30])
    (tmp_path / "z.md").write_bytes(b"z")
    assert list(found([tmp_path]).values()) == [ProblemKind.BAD_ARCHIVE, b"z"]
    assert count([tmp_path]) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_archive_never_raises(tmp_path: Path, data: st.DataObject) -> None:
    path = make_zip(tmp_path / "x.zip", {"a/1.md": b"one" * 50, "b/2.md": b"two" * 50})
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    list(walk([path]))
    count([path])
