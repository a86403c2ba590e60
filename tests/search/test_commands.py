"""Searching from the terminal."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from articles.models import Article, Outlet
from search.indexing import rebuild

Manage = Callable[..., "subprocess.CompletedProcess[str]"]


def search(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("search", *arguments, stdout=out, **options)
    return out.getvalue()


class TestOutput:
    def test_an_article(self, archive: list[Article]) -> None:
        assert search('"内容16"').splitlines() == [
            '1 found, understood as: "内容16"',
            "",
            "2023-12-14  报纸1  第16则新闻",
            "    台灣新闻的【内容16】",
            "    https://paper.example/16",
        ]

    def test_an_undated_article(self, archive: list[Article]) -> None:
        assert "no date  报纸2  第29则新闻" in search('"内容29"')

    def test_marks_on_a_terminal(self, archive: list[Article]) -> None:
        assert "的\x1b[1m内容16\x1b[0m" in search('"内容16"', "--force-color")

    def test_what_was_repaired(self, archive: list[Article]) -> None:
        out = search('台湾 outlet:没有 "未闭合')
        assert 'repaired unclosed quote: "未闭合' in out
        assert "no outlet is called 没有" in out

    def test_pages(self, archive: list[Article]) -> None:
        pages = [
            search("台湾", "--sort=oldest", f"--page={n}", "--page-size=12") for n in (1, 2, 3, 4)
        ]
        assert [re.findall("page . of .", page) for page in pages] == [
            ["page 1 of 3"],
            ["page 2 of 3"],
            ["page 3 of 3"],
            ["page 4 of 3"],
        ]
        found = [int(n) for page in pages for n in re.findall(r"example/(\d+)", page)]
        assert sorted(found) == list(range(30))
        assert [n for n in found if n < 29] == list(range(29))

    def test_narrowed(self, archive: list[Article]) -> None:
        out = search("台湾", "--outlet=paper-0", "--outlet=paper-1", "--after=2023-12-14")
        found = {int(n) for n in re.findall(r"example/(\d+)", out)}
        assert found == {n for n in range(16, 29) if n % 3 != 2}
        assert "0 found" in search("台湾", "--before", "2022")

    def test_nothing_to_search_for(self, archive: list[Article]) -> None:
        assert search("，。") == "There is no word to search for in it.\n"

    def test_json_is_what_the_api_answers(self, archive: list[Article], client: Client) -> None:
        told = json.loads(search("台湾", "--page=2", "--page-size=5", "--json"))
        asked = client.get("/api/search?q=台湾&page=2&page_size=5").json()
        for answer in (told, asked):
            assert answer.pop("took_ms") >= 0
        for result in asked["results"]:
            result["url"] = result["url"].removeprefix("http://testserver")
        assert told == asked

    def test_articles_cannot_command_the_terminal(self, archive: list[Article]) -> None:
        archive[0].title = "标题\x1b[2J\x9b31m\r\n&lt;mark&gt;<mark>"
        archive[0].text = "特别\x1b]0;内容\x07<mark>之后"
        archive[0].save()
        rebuild()
        out = search('"特别" ')
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)
        assert "&lt;mark&gt;<mark>" in out
        assert "【特别】" in out
        assert "<mark>之后" in out


class TestBadOptions:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--outlet=nobody"], "nobody"),
            (["--after=2023-13"], "“2023-13” is no date"),
            (["--before=soon"], "“soon” is no date"),
            (["--page=0"], "--page"),
            (["--page-size=0"], "--page-size"),
        ],
    )
    def test_are_said(self, archive: list[Article], arguments: list[str], said: str) -> None:
        with pytest.raises(CommandError, match=said) as caught:
            search("台湾", *arguments)
        assert caught.value.returncode == 2

    def test_a_page_that_cannot_be(self, archive: list[Article]) -> None:
        assert "page" in search("台湾", f"--page={10**30}")

    def test_no_index(self, archive: list[Article], index_folder: Path) -> None:
        shutil.rmtree(index_folder)
        with pytest.raises(CommandError, match="rebuild_index") as caught:
            search("台湾")
        assert caught.value.returncode == 1


class TestProcess:
    def test_exit_statuses(self, manage: Manage) -> None:
        done = manage("search", "x")
        assert (done.returncode, done.stdout) == (1, "")
        assert "run: manage.py rebuild_index" in done.stderr
        assert manage("rebuild_index", "--jobs=1").returncode == 0
        done = manage("search", "--", "-没有 \udcff有")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "0 found, understood as: -没有 有\n"
        for bad in (["--sort=best"], ["--page=x"], ["--outlet=nobody"]):
            done = manage("search", "x", *bad)
            assert done.returncode == 2
            assert "Traceback" not in done.stderr

    def test_a_reader_that_has_seen_enough(
        self, archive: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Closed(StringIO):
            def write(self, text: str) -> int:
                raise BrokenPipeError

        with Path("/dev/null").open("w") as nowhere:
            monkeypatch.setattr(sys, "stdout", nowhere)
            call_command("search", "台湾", stdout=Closed())


def test_names_of_outlets_cannot_command_the_terminal(archive: list[Article]) -> None:
    Outlet.objects.update(name="报\x1b[2J纸")
    assert "\x1b" not in search("台湾")
