"""What edits, merges, races and damage leave of an index that is in use."""

import os
import random
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from haystack import connections
from whoosh.index import FileIndex

from articles.models import Article, PendingChange
from search.documents import Document
from search.engines.base import IndexUnavailableError, engine
from search.engines.memory import MemoryBackend
from search.engines.whoosh import WhooshBackend, _backend, _matching
from search.engines.whoosh._arrays import ArraysFile
from search.engines.whoosh._cache import ArrayCache
from search.engines.whoosh._merging import crowd
from search.engines.whoosh._postings import FieldPostings
from search.engines.whoosh._segment import ArraySegment
from search.indexing import follow_changes
from search.verifying import compare
from tests.search.corpus import asked, build, found_ids, ids_of, loader


def of(count: int, text: str = "新闻") -> dict[int, Document]:
    return {pk: Document(pk, 1, None, "题", f"{text}{pk}") for pk in range(1, count + 1)}


def arrays_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("format*-*/*.arrays"), key=lambda path: path.stat().st_size)


def sizes_after(
    sizes: Sequence[int], edits: int, most: int, *, tidied_every: int = 10**9, new: int = 1
) -> list[int]:
    """Return the sizes of segments that edits of so many new documents leave."""
    segments = [ArraySegment("articles", size) for size in sizes]
    for edit in range(1, edits + 1):
        segments.append(ArraySegment("articles", new))
        for limit in (most, 10_000) if edit % tidied_every == 0 else (most,):
            if small := crowd(segments, limit):
                merged = ArraySegment("articles", sum(s.doc_count() for s in small))
                segments = [*(s for s in segments if s not in small), merged]
    return sorted(segment.doc_count_all() for segment in segments)


class TestCrowd:
    """Every segment costs each search a little."""

    @pytest.mark.parametrize("new", [1, 50])
    def test_stays_small_for_ever_where_the_index_rests_at_times(self, new: int) -> None:
        sizes = sizes_after([65_000] * 4, 50_000 // new, 1_000, tidied_every=2_000 // new, new=new)
        assert sum(sizes) == 4 * 65_000 + 50_000
        assert len(sizes) <= 16

    def test_of_single_edits_is_logarithmic(self) -> None:
        assert len(sizes_after([8_000], 1_000, 1_000)) <= 8

    @pytest.mark.parametrize("left", [0, 1, 2, 5])
    def test_is_merged_beside_a_segment_that_was_nearly_emptied(self, left: int) -> None:
        emptied = ArraySegment("articles", 3_000)
        emptied.deleted[left:] = True
        segments = [emptied]
        for _edit in range(300):
            segments.append(ArraySegment("articles", 1))
            if small := crowd(segments, 1_000):
                merged = ArraySegment("articles", sum(s.doc_count() for s in small))
                segments = [*(s for s in segments if s not in small), merged]
        assert len(segments) <= 8


class TestTidying:
    def test_merges_what_edits_did_not_wait_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_backend, "MERGED_BY_AN_EDIT", 4)
        monkeypatch.setattr(_backend, "MERGED_PER_DOCUMENT", 1)
        truth = of(60)
        backend = build(tmp_path, {})
        reader = WhooshBackend("default", PATH=tmp_path)
        for pk in truth:
            backend.replace([pk], loader(truth))
        assert len(arrays_of(tmp_path)) > 10
        backend.tidy()
        assert len(arrays_of(tmp_path)) == 1
        assert list(reader.documents()) == list(truth.values())
        contents = list(tmp_path.glob("format*-*/*.toc"))
        backend.tidy()
        assert list(tmp_path.glob("format*-*/*.toc")) == contents

    @pytest.mark.django_db
    def test_ends_an_update(
        self, archive: list[Article], index_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_backend, "MERGED_BY_AN_EDIT", 1)
        monkeypatch.setattr(_backend, "MERGED_PER_DOCUMENT", 1)
        for article in archive[:3]:
            article.save()
            follow_changes()
        assert len(arrays_of(index_folder)) == 4
        call_command("update_index", jobs=1)
        assert len(arrays_of(index_folder)) < 4
        assert not compare().differing


