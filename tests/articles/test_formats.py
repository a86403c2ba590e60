"""Articles of every format are found by their content and read completely."""

import tarfile
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from articles.addresses import canonical_address
from articles.importing.decoding import decode
from articles.importing.formats import parse
from articles.importing.parsed import (
    NotAnArticleError,
    ParsedArticle,
    ProblemKind,
    UnusableFileError,
)
from articles.sanitising import clean

SHARED = Path(__file__).parents[2].parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the sample archive is not here")

LINK = "[标题](https://a.b/c)"


def archive_file(
    time: str | None = "1702566901000", link: str = LINK, body: str = "<p>正文</p>"
) -> str:
    first = "" if time is None else f"<!--{time}-->\n"
    return f"{first}{link}\n------\n\n{body}\n"


def problem_of(text: str, path: str = "articles/rfi/1.md") -> UnusableFileError:
    with pytest.raises(UnusableFileError) as caught:
        parse(text, path)
    return caught.value


# The archive format


def test_archive_file() -> None:
    assert parse(archive_file(), "x") == ParsedArticle(
        format="archive",
        title="标题",
        url="https://a.b/c",
        body="<p>正文</p>",
        published_at=datetime(2023, 12, 14, 15, 15, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize("time", [None, "NaN", "", "-1000", "0", "9" * 15, "9" * 20, "undefined"])
def test_missing_and_absurd_times_are_none(time: str | None) -> None:
    assert parse(archive_file(time), "x").published_at is None


@pytest.mark.parametrize(
    ("link", "title", "url"),
    [
        ("[[专题] 一 (二) ](https://a.b/c)", "[专题] 一 (二)", "https://a.b/c"),
        ("[一\n 二\n\n三](https://a.b/c)", "一 二 三", "https://a.b/c"),
        ("[见[此](http://x.y/)文](https://a.b/c)", "见[此](http://x.y/)文", "https://a.b/c"),
        ("[一 (二)--- 三](https://a.b/c)", "一 (二)--- 三", "https://a.b/c"),
        ("[标题](https://a.b/c_(d)_(e))", "标题", "https://a.b/c_(d)_(e)"),
        ("[标题](https://a.b/c?s=rss------2)", "标题", "https://a.b/c?s=rss------2"),
        ("[标题](https://a.b/中 文)", "标题", "https://a.b/中 文"),
    ],
)
def test_unescaped_titles_and_addresses(link: str, title: str, url: str) -> None:
    article = parse(archive_file(link=link), "x")
    assert (article.title, article.url, article.body) == (title, url, "<p>正文</p>")


@pytest.mark.parametrize("dashes", ["---", "------", "-" * 60, "------  "])
def test_separators(dashes: str) -> None:
    assert parse(f"<!--1-->\n{LINK}\n{dashes}\n<p>a</p>", "x").body == "<p>a</p>"


def test_windows_line_ends_and_byte_order_mark() -> None:
    raw = b"\xef\xbb\xbf" + archive_file().replace("\n", "\r\n").encode()
    assert parse(decode(raw), "x") == parse(archive_file(), "x")


def test_date_line_of_the_older_archive() -> None:
    body = "日期：Thu, 02 Jul 2020 07:39:48 +0000\n\n<p>正文</p>"
    article = parse(archive_file(None, body=body), "x")
    assert article.published_at == datetime(2020, 7, 2, 7, 39, 48, tzinfo=UTC)
    assert article.body == "<p>正文</p>"
    assert (
        parse(archive_file(body=body), "x").published_at == parse(archive_file(), "x").published_at
    )


@pytest.mark.parametrize("time", ["1702566901000", "NaN"])
def test_header_repeated_in_the_body_is_removed(time: str) -> None:
    link = "[[题] (一)](https://a.b/c?source=rss-f1------2)"
    article = parse(archive_file(link=link, body=f"<!--{time}-->{link}------<div>一</div>"), "x")
    assert article.body == "<div>一</div>"


def test_another_link_at_the_top_of_the_body_stays() -> None:
    body = "[别的](https://x.y/z)------<div>一</div>"
    assert parse(archive_file(body=body), "x").body == body


def test_missing_body_is_empty() -> None:
    assert parse(f"<!--1702566901000-->\n{LINK}\n------", "x").body == ""


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("[](https://a.b/c)", ProblemKind.NO_TITLE),
        ("[undefined](https://a.b/c)", ProblemKind.NO_TITLE),
        ("[标题]()", ProblemKind.NO_ADDRESS),
        ("[标题](undefined)", ProblemKind.NO_ADDRESS),
        ("[标题](/c)", ProblemKind.BAD_ADDRESS),
        ("[标题](https://a.b/cut", ProblemKind.NO_ADDRESS),
    ],
)
def test_incomplete_headers_are_problems_that_keep_the_file(link: str, kind: ProblemKind) -> None:
    problem = problem_of(archive_file(link=link))
    assert (problem.kind, problem.keep_capture) == (kind, True)


