"""Articles in the other script: characters change, one for one, and nothing else does."""

import json
import re
import tarfile
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.sanitising import clean, without_pictures
from search.marking import mark
from search.scripts import Script, html_in_script, language_of, script_of_text, text_in_script
from tests.search.test_marking import SAMPLE, markup, pieces_of

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SCRIPTS: tuple[Script, ...] = ("hans", "hant")
BOTH_WAYS = "国國安法台臺湾灣后後里裡裏着著于於乾干只隻面麵发發髮云雲么麼，。 \nａA-<&'\"の"

mixed = st.text(st.sampled_from(BOTH_WAYS), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("香港国安法生效", "hans"),
        ("香港國安法生效", "hant"),
        ("皇后大道中", ""),
        ("他坐着看著名的山", ""),
        ("《國家安全法》，国安法的这个说法与时间", "hans"),
        ("習近平說「国」字，時間這麼長", "hant"),
        ("Nothing here", ""),
        ("国境の長いトンネルを抜けると雪国であった", ""),
        ("", ""),
        ("中国人去了吃の店，很开心地说着话", "hans"),
    ],
)
def test_the_script_of_a_text(text: str, expected: str) -> None:
    assert script_of_text(text) == expected


@pytest.mark.parametrize(
    ("text", "script", "expected"),
    [
        ("香港国安法", "original", "zh-Hans"),
        ("香港国安法", "hant", "zh-Hant"),
        ("皇后大道中", "original", "zh"),
        ("皇后大道中", "hans", "zh-Hans"),
        ("News 2023", "hant", ""),
        ("雪国であった", "hant", ""),
    ],
)
def test_the_language_of_a_text(text: str, script: str, expected: str) -> None:
    assert language_of(text, script) == expected


@pytest.mark.parametrize(
    ("text", "hans", "hant"),
    [
        ("皇后在后面理发", "皇后在后面理发", "皇后在後面理髮"),
        ("皇后在後面理髮", "皇后在后面理发", "皇后在後面理髮"),
        ("为了沿着这条路找名著", "为了沿着这条路找名著", "為了沿著這條路找名著"),
        # Taiwan writes 沿著, Hong Kong writes 沿着 and 衞.
        ("為了沿著這條路", "为了沿着这条路", "為了沿著這條路"),
        ("衞生署沿着這條路，原著", "卫生署沿着这条路，原著", "衞生署沿着這條路，原著"),
        ("什么这么简单", "什么这么简单", "什麼這麼簡單"),
        # The words are the author's: no 计算机 becomes 電腦, no 软件 軟體.
        ("计算机软件", "计算机软件", "計算機軟件"),
        ("他说“這個國家”的时候，这个国家还没有", "他说“这个国家”的时候，这个国家还没有", None),
        ("於先生说这是乾隆年间的", "於先生说这是乾隆年间的", "於先生說這是乾隆年間的"),
        ("雪国であった", "雪国であった", "雪国であった"),
        ("国\0国", "国\0国", "國\0國"),
        ("NATO & <b>", "NATO & <b>", "NATO & <b>"),
    ],
)
def test_a_text_in_both_scripts(text: str, hans: str, hant: str | None) -> None:
    assert text_in_script(text, "hans") == hans
    assert hant is None or text_in_script(text, "hant") == hant


def test_phrases_are_seen_across_tags_and_marks() -> None:
    body = '<p>皇<b>后</b>理<i>发</i>，头<a href="https://x.example/发">发</a></p><p>后</p>'
    shown = '<p>皇<b>后</b>理<i>髮</i>，頭<a href="https://x.example/发">髮</a></p><p>後</p>'
    assert html_in_script(body, "hant") == shown
    marking = mark(body, pieces_of("发"), in_script=lambda html: html_in_script(html, "hant"))
    assert marking.html.count('id="match-') == 2
    assert re.sub("</?mark[^>]*>", "", marking.html) == shown
    assert [(match.before, match.text) for match in marking.matches] == [
        ("皇后理", "髮"),
        ("皇后理髮，頭", "髮"),
    ]


