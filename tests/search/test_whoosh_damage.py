"""What becomes of an index when files, locks and processes break."""

import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from haystack import connections

from articles.models import Article, PendingChange
from search.documents import Document
from search.engines.base import IndexLockedError, IndexUnavailableError, engine
from search.engines.whoosh import WhooshBackend, _backend, _merging
from search.engines.whoosh._segment import ArraySegment
from search.finding import find_articles
from search.indexing import follow_changes, rebuild
from search.query import Sort
from tests.search.corpus import (
    ROOT,
    Documents,
    asked,
    build,
    documents,
    found_ids,
    ids_of,
    loader,
    scan,
)

OTHER_PROCESS = Path(__file__).with_name("other_process.py")


@pytest.fixture(scope="module")
def corpus() -> Documents:
    return documents()


def damage_missing(folder: Path) -> None:
    shutil.rmtree(folder)


def damage_empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def damage_no_pointer(folder: Path) -> None:
    (folder / "current").unlink()


def damage_pointer(folder: Path) -> None:
    (folder / "current").write_bytes(b"\xff\xfe\x00garbage")


def damage_pointer_away(folder: Path) -> None:
    (folder / "current").write_text("../../../etc")


def damage_no_generation(folder: Path) -> None:
    for generation in folder.glob("format*-*"):
        shutil.rmtree(generation)


def damage_files(folder: Path, change: Callable[[bytes], bytes]) -> None:
    for path in folder.glob("format*-*/*"):
        path.write_bytes(change(path.read_bytes()))


def damage_emptied(folder: Path) -> None:
    damage_files(folder, lambda _data: b"")


