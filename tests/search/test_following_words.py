"""The index follows the editors' own words: by the worker after a rest, by commands at once."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from articles.models import Article, PendingChange
from search import indexing
from search.documents import Document
from search.engines.base import IndexLockedError, engine
from search.engines.whoosh import WhooshBackend
from search.finding import find_articles
from search.indexing import follow_changes, rebuild
from search.models import Word
from search.own_words import SECONDS_OF_REST, Rest, add_words
from search.text import NO_WORDS
from search.verifying import compare
from tests.search.corpus import ROOT, asked, ids_of, loader
from tests.search.test_whoosh_damage import other_process

Manage = Callable[..., "subprocess.CompletedProcess[str]"]


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, "--jobs=1", *arguments, stdout=out)
    return out.getvalue()


class TestRest:
    """The minute in which nobody changes the list."""

    @pytest.fixture
    def clock(self) -> list[float]:
        return [1_000.0]

    @pytest.fixture
    def rest(self, archive: list[Article], clock: list[float]) -> Rest:
        return Rest(lambda: clock[0])

    def passes(self, clock: list[float], seconds: float) -> None:
        clock[0] += seconds

    def test_nothing_to_do(self, rest: Rest, clock: list[float]) -> None:
        for _n in range(3):
            assert not rest.is_over()
            self.passes(clock, SECONDS_OF_REST)

    def test_a_minute_after_the_last_change(self, rest: Rest, clock: list[float]) -> None:
        assert not rest.is_over()
        for word in ("大埔墟", "新屋岭"):
            self.passes(clock, SECONDS_OF_REST)
            add_words([word])
            assert not rest.is_over()
        self.passes(clock, SECONDS_OF_REST - 1)
        assert not rest.is_over()
        self.passes(clock, 10)
        assert rest.is_over()

    def test_deletions_count(self, rest: Rest, clock: list[float]) -> None:
        add_words(["大埔墟", "新屋岭"])
        run("rebuild_index")
        assert not rest.is_over()
        Word.objects.get(word="大埔墟").delete()
        self.passes(clock, 10)
        assert not rest.is_over()
        self.passes(clock, SECONDS_OF_REST)
        assert rest.is_over()

    def test_a_change_taken_back_asks_for_nothing(self, rest: Rest, clock: list[float]) -> None:
        add_words(["大埔墟"])
        assert not rest.is_over()
        Word.objects.all().delete()
        self.passes(clock, 2 * SECONDS_OF_REST)
        assert not rest.is_over()

    def test_without_an_index(self, db: None, clock: list[float]) -> None:
        add_words(["大埔墟"])
        rest = Rest(lambda: clock[0])
        assert not rest.is_over()
        self.passes(clock, SECONDS_OF_REST)
        assert not rest.is_over()
        assert follow_changes() == 0
        assert engine().own_words() == {"大埔墟"}


class TestCommands:
    def test_rebuild_index_takes_the_words_there_are(self, archive: list[Article]) -> None:
        add_words(["大埔墟"])
        assert run("rebuild_index") == "indexed 30\n"
        assert engine().own_words() == {"大埔墟"}
        Word.objects.all().delete()
        run("rebuild_index")
        assert engine().own_words() == NO_WORDS

    def test_update_index_builds_anew_where_words_differ(self, archive: list[Article]) -> None:
        follow_changes()
        assert run("update_index") == "indexed 0\n"
        add_words(["大埔墟"])
        archive[0].title = "改过的题"
        archive[0].save()
        assert run("update_index") == "indexed 30\n"
        assert engine().own_words() == {"大埔墟"}
        assert not PendingChange.objects.exists()
        assert run("update_index") == "indexed 0\n"

    def test_imports_do_not_build_anew(self, archive: list[Article]) -> None:
        add_words(["大埔墟"])
        follow_changes()
        assert engine().own_words() == NO_WORDS

    def test_verify_index_tells(self, archive: list[Article]) -> None:
        follow_changes()
        assert "own words" not in run("verify_index")
        add_words(["大埔墟"])
        told = run("verify_index")
        assert "own words" in told
        assert "agree (30 articles)" in told
        run("rebuild_index")
        assert "own words" not in run("verify_index")


DOCUMENTS = {n: Document(n, 1, None, f"第{n}则", "旧的内容") for n in range(1, 41)}
EDITED = {
    5: Document(5, 1, None, "第5则", "编辑过的"),
    77: Document(77, 1, None, "新来的", "编辑过的"),
}
Act = Callable[[WhooshBackend], object]


class TestChangesDuringABuild:
    """Others go on writing the index that serves, and the new one has what they wrote."""

    def build(self, folder: Path, act: Act, **options: Any) -> WhooshBackend:
        """Build twice, the second time with ``act`` while documents are loaded."""
        backend, other = (WhooshBackend("default", PATH=folder) for _n in range(2))
        backend.rebuild(lambda: list(DOCUMENTS), loader(DOCUMENTS))
        now = dict(DOCUMENTS)
        acted: list[object] = []

        def load(ids: Sequence[int]) -> list[Document]:
            found = [now[pk] for pk in ids if pk in now]
            if not acted:
                acted.append(None)
                act(other)
                now.update(EDITED)
                now.pop(6)
            return found

        backend.rebuild(lambda: list(DOCUMENTS), load, own_words=frozenset(["大埔墟"]), **options)
        return backend

    def test_are_found_at_once_and_afterwards(self, tmp_path: Path) -> None:
        def edit(other: WhooshBackend) -> None:
            other.replace([5, 6, 77], loader(EDITED))
            assert ids_of(other, asked("编辑过的")) == [77, 5]
            assert 6 not in other.ids()
            assert other.own_words() == NO_WORDS

        built = self.build(tmp_path, edit)
        assert built.own_words() == {"大埔墟"}
        assert ids_of(built, asked("编辑过的")) == [77, 5]
        assert built.ids() == {*DOCUMENTS, 77} - {6}
        assert sorted(d.id for d in built.documents()) == sorted(built.ids())
        [generation] = tmp_path.glob("format*")
        assert {path.suffix for path in generation.iterdir()} == {".arrays", ".toc"}

    def test_are_many(self, tmp_path: Path) -> None:
        def edit(other: WhooshBackend) -> None:
            for pk in (5, 6, 77, 5):
                other.replace([pk], loader(EDITED))

        assert self.build(tmp_path, edit).ids() == {*DOCUMENTS, 77} - {6}

    def test_half_a_number_of_a_killed_process_spoils_no_other(self, tmp_path: Path) -> None:
        def edit(other: WhooshBackend) -> None:
            other.replace([5, 77], loader(EDITED))
            [path] = tmp_path.glob("format*/changed")
            with path.open("a") as file:
                file.write("\n1")
            other.replace([6], loader(EDITED))

        assert self.build(tmp_path, edit).ids() == {*DOCUMENTS, 77} - {6}

    def test_only_one_builds(self, tmp_path: Path) -> None:
        def build_too(other: WhooshBackend) -> None:
            with pytest.raises(IndexLockedError):
                other.rebuild(list, lambda _ids: [])
            other.replace([5, 6, 77], loader(EDITED))

        assert self.build(tmp_path, build_too).ids() == {*DOCUMENTS, 77} - {6}

    def test_what_a_killed_builder_left_behind_harms_nobody(self, tmp_path: Path) -> None:
        backend = WhooshBackend("default", PATH=tmp_path)
        backend.rebuild(lambda: list(DOCUMENTS), loader(DOCUMENTS))
        with other_process("rebuild", tmp_path, "loading", kill=True):
            backend.replace([5, 6, 77], loader(EDITED))
            assert backend.ids() == {*DOCUMENTS, 77} - {6}
        assert len(list(tmp_path.glob("format*"))) == 2
        backend.replace([5], loader(EDITED))
        assert ids_of(backend, asked("编辑过的")) == [77, 5]
        backend.rebuild(lambda: [5, 77], loader(EDITED))
        assert len(list(tmp_path.glob("format*"))) == 1
        assert backend.ids() == {5, 77}

    @pytest.mark.parametrize("where", ["loading", "before the switch", "after the switch"])
    def test_a_builder_killed_with_changes_noted(self, tmp_path: Path, where: str) -> None:
        backend = WhooshBackend("default", PATH=tmp_path)
        backend.rebuild(lambda: list(DOCUMENTS), loader(DOCUMENTS))
        with other_process("rebuild", tmp_path, where, kill=True):
            if where != "before the switch":  # which is under the lock
                backend.replace([77], loader(EDITED))
        assert backend.count() == (40 if where == "before the switch" else 41)
        backend.replace([5, 77], loader(EDITED))
        assert ids_of(backend, asked("编辑过的")) == [77, 5]
        assert WhooshBackend("default", PATH=tmp_path).count() == 41

    def test_articles_saved_meanwhile(
        self, archive: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        follow_changes()
        true_documents = indexing.documents
        turns = iter([True])

        def load(ids: Sequence[int]) -> Iterator[Document]:
            yield from list(true_documents(ids))
            if next(turns, False):
                archive[0].text = "途中修改的内容"
                archive[0].save()
                archive[1].delete()
                assert follow_changes() == 2
                assert find_articles("途中修改").count == 1
                archive[2].text = "途中修改而尚未跟上"
                archive[2].save()

        monkeypatch.setattr(indexing, "documents", load)
        add_words(["大埔墟"])
        rebuild()
        assert engine().own_words() == {"大埔墟"}
        assert find_articles("途中修改").count == 1
        assert engine().count() == 29
        assert PendingChange.objects.count() == 1
        follow_changes()
        assert find_articles("途中修改").count == 2
        assert compare().differing == []


WORKER = """
import django
django.setup()
from django.core.management import call_command
from search import own_words
own_words.SECONDS_OF_REST = own_words.SECONDS_BETWEEN_LOOKS = 0.5
call_command("index_worker")
"""


def test_the_worker_has_a_new_index_built(manage: Manage, data_folder: Path) -> None:
    assert manage("import_articles", "sample", "--jobs=1").returncode == 0
    backend = WhooshBackend("default", PATH=data_folder / "index")
    count = backend.count()
    added = manage("shell", "-c", "from search.own_words import add_words; add_words(['大埔墟'])")
    assert added.returncode == 0
    environment = {
        **os.environ,
        "NEWSARCHIVE_DATA": str(data_folder),
        "DJANGO_SETTINGS_MODULE": "newsarchive.settings",
        "PYTHONPATH": str(ROOT),
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=environment)
    try:
        deadline = time.monotonic() + 60
        while backend.own_words() != {"大埔墟"} and time.monotonic() < deadline:
            time.sleep(0.2)
            assert backend.count() == count
        assert backend.own_words() == {"大埔墟"}
        assert worker.poll() is None
    finally:
        worker.terminate()
    assert worker.wait(timeout=30) == 0
    assert "agree" in manage("verify_index").stdout