def test_only_what_people_see_changes() -> None:
    body = (
        '<p lang="国"><a href="https://x.example/国?a=国" title="国家 &amp; 国">国&amp;家</a>'
        '<img src="https://x.example/国.jpg" alt="国家\'s"></p>国'
    )
    shown = (
        '<p lang="国"><a href="https://x.example/国?a=国" title="國家 &amp; 國">國&amp;家</a>'
        '<img src="https://x.example/国.jpg" alt="國家\'s"></p>國'
    )
    assert html_in_script(body, "hant") == shown
    assert html_in_script("国<p 国", "hant") == "國<p 国"


def outline(body: str) -> list[tuple[str, dict[str, str], int, int]]:
    """Return what a parser makes of a body, texts and what people see of attributes by length."""
    root = lxml.html.fragment_fromstring(body, create_parent="div")
    return [
        (
            str(element.tag),
            {
                name: str(len(value)) if name in ("alt", "title") else value
                for name, value in element.attrib.items()
            },
            len(element.text or ""),
            len(element.tail or ""),
        )
        for element in root.iter()
    ]


def check(body: str, query: str = "") -> None:
    """Nothing but characters changes, a second time nothing at all; marks stay where they are."""
    for script in SCRIPTS:
        shown = html_in_script(body, script)
        assert len(shown) == len(body)
        # What HTML is made of is ASCII; a parser could see a difference in nothing else.
        assert all(a == b or min(a, b) > "\u2e7f" for a, b in zip(shown, body, strict=True))
        assert outline(shown) == outline(body)
        assert html_in_script(shown, script) == shown
        pieces = pieces_of(query)
        marked = mark(body, pieces)
        converted = mark(body, pieces, in_script=lambda html: html_in_script(html, script))  # noqa: B023
        assert len(converted.matches) == len(marked.matches)
        assert places(converted.html) == places(marked.html)
        assert re.sub('</?mark(?: class="match"[^>]*)?>', "", converted.html) == re.sub(
            '</?mark(?: class="match"[^>]*)?>', "", html_in_script(body, script)
        )


def places(marked: str) -> list[tuple[int, str]]:
    return [(found.start(), found[0]) for found in re.finditer(r"</?mark[^>]*>", marked)]


@given(markup, mixed)
@settings(max_examples=150)
def test_a_body_keeps_its_structure_and_its_marks(raw: str, query: str) -> None:
    cleaned = clean(raw)
    check(cleaned.body, query)
    check(without_pictures(cleaned.body), query)


@given(st.one_of(mixed, st.text(max_size=40)))
@settings(max_examples=300)
def test_any_text_keeps_its_length(text: str) -> None:
    for script in SCRIPTS:
        assert len(text_in_script(text, script)) == len(text)
        assert len(html_in_script(text, script)) == len(text)
    script_of_text(text)


@pytest.mark.skipif(not DATA.exists(), reason="the published attacks are not here")
def test_no_attack_gains_by_another_script() -> None:
    for entry in json.loads((DATA / "xss_payloads.json").read_text(encoding="utf-8")):
        body = (
            f"<p>这个国家</p>{entry['payload']}<a href='https://x.example/' title='这个国家'>国</a>"
        )
        check(clean(body).body, "国家 alert")


def real_bodies() -> Iterator[str]:
    if (DATA / "sample-archive.tar.xz").exists():
        with tarfile.open(DATA / "sample-archive.tar.xz", "r:xz") as archive:
            for member in islice(archive, 120):
                if file := archive.extractfile(member):
                    yield file.read().decode("utf-8", "ignore")
    for path in SAMPLE:
        yield path.read_text(encoding="utf-8")


def test_real_articles_keep_their_marks() -> None:
    telling = {"hans": set("这国说为时对个们"), "hant": set("這國說為時對個們")}
    for raw in real_bodies():
        cleaned = clean(raw.partition("\n------\n")[2])
        middle = len(cleaned.text) // 2
        check(cleaned.body, f"国 台湾 为 {cleaned.text[middle : middle + 2]}")
        written_in = script_of_text(cleaned.text)
        for script in SCRIPTS:
            shown = text_in_script(cleaned.text, script)
            if written_in == script:
                assert shown == cleaned.text or script == "hans"
            elif written_in:
                assert not set(shown) & telling[written_in]


def test_threads_convert_at_once() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SAMPLE]
    expected = [text_in_script(text, "hant") for text in texts]
    wrong: list[str] = []

    def convert() -> None:
        for text, shown in zip(texts, expected, strict=True):
            if text_in_script(text, "hant") != shown:
                wrong.append(text)

    threads = [threading.Thread(target=convert) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