# Lists of links


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("BBC\n------\n\n9-1 [一](/articles/BBC/1.md)\n\n8-31 [二](/articles/BBC/2.md)\n", "x.md"),
        ("# 法广\n\n- [一](https://a.b/1)\n- [二](https://a.b/2)\n", "x.md"),
        ("1. [一](https://a.b/1)\n2. [二](https://a.b/2)\n", "x.md"),
        (f"{LINK}\n------\n{LINK}\n{LINK}\n", "x.md"),
        (
            "说明\n\n一句话。\n\n[一](lists/a.md)\n\n[二](lists/b.md)\n\n[三](lists/c.md)",
            "README.md",
        ),
        ("[查看更多](/articles/BBC)", "lists/BBC.md"),
        ("# 一个档案\n\n只有说明。", "archive/readme.md"),
    ],
)
def test_lists_of_links_are_no_articles(text: str, path: str) -> None:
    with pytest.raises(NotAnArticleError):
        parse(text, path)


@pytest.mark.parametrize("path", ["README.md", "lists/rfi.md", "articles/rfi/1.md"])
def test_an_article_is_one_wherever_it_lies(path: str) -> None:
    assert parse(archive_file(body="<p>一</p>\n<p>二</p>"), path).title == "标题"
    assert parse(archive_file(None, body="<p>一</p>\n<p>二</p>"), path).title == "标题"


def test_an_article_without_time_and_body_is_no_list() -> None:
    assert parse(f"{LINK}\n------\n", "articles/rfi/1.md").title == "标题"


# Markdown with front matter


def front_matter(*lines: str, body: str = "正文") -> str:
    return "\n".join(["---", *lines, "---", "", body])


def test_front_matter() -> None:
    lines = [
        "title: 标题",
        "date: 2020-07-02",
        "author: 张三",
        "url: https://a.b/c",
        "category: 一",
    ]
    body = "## 小标题\n\n**正文** <b>x</b>\n\n| a |\n|---|\n| 1 |"
    article = parse(front_matter(*lines, body=body), "x")
    assert (article.format, article.title, article.byline) == ("front_matter", "标题", "张三")
    assert article.published_at == datetime(2020, 7, 1, 16, tzinfo=UTC)
    for part in ("<h2>小标题</h2>", "<strong>正文</strong> <b>x</b>", "<table>"):
        assert part in article.body


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2020-07-02 15:39:48", datetime(2020, 7, 2, 7, 39, 48, tzinfo=UTC)),
        ("2020-07-02T15:39:48Z", datetime(2020, 7, 2, 15, 39, 48, tzinfo=UTC)),
        ("2020-07-02 15:39 +0200", datetime(2020, 7, 2, 13, 39, tzinfo=UTC)),
        ("2020年7月2日 15:39", datetime(2020, 7, 2, 7, 39, tzinfo=UTC)),
        ("'2020/7/2'", datetime(2020, 7, 1, 16, tzinfo=UTC)),
        ("1593675588", datetime(2020, 7, 2, 7, 39, 48, tzinfo=UTC)),
        ("1900-01-01 12:00", None),
        ("1900-01-02T00:00Z", datetime(1900, 1, 2, tzinfo=UTC)),
        ("2100-12-30 23:59Z", datetime(2100, 12, 30, 23, 59, tzinfo=UTC)),
        ("2100-12-31", datetime(2100, 12, 30, 16, tzinfo=UTC)),
        ("2100-12-31 12:00Z", None),
        ("1850-05-05", None),
        ("9999-12-31", None),
        ("2020-02-30", None),
        ("Thursday", None),
        ("2020-07", None),
        ("[]", None),
    ],
)
def test_dates_in_front_matter(date: str, expected: datetime | None) -> None:
    text = front_matter("title: 标题", "url: https://a.b/c", f"date: {date}")
    assert parse(text, "x").published_at == expected


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        (["from: 某报", "source: http://a.b/c"], "http://a.b/c"),
        (["original_url: https://a.b/c", "link: /local"], "https://a.b/c"),
    ],
)
def test_the_address_is_the_first_that_is_one(lines: list[str], url: str) -> None:
    assert parse(front_matter("title: 标题", *lines), "x").url == url


