"""The index follows the editors' own words: by the worker after a rest, by commands at once."""

from io import StringIO

import pytest
from django.core.management import call_command

from articles.models import Article, PendingChange
from search.engines.base import engine
from search.indexing import follow_changes
from search.models import Word
from search.own_words import SECONDS_OF_REST, Rest, add_words
from search.text import NO_WORDS


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