class TestRaces:
    def test_a_segment_that_goes_while_it_is_opened_costs_no_search(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        truth = of(5)
        backend = build(tmp_path, truth)
        reader = WhooshBackend("default", PATH=tmp_path)
        assert reader.count() == 5
        backend.replace([1], loader(truth))
        turns = iter([True])
        read = FileIndex._reader.__func__

        def after_all_was_written_anew(cls: Any, *arguments: Any, **options: Any) -> Any:
            if next(turns, False):
                backend.replace(list(truth), loader(truth))
            return read(cls, *arguments, **options)

        monkeypatch.setattr(FileIndex, "_reader", classmethod(after_all_was_written_anew))
        for _search in range(3):
            assert reader.find(asked("新闻"), 0, 9).count == 5

    def test_a_search_that_broke_while_opening_leaves_no_old_answers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        truth = of(6)
        backend = build(tmp_path, {pk: truth[pk] for pk in range(1, 6)})
        reader = WhooshBackend("default", PATH=tmp_path)
        assert reader.count() == 5
        backend.replace([6], loader(truth))

        def fail(*_arguments: Any) -> Any:
            raise MemoryError

        with monkeypatch.context() as patched:
            patched.setattr(_backend, "_leaf", fail)
            with pytest.raises(MemoryError):
                reader.count()
        assert reader.count() == 6

    def test_a_document_that_is_named_twice_is_there_once(self, tmp_path: Path) -> None:
        truth = of(3)
        backend = build(tmp_path, truth)
        backend.replace([1, 2, 1], lambda ids: [truth[pk] for pk in ids])
        assert (backend.count(), ids_of(backend, asked("新闻"))) == (3, [3, 2, 1])


def change_a_posting(path: Path, field: str, term: str, change: Callable[[int], int]) -> None:
    """Change which document has a term first, as a rotting disk does: the file's time stays."""
    file = ArraysFile(path)
    number = FieldPostings(field, file).span(term.encode()).start
    place = file.offset(f"{field}.documents") + 4 * int(number)
    data, status = bytearray(path.read_bytes()), path.stat()
    document = int.from_bytes(data[place : place + 4], "little")
    data[place : place + 4] = change(document).to_bytes(4, "little")
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.django_db
class TestRot:
    """Damage that is met while the index is written: it is told, and a new index built."""

    @pytest.mark.parametrize("change", [lambda number: number ^ 1, lambda number: 4_194_306])
    def test_of_a_small_segment_is_not_merged(
        self, archive: list[Article], index_folder: Path, change: Callable[[int], int]
    ) -> None:
        for article in archive[:3]:
            article.text = "甲 台湾"
            article.save()
        follow_changes()
        change_a_posting(arrays_of(index_folder)[0], "grams", "甲", change)
        connections.reload("default")
        archive[5].text = "乙 台湾"
        archive[5].save()
        follow_changes()
        assert set(found_ids("甲")) == {article.pk for article in archive[:3]}
        assert found_ids("乙") == [archive[5].pk]
        assert not PendingChange.objects.exists()
        assert not compare().differing

    @pytest.mark.parametrize(
        "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"[" * 10**6]
    )
    def test_of_the_table_of_contents_while_it_is_open(
        self, archive: list[Article], index_folder: Path, damage: Callable[[bytes], bytes]
    ) -> None:
        follow_changes()
        (contents,) = index_folder.glob("format*-*/*.toc")
        contents.write_bytes(damage(contents.read_bytes()))
        archive[0].text = "修改之后"
        archive[0].save()
        follow_changes()
        assert found_ids("修改之后") == [archive[0].pk]
        assert not compare().differing

    def test_that_a_new_index_does_not_end_is_told(
        self, archive: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not built again and again."""
        builds: list[int] = []

        def build_again(*, jobs: int) -> int:
            builds.append(jobs)
            return 30

        def fail(*_arguments: Any, **_options: Any) -> None:
            raise IndexUnavailableError

        follow_changes()
        archive[0].save()
        monkeypatch.setattr(engine(), "replace", fail)
        monkeypatch.setattr("search.indexing.rebuild", build_again)
        with pytest.raises(IndexUnavailableError):
            follow_changes()
        assert builds == [1]

    def test_of_a_missing_file_is_told_at_once(
        self, archive: list[Article], index_folder: Path
    ) -> None:
        """Whoosh waits half a second for it, each time it is asked."""
        arrays_of(index_folder)[0].unlink()
        connections.reload("default")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("whoosh.index.sleep", lambda _seconds: pytest.fail("it waits"))
            with pytest.raises(IndexUnavailableError):
                engine().count()


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["update_index", "rebuild_index", "verify_index --fix"])
def test_commands_say_what_stands_in_their_way(
    archive: list[Article], index_folder: Path, command: str
) -> None:
    (index_folder / "current").unlink()
    (index_folder / "current").mkdir()
    connections.reload("default")
    with pytest.raises(CommandError, match=r"Is a directory.*current"):
        call_command(*command.split())


class TestMemory:
    def test_what_is_kept_stays_within_its_bound(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Strings that nobody asks for again are asked for by anybody."""
        chance = random.Random(5)
        bound = 300_000
        monkeypatch.setattr("search.engines.whoosh._leaf.cache", ArrayCache(bound))
        backend = build(tmp_path, of(3, "一丁七万"))

        def ask(number: int, length: int) -> None:
            for _query in range(number):
                string = "".join(chance.choices("一丁七万", k=length))
                backend.find(asked(f'"{string}"'), 0, 1)

        ask(50, 300)
        tracemalloc.start()
        try:
            ask(200, 300)
            ask(800, 30)
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        # Beside it, a segment keeps where the postings of 1,000 terms are.
        assert held < bound + 1_500_000

    def test_a_string_is_looked_for_once_though_other_conditions_narrow_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        backend = build(tmp_path, of(40, "国家的人们，但是新闻"))
        query = asked('-外国 "，但是" 家的人')
        assert backend.find(query, 0, 1).count == 40
        monkeypatch.setattr(_matching, "_looked_at", lambda *_: pytest.fail("looked for again"))
        assert backend.find(query, 0, 1).count == 40


class TestSuggestions:
    def test_are_found_behind_many_that_only_hidden_articles_have(self, tmp_path: Path) -> None:
        words = (
            f"zz{chr(97 + n // 676)}{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}"
            for n in range(1_200)
        )
        hidden = " ".join(words)
        truth = {
            1: Document(1, 1, None, "甲", hidden),
            2: Document(2, 1, None, "乙", hidden),
            3: Document(3, 1, None, "丙", "zzvisible zzother"),
        }
        oracle = MemoryBackend("default")
        oracle.rebuild(lambda: list(truth), loader(truth))
        expected = oracle.completions("zz", 5, without=[1, 2])
        assert len(expected) == 2
        assert build(tmp_path, truth).completions("zz", 5, without=[1, 2]) == expected