def test_scalars_in_front_matter_stay_text() -> None:
    text = front_matter(
        "Title: 2020", "authors: [张三, no]", "url: https://a.b/c", body="<p>一</p>"
    )
    article = parse(text, "x")
    assert (article.title, article.byline, article.body) == ("2020", "张三, no", "<p>一</p>")


def test_broken_front_matter_names_the_line() -> None:
    problem = problem_of(front_matter("title: 标题", "url: a: b"))
    assert problem.kind == ProblemKind.UNKNOWN_FORMAT
    assert "in line 3" in problem.message


@pytest.mark.parametrize(
    "lines", [["!!python/object/apply:os.system [id]"], ["[" * 9_000], ["&a [*a]"], ["? [a]: b"]]
)
def test_hostile_front_matter_is_a_problem(lines: list[str]) -> None:
    assert problem_of(front_matter(*lines)).kind == ProblemKind.UNKNOWN_FORMAT


def test_front_matter_without_title_or_address_keeps_the_file() -> None:
    for lines, kind in (
        (["url: https://a.b/c"], ProblemKind.NO_TITLE),
        (["title: 标题"], ProblemKind.NO_ADDRESS),
    ):
        problem = problem_of(front_matter(*lines))
        assert (problem.kind, problem.keep_capture) == (kind, True)


# Saved web pages

SENTENCE = "拜登和习近平在旧金山举行峰会时同意恢复两军高层沟通，但防务问题专家一直在等待消息。"
CANONICAL = '<link rel="canonical" href="https://a.b/c">'


def web_page(head: str = CANONICAL, body: str | None = None, before: str = "") -> str:
    if body is None:
        paragraphs = "".join(f"<p>{SENTENCE}{number}</p>" for number in range(8))
        picture = '<figure><img src="https://a.b/x.jpg" alt="x"></figure>'
        table = "<table><tr><td>单元</td><td>格</td></tr></table>"
        body = (
            '<nav><ul><li><a href="/">首页</a></li></ul></nav><article><h1>标题</h1>'
            f'{picture}{paragraphs}<p>见<a href="https://x.y/">链接</a>。</p>{table}'
            "<ul><li>一项</li></ul></article><footer>版权所有</footer>"
        )
    return f"<!DOCTYPE html>{before}<html><head><title>标题</title>{head}</head><body>{body}</body>"


def test_web_page() -> None:
    article = parse(web_page(), "x.txt")
    assert (article.format, article.title, article.url) == ("web_page", "标题", "https://a.b/c")
    for part in (SENTENCE + "7", "https://a.b/x.jpg", "https://x.y/", "单元", "一项"):
        assert part in article.body
    assert "首页" not in article.body


@pytest.mark.parametrize(
    ("head", "before"),
    [
        ('<meta property="og:url" content="https://a.b/c">', ""),
        ("", "<!-- saved from url=(0013)https://a.b/c -->"),
        ("", "<!--\n Page saved with SingleFile \n url: https://a.b/c \n saved date: x\n-->"),
        ('<base href="https://a.b/c">', ""),
        ('<link rel="canonical" href="/c"><base href="https://a.b/x/">', ""),
        ('<link rel="canonical" href="/c">', "<!-- saved from url=(0013)https://a.b/x -->"),
        (
            '<link rel="canonical" href="https://a.b/"><meta name="og:url" content="https://a.b/c">',
            "",
        ),
    ],
)
def test_addresses_of_web_pages(head: str, before: str) -> None:
    assert parse(web_page(head, before=before), "x").url == "https://a.b/c"


@pytest.mark.parametrize(
    "head", ["", '<base href="https://a.b/">', '<link rel=canonical href="/c">']
)
def test_a_web_page_without_an_address_of_its_own_is_kept(head: str) -> None:
    problem = problem_of(web_page(head))
    assert (problem.kind, problem.keep_capture) == (ProblemKind.NO_ADDRESS, True)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            '<meta property="article:published_time" content="2020-07-02T09:39:48+02:00">',
            datetime(2020, 7, 2, 7, 39, 48, tzinfo=UTC),
        ),
        (
            '<meta name="date" content="2020-07-02"><script type="application/ld+json">'
            '{"@graph": [{"datePublished": "2020-07-02T15:39:48"}]}</script>',
            datetime(2020, 7, 2, 7, 39, 48, tzinfo=UTC),
        ),
        ('<meta name="date" content="2020-07-02">', datetime(2020, 7, 1, 16, tzinfo=UTC)),
        ('<script type="application/ld+json">{broken</script>', None),
    ],
)
def test_times_of_web_pages(head: str, expected: datetime | None) -> None:
    assert parse(web_page(CANONICAL + head), "x").published_at == expected