def damage_truncated(folder: Path) -> None:
    damage_files(folder, lambda data: data[: len(data) // 2])


def damage_truncated_in_place(folder: Path) -> None:
    """As a failing disk leaves a file that others have mapped into memory."""
    for path in folder.glob("format*-*/*"):
        os.truncate(path, path.stat().st_size // 2)


def damage_in_the_middle(folder: Path) -> None:
    """The files are as long as before, and begin and end as before."""
    for path in folder.glob("format*-*/*.*"):
        third = path.stat().st_size // 3
        with path.open("r+b") as file:
            file.seek(third)
            file.write(random.Random(third).randbytes(third))


def damage_garbage(folder: Path) -> None:
    damage_files(folder, lambda data: random.Random(len(data)).randbytes(len(data)))


def damage_by_another_version(folder: Path) -> None:
    pointer = folder / "current"
    generation = folder / pointer.read_text()
    generation.rename(folder / "format999-1")
    pointer.write_text("format999-1")


DAMAGES = [
    damage_missing,
    damage_empty,
    damage_no_pointer,
    damage_pointer,
    damage_pointer_away,
    damage_no_generation,
    damage_emptied,
    damage_truncated,
    damage_garbage,
    damage_by_another_version,
]


class TestSegments:
    def test_an_edit_never_waits_for_many_articles(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Imports leave small segments; they must not all be written anew with the next edit."""
        merged: list[int] = []

        def merge(folder: Path, segments: Sequence[ArraySegment]) -> ArraySegment:
            merged.append(sum(segment.doc_count_all() for segment in segments))
            return _merging.merge(folder, segments)

        documents = {pk: Document(pk, 1, None, "题", f"第{pk}文") for pk in range(1, 1201)}
        backend = build(tmp_path, {})
        for start in range(1, 1201, 100):
            backend.replace(range(start, start + 100), loader(documents))
        monkeypatch.setattr(_backend, "merge", merge)
        for pk in range(1, 61):
            backend.replace([pk], loader(documents))
        assert merged
        assert max(merged) <= _backend.MERGED_BY_AN_EDIT
        assert backend.ids() == set(documents)
        assert len(list(tmp_path.glob("format*-*/*.arrays"))) <= 16

    @pytest.mark.parametrize("sort", list(Sort))
    def test_results_do_not_depend_on_who_asks(
        self, corpus: Documents, tmp_path: Path, sort: Sort
    ) -> None:
        backend = build(tmp_path, corpus)
        backend.replace(list(corpus)[:20], loader(corpus))
        again = WhooshBackend("default", PATH=tmp_path)
        for query in ("一", "的", "国家安全", "nato 北约", "iphone 15"):
            whole = backend.find(asked(query, sort=sort), 0, None)
            assert again.find(asked(query, sort=sort), 0, None) == whole
            assert backend.find(asked(query, sort=sort), 0, None) == whole

    def test_many_small_edits_keep_the_truth_and_few_segments(self, tmp_path: Path) -> None:
        chance = random.Random(8)
        truth = {pk: Document(pk, 1, None, f"标题{pk}", "初稿") for pk in range(1, 41)}
        backend = build(tmp_path, truth)
        reader = WhooshBackend("default", PATH=tmp_path)
        for edit in range(35):
            pk = chance.randint(1, 50)
            truth.pop(pk, None)
            if chance.random() < 0.8:
                truth[pk] = Document(pk, edit, None, f"标题{pk}", f"第{edit}稿 修改")
            backend.replace([pk], loader(truth))
            for query in ("初稿", "修改", f"第{edit}稿", "标题"):
                assert set(ids_of(reader, asked(query))) == scan(truth, query)
            assert reader.ids() == set(truth)
            assert len(list(tmp_path.glob("format*-*/*.arrays"))) <= 10
        assert len(list(tmp_path.glob("format*-*"))) == 1


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_is_told_and_mended(
        self,
        archive: list[Article],
        index_folder: Path,
        client: Client,
        damage: Callable[[Path], None],
    ) -> None:
        damage(index_folder)
        connections.reload("default")
        for ask in (engine().count, engine().ids, lambda: engine().find(asked("新闻"), 0, 10)):
            with pytest.raises(IndexUnavailableError):
                ask()
        response = client.get("/search/", {"q": "新闻"})
        assert response.status_code == 503
        assert "python manage.py rebuild_index" in response.content.decode()
        for address in ("/", "/articles/", f"/articles/{archive[0].pk}/", "/outlets/", "/search/"):
            assert client.get(address).status_code == 200
        health = client.get("/healthz")
        assert health.status_code == 503
        assert health.json()["database"] == "ok"
        assert "rebuild_index" in health.json()["index"]

        assert follow_changes() == len(archive)
        assert set(found_ids("台湾")) == {article.pk for article in archive}
        assert client.get("/healthz").json() == {
            "status": "ok",
            "database": "ok",
            "index": "ok",
            "pending": 0,
            "indexed": len(archive),
        }
        assert client.get("/search/", {"q": "新闻"}).status_code == 200

    @pytest.mark.parametrize(
        "damage",
        [damage_missing, damage_no_generation, damage_truncated_in_place, damage_in_the_middle],
    )
    def test_is_noticed_by_who_has_the_index_open(
        self,
        archive: list[Article],
        index_folder: Path,
        client: Client,
        damage: Callable[[Path], None],
    ) -> None:
        """The worker looks again and again with the index open, and must not trust its memory."""
        assert follow_changes() == 0
        assert client.get("/healthz").status_code == 200
        damage(index_folder)
        assert client.get("/healthz").status_code == 503
        assert follow_changes() == len(archive)
        assert client.get("/healthz").status_code == 200
        assert set(found_ids("台湾")) == {article.pk for article in archive}

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_is_mended_by_a_rebuild(
        self, archive: list[Article], index_folder: Path, damage: Callable[[Path], None]
    ) -> None:
        damage(index_folder)
        connections.reload("default")
        call_command("rebuild_index", jobs=1)
        assert set(found_ids("台湾")) == {article.pk for article in archive}
        assert len(list(index_folder.glob("format*-*"))) == 1

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_does_not_lose_an_edit(
        self, archive: list[Article], index_folder: Path, damage: Callable[[Path], None]
    ) -> None:
        damage(index_folder)
        connections.reload("default")
        archive[0].text = "坏了之后的修改"
        archive[0].save()
        follow_changes()
        assert found_ids("坏了之后的修改") == [archive[0].pk]

    @pytest.mark.parametrize("kind", ["missing", "empty", "truncated"])
    def test_of_any_file_never_passes_for_fewer_results(
        self, corpus: Documents, tmp_path: Path, kind: str
    ) -> None:
        """An index that cannot be read says so; it does not say that there is nothing."""
        documents = {pk: corpus[pk] for pk in list(corpus)[::2]}
        whole = build(tmp_path / "whole", documents)
        whole.replace(list(documents)[:5], loader(documents))
        queries = [
            asked("一"),
            asked("国家安全法修订"),
            asked("的", outlets=frozenset({1, 2})),
            asked("的", after=datetime(2022, 1, 1, tzinfo=UTC), sort=Sort.NEWEST),
        ]
        truth = [set(ids_of(whole, query)) for query in queries]
        wrong: set[str] = set()
        for path in sorted((tmp_path / "whole").glob("format*-*/*")):
            copy = Path(shutil.copytree(tmp_path / "whole", tmp_path / "copy"))
            damaged = copy / path.relative_to(tmp_path / "whole")
            if kind == "missing":
                damaged.unlink()
            else:
                size = 0 if kind == "empty" else damaged.stat().st_size // 2
                damaged.write_bytes(damaged.read_bytes()[:size])
            reader = WhooshBackend("default", PATH=copy)
            for query, expected in zip(queries, truth, strict=True):
                with contextlib.suppress(IndexUnavailableError):
                    if set(ids_of(reader, query)) != expected:
                        wrong.add(
                            re.sub(r"^articles_[^.]*?(?=\.|_[a-z]+_len|_stored)", "", path.name)
                        )
            with contextlib.suppress(IndexUnavailableError):
                if reader.ids() != set(documents):
                    wrong.add(re.sub(r"^articles_[^.]*?(?=\.|_[a-z]+_len|_stored)", "", path.name))
            shutil.rmtree(copy)
        assert wrong == set()

    def test_what_health_calls_well_can_be_searched(
        self, archive: list[Article], index_folder: Path, client: Client
    ) -> None:
        """Whichever file is cut off: where searching answers 503, so does /healthz."""
        good = index_folder.with_name(index_folder.name + "-good")
        shutil.copytree(index_folder, good)
        disagreeing = set()
        for path in sorted(good.glob("format*-*/*")):
            shutil.rmtree(index_folder)
            shutil.copytree(good, index_folder)
            (index_folder / path.relative_to(good)).write_bytes(b"")
            connections.reload("default")
            searching = client.get("/search/", {"q": "台湾新闻的内容"}).status_code
            if searching != client.get("/healthz").status_code:
                disagreeing.add(path.suffixes[-1] if path.suffix != ".col" else path.name[25:])
        assert disagreeing == set()


@contextlib.contextmanager
def other_process(*arguments: str | Path, kill: bool = False) -> Iterator["subprocess.Popen[str]"]:
    """Run another process on an index; it is where it should be when the block begins."""
    process = subprocess.Popen(
        [sys.executable, OTHER_PROCESS, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "newsarchive.settings",
            "NEWSARCHIVE_DATA": str(django_settings.DATA_DIR),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        if kill:
            process.kill()
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        process.wait(timeout=60)


class TestOtherProcesses:
    def test_a_lock_held_elsewhere_is_told_and_loses_nothing(
        self, archive: list[Article], index_folder: Path, client: Client
    ) -> None:
        archive[0].text = "锁住时的修改"
        archive[0].save()
        archive[1].delete()
        with other_process("lock", index_folder):
            for act in (follow_changes, rebuild):
                with pytest.raises(IndexLockedError):
                    act()
            assert PendingChange.objects.count() == 2
            assert client.get("/search/", {"q": "新闻"}).status_code == 200
            assert len(find_articles("台湾", page_size=100).results) == len(archive) - 1
        assert follow_changes() == 2
        assert found_ids("锁住时的修改") == [archive[0].pk]
        assert engine().count() == len(archive) - 1

    def test_a_killed_holder_frees_the_lock(self, tmp_path: Path) -> None:
        backend = build(tmp_path, {1: Document(1, 1, None, "题", "文")})
        with other_process("lock", tmp_path) as process:
            with pytest.raises(IndexLockedError):
                backend.replace([1], lambda _ids: [])
            process.kill()
            process.wait()
            backend.replace([1], lambda _ids: [])
        assert backend.count() == 0

    @pytest.mark.parametrize(
        ("action", "where", "has_new"),
        [
            ("rebuild", "loading", False),
            ("rebuild", "before the commit", False),
            ("rebuild", "before the switch", False),
            ("rebuild", "after the switch", True),
            ("replace", "loading", False),
            ("replace", "before the commit", False),
            ("replace", "after the commit", True),
        ],
    )
    def test_a_writer_killed_leaves_an_index_that_serves(
        self, tmp_path: Path, action: str, where: str, has_new: bool
    ) -> None:
        old = {pk: Document(pk, 1, None, "旧索引", "旧的内容") for pk in range(1, 61)}
        open_reader = build(tmp_path, old)
        assert len(ids_of(open_reader, asked("旧的"))) == 60
        with other_process(action, tmp_path, where, kill=True):
            pass
        for reader in (open_reader, WhooshBackend("default", PATH=tmp_path)):
            new_ids = set(ids_of(reader, asked("新的")))
            old_ids = set(ids_of(reader, asked("旧的")))
            assert new_ids == (set(range(1, 41)) if has_new else set())
            if has_new and action == "rebuild":
                assert old_ids == set()
            else:
                assert old_ids == set(old) - new_ids
        newest = {pk: Document(pk, 1, None, "更新", "最新的话") for pk in range(1, 71)}
        open_reader.replace([1, 70], loader(newest))
        assert set(ids_of(open_reader, asked("最新"))) == {1, 70}
        open_reader.rebuild(lambda: list(newest), loader(newest))
        assert set(ids_of(open_reader, asked("最新"))) == set(newest)
        assert len(list(tmp_path.glob("format*-*"))) == 1

    def test_a_search_never_sees_less_while_others_write(self, tmp_path: Path) -> None:
        documents = {pk: Document(pk, 1, None, "题", f"第{pk}则新闻") for pk in range(1, 301)}
        backend = build(tmp_path, documents)
        with other_process("search", tmp_path) as searching:
            for turn in range(8):
                backend.rebuild(lambda: list(documents), loader(documents))
                for pk in range(turn + 1, turn + 12):
                    backend.replace([pk], loader(documents))
            assert searching.stdin
            assert searching.stdout
            searching.stdin.close()
            seen = json.loads(searching.stdout.readline())
        assert seen["searches"] > 0
        assert seen["errors"] == []
        assert seen["fewest"] == 300


class TestRaces:
    """A reader at the worst moment, made certain."""

    def test_the_generation_goes_between_its_name_and_its_opening(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        documents = {pk: Document(pk, 1, None, "题", "新闻") for pk in range(1, 6)}
        writer = build(tmp_path, documents)
        reader = WhooshBackend("default", PATH=tmp_path)
        current = reader._folder.current
        turns = iter([True])

        def current_then_rebuilt() -> Path:
            path = current()
            if next(turns, False):
                writer.rebuild(lambda: list(documents), loader(documents))
            return path

        monkeypatch.setattr(reader._folder, "current", current_then_rebuilt)
        assert len(ids_of(reader, asked("新闻"))) == 5

    def test_a_segment_goes_between_the_contents_and_its_opening(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from whoosh.index import FileIndex

        documents = {pk: Document(pk, 1, None, "题", "新闻") for pk in range(1, 6)}
        writer = build(tmp_path, documents)
        reader = WhooshBackend("default", PATH=tmp_path)
        open_reader = FileIndex._reader.__func__
        turns = iter([True])

        def rewritten_then_opened(cls: Any, storage: Any, *args: Any, **options: Any) -> Any:
            if next(turns, False):
                writer.replace(list(documents), loader(documents))
            return open_reader(cls, storage, *args, **options)

        monkeypatch.setattr(FileIndex, "_reader", classmethod(rewritten_then_opened))
        assert len(ids_of(reader, asked("新闻"))) == 5
