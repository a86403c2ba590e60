"""The query language: what is typed, what is understood, what is repaired."""

import time
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from search.language import (
    And,
    Node,
    Not,
    Or,
    OutletName,
    Parsed,
    Period,
    Phrase,
    RepairKind,
    Word,
    parse,
)

PIECES = st.sampled_from(
    [
        *"()|-\"“”「」『』《》:：（）－＂　 ，。*?~^\\'",
        *("OR", "AND", "NOT", "ＯＲ", "or", " OR ", " AND ", " NOT ", " -", "||"),
        *("title:", "标题：", "標題:", "outlet:", "来源：", "after:", "before:", "date:", "日期："),
        *(
            "2023",
            "2023-12",
            "2023-12-14",
            "2023年2月",
            "20231214",
            "2023-13",
            "2023-02-30",
            "0000",
        ),
        *(
            "国安法",
            "國安法",
            "国家安全法修订",
            "F-35战机",
            "nato",
            "Ｎ",
            "rfi",
            "BBC 中文",
            "名:x",
        ),
    ]
)
TYPED = st.lists(PIECES, max_size=25).map("".join)


def tree(query: str) -> Node | None:
    return parse(query).tree


def kinds(parsed: Parsed) -> list[RepairKind]:
    return [repair.kind for repair in parsed.repairs]


@given(st.one_of(TYPED, st.text(max_size=60)))
@settings(max_examples=1500, deadline=None)
@example("title:-(a.b OR c) -d.e")
@example("-(" * 40 + "a")
@example("(a b OR " * 19 + "c")
@example("(a b OR " * 30 + "c")
def test_what_was_understood_is_understood_alike(query: str) -> None:
    parsed = parse(query)
    again = parse(parsed.understood)
    assert again.tree == parsed.tree
    assert again.understood == parsed.understood
    assert not again.repairs


@given(st.lists(st.sampled_from(["国安法", "nato", "F-35", "習近平"]), min_size=1, max_size=5))
def test_spaces_and_their_width_do_not_matter(words: list[str]) -> None:
    assert tree(" ".join(words)) == tree("\u3000".join(words)) == tree(f"  {'   '.join(words)} ")


@pytest.mark.parametrize(
    ("query", "understood"),
    [
        ("国安法", "国安法"),
        ("國安法 ＮＡＴＯ", "国安法 nato"),
        ("国安法，修订。", "国安法 修订"),
        ("A OR B", "a OR b"),
        ("A | B｜C", "a OR b OR c"),
        ("A||B", "a OR b"),
        ("A AND B", "a b"),
        ("A B OR C", "(a b) OR c"),
        ("A (B OR C)", "a (b OR c)"),
        ("A （B OR C）", "a (b OR c)"),
        ("A or B", "a or b"),
        ("A -B", "a -b"),
        ("A －B", "a -b"),
        ("A NOT B", "a -b"),
        ("-A", "-a"),
        ("--A", "a"),
        ("NOT -A", "a"),
        ("A - B", "a b"),
        ("f-35 A-B", "f-35 a-b"),
        ("-(A B)", "-(a b)"),
        ("-A.B", "-(a b)"),
        ("A A a", "a"),
        ("((A))", "a"),
        ("A (B C)", "a b c"),
        ('"国家安全"', '"国家安全"'),
        ("“国家，安全”", '"国家 安全"'),
        ("「国家安全」『法』《新闻》", '"国家安全" "法" "新闻"'),
        ("”国家安全“", '"国家安全"'),
        ("＂国家 - 安全＂", '"国家 安全"'),
        ('"F-35"', '"f 35"'),
        ('"。安全"', '" 安全"'),
        ('A"B"', 'a "b"'),
        ("title:国安法", "title:国安法"),
        ("标题：国安法", "title:国安法"),
        ("標題: 國安法 A", "title:国安法 a"),
        ('title:"国 安"', 'title:"国 安"'),
        ("title:(A OR -B) C", "(title:a OR -title:b) c"),
        ("-title:A", "-title:a"),
        ("title:-A", "-title:a"),
        ("outlet:rfi", "outlet:rfi"),
        ("来源：法广，A", "outlet:法广 a"),
        ('outlet:"BBC 中文" A', 'outlet:"bbc 中文" a'),
        ("-outlet:rfi A", "-outlet:rfi a"),
        ("after:2023", "after:2023-01-01"),
        ("之前：2023-02", "before:2023-02-28"),
        ("before:2024年2月", "before:2024-02-29"),
        ("date:2023", "date:2023"),
        ("日期：2023/12", "date:2023-12"),
        ("date:2023.1.5", "date:2023-01-05"),
        ("date:2023年12月14日", "date:2023-12-14"),
        ("date:20231214", "date:2023-12-14"),
        ("名:x http://a.example", "名 x http a example"),
        ("c:\\title", "c title"),
        ("", ""),
        ("，。 ()", ""),
        ("OR", "or"),
        ("NOT", "not"),
        ("AND OR", "and or"),
    ],
)
def test_is_understood(query: str, understood: str) -> None:
    assert parse(query).understood == understood


