"""Marks in bodies: where the text that was indexed has matches, and nothing else changes."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.sanitising import clean, without_pictures
from search.marking import MOST_MATCHES, Marking, mark
from search.query import Piece
from search.text import fold
from search.understanding import understand

SAMPLE = sorted((Path(__file__).parents[2] / "sample" / "articles").glob("*/*.md"))
LINK = (
    '<a href="https://x.example/?国安法" title="国安法 &quot;>" rel="noopener noreferrer nofollow">'
)

markup = st.lists(
    st.one_of(
        st.sampled_from("国國安法台臺湾灣，。 \n-<>&\"'"),
        st.sampled_from(["国安法", "NATO", "Ｆ－35", "iPhone15", "国家 安全", "国，家"]),
        st.sampled_from(
            ["&amp;", "&#22269;", "&lt;", "&nbsp;", "&quot;国&quot;", "&bogus;", "&#0;"]
        ),
        st.sampled_from(
            [
                "p",
                "div",
                "b",
                "i",
                "span",
                "li",
                "ul",
                "td",
                "tr",
                "table",
                "h2",
                "pre",
                "ruby",
                "rt",
                "mark",
                "figure",
            ]
        ).flatmap(lambda tag: st.sampled_from([f"<{tag}>", f"</{tag}>"])),
        st.sampled_from(["<br>", "<hr>", "<wbr>", "<!--国-->", "<script>国安法</script>"]),
        st.sampled_from([LINK, "</a>", "<a href='https://x.example/\"国安法'>"]),
        st.sampled_from(['<img src="https://x.example/1.jpg" alt="国安法">', "<img src=x>"]),
        st.characters(),
    ),
    max_size=40,
).map("".join)
typed = st.lists(
    st.sampled_from(
        [*"国國安法台灣natoＮ35 -，<>&\"'amp;", "国安法", "nato", "国 家", '"', "title:"]
    ),
    max_size=8,
).map("".join)


def pieces_of(query: str) -> list[Piece]:
    return [piece for piece in understand(query).marks if not piece.in_title]


def marked(body: str, query: str) -> Marking:
    return mark(body, pieces_of(query))


def unmarked(shown: str) -> str:
    """Take out what marking may put in."""
    return re.sub(r'<mark class="match"(?: id="match-\d+")?>([^<]+)</mark>', r"\1", shown)


def texts_marked(shown: str) -> list[str]:
    return [
        html.unescape(text)
        for text in re.findall(r"<mark class=\"match\"[^>]*>(.*?)</mark>", shown, re.DOTALL)
    ]


class Events(HTMLParser):
    """What a parser sees, but for marks of ours; neighbouring texts are one."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[str, object]] = []
        self.ours = 0
        self.feed(source)
        self.close()

    def add(self, kind: str, content: object) -> None:
        if kind == "text" and self.found and self.found[-1][0] == "text":
            content = f"{self.found.pop()[1]}{content}"
        self.found.append((kind, content))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "mark" and dict(attrs).get("class") == "match":
            assert not self.ours
            assert set(dict(attrs)) <= {"class", "id"}
            self.ours = 1
        else:
            assert not self.ours
            self.add("start", (tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        if self.ours:
            assert tag == "mark"
            self.ours = 0
        else:
            self.add("end", tag)

    def handle_data(self, data: str) -> None:
        self.add("text", data)

    def handle_entityref(self, name: str) -> None:
        self.add("text", f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.add("text", f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.add("comment", data)


def check(body: str, marking: Marking) -> None:
    """Marks come into text and nothing else happens; ids count from 1."""
    assert unmarked(marking.html) == body
    assert Events(marking.html).found == Events(body).found
    ids = re.findall(r' id="match-(\d+)"', marking.html)
    assert ids == [str(number) for number in range(1, len(ids) + 1)]
    assert [match.number for match in marking.matches] == [int(number) for number in ids]


def matches_in_text(text: str, query: str) -> list[str]:
    """Return what matches in a plain text, line by line: the oracle."""
    found: list[str] = []
    for line in fold(text).split("\n"):
        inside = [False] * (len(line) + 1)
        for piece in pieces_of(query):
            for occurrence in piece.occurrences.finditer(line):
                inside[occurrence.start() : occurrence.end()] = [True] * len(occurrence[0])
        runs = "".join("x" if flag else " " for flag in inside)
        found += [line[run.start() : run.end()] for run in re.finditer("x+", runs)]
    return [" ".join(text.split()) for text in found]


def matches_in_body(body: str, query: str) -> list[str]:
    return [" ".join(fold(match.text).split()) for match in marked(body, query).matches]


@pytest.mark.parametrize(
    ("body", "query", "expected"),
    [
        ("<p>香港國安法生效</p>", "国安法", ["國安法"]),
        ("<p>国<b>安</b>法</p>", "國安法", ["国", "安", "法"]),
        ("<p>国<b>安<i></i></b>法</p>", "国安法", ["国", "安", "法"]),
        ("<p>国</p><p>安法</p>", "国安法", []),
        ("<ul><li>国</li><li>安法</li></ul>", "国安法", []),
        ("<h2>国</h2>安法", "国安法", []),
        ("<p>国<br>安法</p>", "国安法", []),
        ("<table><tbody><tr><td>国</td><td>安法</td></tr></tbody></table>", "国安法", []),
        ("<p>国家<br><br>安全</p>", '"国家 安全"', []),
        # One line break, or the next cell, is white space in the text that was indexed.
        ("<p>国家<br>安全</p>", '"国家 安全"', ["国家", "安全"]),
        ("<p>国家，安全</p>", '"国家 安全"', ["国家，安全"]),
        ("<p>国家</p>\n<p>安全</p>", '"国家 安全"', []),
        ("<p>国家\n安全</p>", '"国家 安全"', ["国家\n安全"]),
        ("<pre>国家\n安全</pre>", '"国家 安全"', []),
        ("<p>A&amp;B，a b</p>", '"a b"', ["A&B", "a b"]),
        ("<p>&#22269;安法</p>", "国安法", ["国安法"]),
        ("<p>&lt;script&gt; amp lt</p>", "lt", ["lt"]),
        ("<p>x &amp; amp</p>", "amp", ["amp"]),
        ("<p>重重重复</p>", "重", ["重重重"]),
        ("<p>NATO与nato-2023</p>", "nato", ["NATO", "nato"]),
        (f"<p>{LINK}国安法</a></p>", "国安法", ["国安法"]),
        ("<p>class mark match id b</p><p><b>b</b></p>", "b mark", ["mark", "b", "b"]),
        ("<p>国安法</p>", "title:国安法", []),
        ("<p>国安法</p>", "-国安法 法", ["法"]),
        ("<p>国安法</p>", "", []),
        ("", "国安法", []),
    ],
)
def test_what_is_marked(body: str, query: str, expected: list[str]) -> None:
    marking = marked(body, query)
    assert texts_marked(marking.html) == expected
    check(body, marking)


def test_a_match_has_one_anchor_however_many_marks() -> None:
    marking = marked("<p>国<b>安</b>法，国安法</p>", "国安法")
    assert marking.html == (
        '<p><mark class="match" id="match-1">国</mark><b><mark class="match">安</mark></b>'
        '<mark class="match">法</mark>，<mark class="match" id="match-2">国安法</mark></p>'
    )
    assert [match.text for match in marking.matches] == ["国安法", "国安法"]
    assert mark("国安法", pieces_of("国安法"), first=7).html.count('id="match-7"') == 1


def test_nothing_comes_between_the_cells_of_a_table() -> None:
    """A browser would take an element there out of the table."""
    body = "<table><tbody><tr><td>国家</td> \n <td>安全</td></tr></tbody></table>"
    marking = marked(body, '"国家 安全"')
    assert texts_marked(marking.html) == ["国家", "安全"]
    assert len(marking.matches) == 1
    check(body, marking)


def test_the_words_in_the_place_of_a_picture_are_not_the_text() -> None:
    body = clean(
        '<p>国<img src="https://x.example/1.jpg" alt="国安法">安法</p>'
        '<p><a href="https://x.example/"><img src="https://x.example/2.jpg" alt="国">安法</a></p>'
        "<p title='class=\"picture\"'>国安法</p>"
    ).body
    for shown in (body, without_pictures(body)):
        marking = marked(shown, "国安法")
        assert [match.text for match in marking.matches] == ["国安法", "国安法"]
        assert texts_marked(marking.html) == ["国", "安法", "国安法"]
        check(shown, marking)


def test_a_match_is_told_with_its_line() -> None:
    body = f"<p>前一段</p><p>{'甲' * 30}<b>国</b>安法{'乙' * 30}</p><p>国安法</p>"
    first, second = marked(body, "国安法").matches
    assert (first.before, first.text, first.after) == ("甲" * 16, "国安法", "乙" * 16)
    assert (second.before, second.text, second.after) == ("", "国安法", "")


def test_there_is_an_end_to_marking() -> None:
    body = "<p>" + "国，" * 1000 + "</p>"
    marking = marked(body, "国")
    assert len(marking.matches) == MOST_MATCHES == marking.html.count("<mark")
    assert not marking.is_complete
    check(body, marking)
    assert mark(body, pieces_of("国"), most=1000).is_complete
    assert marked("<p>" + "国，" * MOST_MATCHES + "</p>", "国").is_complete


@pytest.mark.parametrize(
    "body", ["<p>国<p", "国<>国", "<p>国&国", "<p>国<!--国-->国", '国<a title="国>国']
)
def test_what_is_no_sanitised_html_is_left_alone(body: str) -> None:
    marking = marked(body, "国")
    assert texts_marked(marking.html) == ["国"]
    assert unmarked(marking.html) == body


@given(st.text(st.sampled_from("<>&;\"'/=! abp国-#x1"), max_size=60), typed)
def test_any_string_stays_what_it_is(string: str, query: str) -> None:
    assert unmarked(marked(string, query).html) == string


@given(markup, typed)
@settings(max_examples=600)
def test_a_body_gets_marks_and_nothing_else(raw: str, query: str) -> None:
    cleaned = clean(raw)
    for body in (cleaned.body, without_pictures(cleaned.body), html.escape(raw)):
        check(body, marked(body, query))
    expected = matches_in_text(cleaned.text, query)
    assert matches_in_body(cleaned.body, query) == expected
    assert matches_in_body(without_pictures(cleaned.body), query) == expected


@given(st.data())
@settings(max_examples=300)
def test_every_match_of_the_text_is_marked_in_the_body(data: st.DataObject) -> None:
    """Strings of real articles, across punctuation: marks are where the indexed text matches."""
    path = data.draw(st.sampled_from(SAMPLE))
    cleaned = clean(path.read_text(encoding="utf-8").partition("\n------\n")[2])
    start = data.draw(st.integers(0, len(cleaned.text) - 1))
    query = cleaned.text[start : start + data.draw(st.integers(1, 12))]
    if data.draw(st.booleans()):
        query = '"{}"'.format(query.replace('"', " "))
    marking = marked(cleaned.body, query)
    check(cleaned.body, marking)
    assert (
        matches_in_body(cleaned.body, query) == matches_in_text(cleaned.text, query)[:MOST_MATCHES]
    )
