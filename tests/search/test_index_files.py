"""What lies in the folder of an index: segments made of others, checksums, nothing that runs."""

import os
import pickle
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from haystack import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.models import Article
from search.documents import Document
from search.engines.base import IndexUnavailableError
from search.engines.whoosh import WhooshBackend, _arrays, _backend, _damage, _merging
from search.engines.whoosh._segment import ArraySegment
from search.indexing import follow_changes
from search.query import Query, Sort
from search.verifying import compare
from tests.search.corpus import Documents, asked, build, documents, found_ids, ids_of, loader, scan

QUERIES = [
    "一",
    "的",
    "台湾",
    "国安法",
    "国家安全",
    "国家安全法修订",
    "nato",
    "title:国",
    '"国家 安全"',
    "重复 -台湾",
]


@pytest.fixture(scope="module")
def corpus() -> Documents:
    return documents()


def arrays_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("format*-*/*.arrays"))


class TestMerging:
    """A segment made of others is as if it had been written at once."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything is large enough to be cut."""
        monkeypatch.setattr(_backend, "SEGMENT_DOCUMENTS", 7)
        monkeypatch.setattr(_backend, "MOST_DOCUMENTS", 40)
        monkeypatch.setattr(_merging, "POSTINGS_AT_ONCE", 500)

    def test_of_a_rebuild(self, corpus: Documents, tmp_path: Path) -> None:
        backend = build(tmp_path / "in-parts", corpus)
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(_backend, "SEGMENT_DOCUMENTS", 1000)
            monkeypatch.setattr(_backend, "MOST_DOCUMENTS", 1000)
            at_once = build(tmp_path / "at-once", corpus)
        assert len(arrays_of(tmp_path / "in-parts")) == 2
        assert len(arrays_of(tmp_path / "at-once")) == 1
        assert list(backend.documents()) == list(at_once.documents())
        for query in QUERIES:
            for sort in Sort:
                found = backend.find(asked(query, sort=sort), 0, None)
                assert found == at_once.find(asked(query, sort=sort), 0, None)

    @given(data=st.data())
    @settings(max_examples=12, deadline=None)
    def test_of_edits(
        self, corpus: Documents, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        given_ = dict(list(corpus.items())[::5])
        backend = build(tmp_path_factory.mktemp("edits"), given_)
        reader = WhooshBackend("default", PATH=backend._folder._path)
        truth = dict(given_)
        pks = st.lists(st.sampled_from(list(corpus)), min_size=1, max_size=20, unique=True)
        for _edit in range(data.draw(st.integers(1, 4))):
            written, gone = data.draw(pks), data.draw(pks)
            new = {pk: corpus[pk] for pk in written if pk not in gone}
            backend.replace([*written, *gone], loader(new))
            truth = {pk: d for pk, d in truth.items() if pk not in gone} | new
            assert {d.id: d for d in reader.documents()} == truth
        for word in ("一", "台湾", "nato", "重复"):
            assert set(ids_of(reader, asked(word))) == scan(truth, word)

    def test_many_edits_leave_few_segments(self, tmp_path: Path) -> None:
        truth = {pk: Document(pk, 1, None, "题", f"第{pk}文") for pk in range(30)}
        backend = build(tmp_path, truth)
        for edit in range(150):
            pk = edit % 70
            truth[pk] = Document(pk, 1, None, "题", f"第{edit}文改")
            backend.replace([pk], loader(truth))
            assert len(arrays_of(tmp_path)) <= 5
        assert list(backend.documents()) == [truth[pk] for pk in sorted(truth)]

    def test_a_full_disk_costs_no_edit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Segments that cannot be merged stay as they are."""
        failures = []

        def fail(*_args: object) -> Any:
            failures.append(OSError(28, "No space left on device"))
            raise failures[-1]

        truth = {pk: Document(pk, 1, None, "题", "旧文") for pk in range(1, 20)}
        backend = build(tmp_path, truth)
        monkeypatch.setattr(_backend, "merge", fail)
        for pk in range(1, 20):
            truth[pk] = Document(pk, 1, None, "题", "新文")
            backend.replace([pk], loader(truth))
        assert failures
        assert set(ids_of(backend, asked("新文"))) == set(truth)


def test_no_segment_has_more_documents_than_two_bytes_can_number() -> None:
    assert ArraySegment("articles", 65_536).doc_count_all() == 65_536
    with pytest.raises(ValueError, match="too many"):
        ArraySegment("articles", 65_537)


class TestChecksums:
    @pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
    def test_a_changed_byte_is_noticed_by_who_opens_the_index(
        self, archive: list[Article], index_folder: Path, place: float
    ) -> None:
        (path,) = arrays_of(index_folder)
        data = bytearray(path.read_bytes())
        data[int(len(data) * place)] ^= 1
        path.write_bytes(data)
        connections.reload("default")
        assert follow_changes() == len(archive)
        assert set(found_ids("台湾")) == {article.pk for article in archive}

    def test_one_that_kept_its_time_is_noticed_by_who_compares(
        self, archive: list[Article], index_folder: Path
    ) -> None:
        (path,) = arrays_of(index_folder)
        status = path.stat()
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        connections.reload("default")
        with pytest.raises(IndexUnavailableError):
            compare()

    def test_damage_is_reported_once_and_again_after_it_was_mended(
        self, corpus: Documents, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Many readers search while an index is unusable; a log is to be read afterwards."""
        backend = build(tmp_path, dict(list(corpus.items())[:20]))
        file = arrays_of(tmp_path)[0]
        whole = file.read_bytes()
        for reports in (1, 2):
            file.write_bytes(whole[:1000])
            for _reader in range(5):
                with pytest.raises(IndexUnavailableError):
                    backend.count()
            assert len(caplog.records) == reports
            assert caplog.records[-1].exc_info
            file.write_bytes(whole)
            assert backend.count() == 20

    def test_a_copy_that_lost_its_times_serves(
        self,
        archive: list[Article],
        index_folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        copy = shutil.copytree(index_folder, tmp_path / "copy", copy_function=shutil.copyfile)
        shutil.rmtree(index_folder)
        shutil.move(copy, index_folder)
        connections.reload("default")
        read: list[Path] = []

        def checksum(path: Path) -> int:
            read.append(path)
            return original(path)

        original = _arrays.checksum
        monkeypatch.setattr(_damage, "checksum", checksum)
        assert follow_changes() == 0
        for _search in range(3):
            assert set(found_ids("台湾")) == {article.pk for article in archive}
        connections.reload("default")
        assert follow_changes() == 0
        assert read == arrays_of(index_folder)


class Poison:
    """Something that leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._mark),)


_unpickled: list[object] = []


def _listen(event: str, arguments: Sequence[object]) -> None:
    if event == "pickle.find_class":
        _unpickled.append(arguments)


@pytest.fixture
def unpickled() -> list[object]:
    """What was unpickled during the test: such hooks stay, so there is one for all tests."""
    if not getattr(sys, "_listens_to_pickle", False):
        sys.addaudithook(_listen)
        setattr(sys, "_listens_to_pickle", True)  # noqa: B010
    _unpickled.clear()
    return _unpickled


class TestNothingRuns:
    def test_no_file_of_an_index_is_unpickled(
        self, corpus: Documents, tmp_path: Path, unpickled: list[object]
    ) -> None:
        writer = build(tmp_path, corpus)
        for pk in list(corpus)[:10]:
            writer.replace([pk], loader(corpus))
        reader = WhooshBackend("default", PATH=tmp_path)
        for query in QUERIES:
            assert reader.find(asked(query), 0, 10) == writer.find(asked(query), 0, 10)
        assert reader.similar(next(iter(corpus)), 5)
        assert reader.completions("台", 5)
        assert list(reader.documents())
        writer.rebuild(lambda: list(corpus), loader(corpus))
        assert unpickled == []
        with pytest.raises(FileNotFoundError):
            pickle.loads(pickle.dumps(Poison(tmp_path / "no" / "folder")))
        assert unpickled

    def test_poison_in_any_file_does_nothing(
        self, corpus: Documents, tmp_path: Path, unpickled: list[object]
    ) -> None:
        mark = tmp_path / "mark"
        poison = pickle.dumps(Poison(mark))
        few = dict(list(corpus.items())[:5])
        build(tmp_path / "good", few)
        for path in [p for p in sorted((tmp_path / "good").rglob("*")) if p.is_file()]:
            for content in (poison, poison + path.read_bytes(), path.read_bytes() + poison):
                folder = Path(shutil.copytree(tmp_path / "good", tmp_path / "bad"))
                (folder / path.relative_to(tmp_path / "good")).write_bytes(content)
                backend = WhooshBackend("default", PATH=folder)
                try:
                    assert set(ids_of(backend, Query())) == set(few)
                    backend.replace(list(few)[:1], loader(few))
                except IndexUnavailableError:
                    backend.rebuild(lambda: list(few), loader(few))
                assert set(ids_of(backend, Query())) == set(few)
                shutil.rmtree(folder)
        assert not mark.exists()
        assert unpickled == []

    def test_what_stock_whoosh_reads_is_not_read(
        self, corpus: Documents, tmp_path: Path, unpickled: list[object]
    ) -> None:
        """Its table of contents, in its own format, under the name of a later one."""
        from whoosh.fields import ID, Schema
        from whoosh.filedb.filestore import FileStorage
        from whoosh.index import TOC

        few = dict(list(corpus.items())[:5])
        backend = build(tmp_path, few)
        (generation,) = tmp_path.glob("format*-*")
        mark = tmp_path / "mark"
        TOC(Schema(a=ID()), [Poison(mark)], 99).write(FileStorage(str(generation)), "articles")
        with pytest.raises(IndexUnavailableError):
            WhooshBackend("default", PATH=tmp_path).count()
        backend.rebuild(lambda: list(few), loader(few))
        assert backend.ids() == set(few)
        assert not mark.exists()
        assert unpickled == []