def test_a_page_without_paragraphs_keeps_its_text() -> None:
    body = "<div>" + "<br>".join([SENTENCE] * 3) + "</div>"
    assert parse(web_page(body=body), "x").body.count(SENTENCE) == 3


def test_an_xml_declaration_does_no_harm() -> None:
    assert parse(f'<?xml version="1.0" encoding="gbk"?>{web_page()}', "x").title == "标题"


# Everything else


@pytest.mark.parametrize(
    "text", ["一段文字。", "{}", "---\nnever closed", "<rss></rss>", "[a] (b)"]
)
def test_other_files_are_a_clear_problem(text: str) -> None:
    problem = problem_of(text)
    assert problem.kind == ProblemKind.UNKNOWN_FORMAT
    assert not problem.keep_capture


PIECES = st.sampled_from(
    [
        "<!--1-->",
        "<!--",
        "-->",
        "[",
        "](",
        ")",
        "https://a.b/c",
        "\n",
        "------",
        "---\n",
        "title: a",
        "url: https://a.b/c",
        "<html>",
        CANONICAL,
        "<p>",
        "日期：",
        "\x01",
        "%",
        "&",
        '"',
        "- ",
        "一",
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)), st.sampled_from(["x", "README.md"]))
@example("<!--1-->[a](http://[)\n---", "x")
@example("\ufeff", "x")
@example('<html><link rel="canonical" href="http://["><base href="http://["><body>', "x")
def test_any_text_gives_an_article_or_one_of_two_errors(text: str, path: str) -> None:
    try:
        article = parse(text, path)
    except (NotAnArticleError, UnusableFileError):
        return
    assert article.title == " ".join(article.title.split())
    assert article.title
    canonical_address(article.url)


@needs_shared
def test_the_seed() -> None:
    article = parse(decode(next((SHARED / "seeds").glob("*.txt")).read_bytes()), "seed.txt")
    assert article.title == "美国防部中国事务高官在拜习会前曾会见中国驻美武官"
    assert article.published_at == datetime(2023, 12, 14, 15, 15, 1, tzinfo=UTC)
    assert article.url.startswith("https://www.rfi.fr/cn/")
    assert article.body.startswith("<div>14/12/2023 - 15:56</div>")


@needs_shared
def test_real_articles() -> None:
    with tarfile.open(SHARED / "data" / "sample-archive.tar.xz") as archive:
        members = (member for member in archive if member.isfile())
        for member in islice(members, 0, 3_000, 10):
            file = archive.extractfile(member)
            assert file is not None
            article = parse(decode(file.read()), member.name)
            assert article.format == "archive"
            assert article.published_at is not None
            assert article.body.startswith("<")
            assert not article.body.startswith("<!--")


PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{title} - 某日报</title>
<link rel="canonical" href="https://paper.example/{number}">
<meta property="og:title" content="{title}"></head>
<body><header><nav><ul><li><a href="/">首页</a></li>
<li><a href="/a">国际</a></li></ul></nav></header>
<main><article><h1>{title}</h1><p class="byline">记者 张三</p>{body}</article></main>
<aside><h3>相关阅读</h3><ul><li><a href="/x">别的新闻</a></li></ul></aside>
<footer>版权所有</footer></body></html>"""


@pytest.mark.parametrize("paragraphs", [1, 2, 3, 6, 12])
@pytest.mark.parametrize("extra", ["", "<figure><img src='/a.jpg' alt='桥'></figure>"])
def test_a_saved_page_keeps_its_paragraphs_and_pictures(paragraphs: int, extra: str) -> None:
    written = [
        f"第{n}段：据本报记者从市交通局了解到，听潮大桥将封闭检修{n}天。" for n in range(paragraphs)
    ]
    body = extra + "".join(f"<p>{text}</p>" for text in written)
    parsed = parse(PAGE.format(title="听潮大桥检修", number=paragraphs, body=body), "a.html")
    cleaned = clean(parsed.body, url=parsed.url)
    lines = [line for line in cleaned.text.split("\n") if "记者 张三" not in line]
    assert lines == written
    assert ("<img" in cleaned.body) == bool(extra)


@pytest.mark.parametrize("deep", [30, 59, 100, 200, 1000])
@pytest.mark.parametrize("mark", [">", "- "])
def test_no_markdown_is_nested_too_deeply_to_be_read(deep: int, mark: str) -> None:
    body = mark * deep + "深处的话"
    parsed = parse(f"---\ntitle: 题\nurl: https://paper.example/1\n---\n{body}", "a.md")
    assert "深处的话" in clean(parsed.body).text