def test_gives_a_tree() -> None:
    assert tree('A (B OR "c d") -title:E outlet:rfi date:2023-12') == And(
        (
            Word("a"),
            Or((Word("b"), Phrase("c d"))),
            Not(Word("e", in_title=True)),
            OutletName("rfi"),
            Period(date(2023, 12, 1), date(2023, 12, 31)),
        )
    )


@pytest.mark.parametrize(
    ("query", "understood", "kind"),
    [
        ('A "国家 安全', 'a "国家 安全"', RepairKind.UNCLOSED_QUOTE),
        ("《国安法 A", '"国安法 a"', RepairKind.UNCLOSED_QUOTE),
        ("(A OR B", "a OR b", RepairKind.UNCLOSED_BRACKET),
        ("A) B", "a b", RepairKind.STRAY_BRACKET),
        ("A OR", "a", RepairKind.DANGLING_OPERATOR),
        ("| A", "a", RepairKind.DANGLING_OPERATOR),
        ("A AND", "a", RepairKind.DANGLING_OPERATOR),
        ("A NOT", "a", RepairKind.DANGLING_OPERATOR),
        ("A title:", "a title", RepairKind.DANGLING_OPERATOR),
        ("A outlet:", "a outlet", RepairKind.DANGLING_OPERATOR),
        ("after:2023-13", "after 2023-13", RepairKind.IMPOSSIBLE_DATE),
        ("date:2023-02-30 A", "date 2023-02-30 a", RepairKind.IMPOSSIBLE_DATE),
        ("date:昨天", "date 昨天", RepairKind.IMPOSSIBLE_DATE),
        ("before:", "before", RepairKind.IMPOSSIBLE_DATE),
        ("date:0001", "date 0001", RepairKind.IMPOSSIBLE_DATE),
    ],
)
def test_is_repaired_and_says_so(query: str, understood: str, kind: RepairKind) -> None:
    parsed = parse(query)
    assert parsed.understood == understood
    assert kinds(parsed) == [kind]


def test_more_than_a_thousand_characters_are_cut() -> None:
    parsed = parse("国" * 1001 + "安")
    assert tree("国" * 1000) == parsed.tree
    assert kinds(parsed) == [RepairKind.TOO_LONG]


def test_more_than_64_terms_are_left_out() -> None:
    words = [f"w{n}" for n in range(70)]
    parsed = parse(" ".join(words))
    assert parsed.understood == " ".join(words[:64])
    assert kinds(parsed) == [RepairKind.TOO_MANY_TERMS]
    assert parse(",".join(words)).understood == parsed.understood
    assert not parse(" ".join(words[:64])).repairs


def test_more_than_20_levels_are_searched_as_words() -> None:
    assert not parse("(a (b OR " * 10 + "c" + "))" * 10).repairs
    parsed = parse("(a (b OR " * 11 + "c" + "))" * 11)
    assert parsed.understood == "a b or c"
    assert kinds(parsed) == [RepairKind.TOO_DEEP]


@pytest.mark.parametrize(
    "piece", ["(", "-(", "NOT ", '"', "a|", "title:", "国", "《", "a b|(", "OR "]
)
def test_takes_no_time(piece: str) -> None:
    started = time.monotonic()
    parse(piece * 500_000)
    assert time.monotonic() - started < 1
