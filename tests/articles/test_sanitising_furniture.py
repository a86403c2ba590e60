"""Furniture, embeds, addresses and pictures, rule by rule, on small pieces of HTML."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from articles.sanitising import clean, without_pictures

SEED = Path(__file__).parents[2].parent / "shared" / "seeds" / "000_463d53a6658c2af1.txt"
PAGE = "https://news.example.org/2023/12/a.html"
REL = 'rel="noopener noreferrer nofollow"'
PUBLISHED = datetime(2023, 12, 14, 15, 15, 1, tzinfo=UTC)


@pytest.mark.skipif(not SEED.parent.exists(), reason="the seed is not here")
def test_the_seed() -> None:
    head, _, html = SEED.read_text("utf-8").partition("\n------\n")
    url = head.rpartition("](")[2].rstrip(")")
    cleaned = clean(html, url=url, published_at=PUBLISHED)
    assert cleaned.body.endswith("，该条约就会生效。</p>")
    assert "《美菲共同防御条约》" in cleaned.body.rpartition("<p>")[2]
    assert "15:56" not in cleaned.body
    assert "分享" not in cleaned.body
    assert "<a" not in cleaned.body
    assert not re.search(r"<(\w+)[^>]*>\s*</\1>", cleaned.body)
    assert cleaned.body.count('<img src="https://s.rfi.fr/media/display/') == 1
    assert cleaned.text.startswith("据英国《金融时报》报导")
    assert len(cleaned.text.split("\n")) == 9
    assert cleaned.text_only == ""
    assert clean(cleaned.body, url=url, published_at=PUBLISHED) == cleaned


@pytest.mark.parametrize(
    "furniture",
    [
        '<div><div>分享 :</div><div><a href="https://x.com/intent/tweet?u=1"></a></div></div>',
        '<p>Share: <a href="https://www.facebook.com/sharer/sharer.php?u=1">Facebook</a> '
        '<a href="https://twitter.com/intent/tweet?u=1">Twitter</a></p>',
        '<ul><li><a href="https://service.weibo.com/share/share.php?u=1">微博</a></li></ul>',
        '<a href="whatsapp://send?text=1">WhatsApp</a>',
        '<a href="https://example.org/a?share=twitter"><img src="https://example.org/i.png"></a>',
        '<a href="mailto:?subject=1">电邮</a>',
        "<share-button>按</share-button><share-modal>窗</share-modal>",
        "<span data-root-share>按</span>",
        "<div data-selfpromo-newsletter>订阅</div><div data-selfpromo-app>下载</div>",
        '<div class="a sharedaddy b"><h3>共享此文章：</h3></div>',
        '<div class="jp-relatedposts"><h3>相关</h3></div>',
        '<span class="screen-reader-text">跳过</span>',
        '<span class="visually-hidden">跳过</span>',
        "<div hidden>藏</div>",
        '<div style="color:red; display: none">藏</div>',
        "<div>广告</div>",
        "<p><span>Advertisement</span></p>",
        '<ins class="adsbygoogle">广告</ins>',
        "<p></p><div><p> <b></b></p></div>",
        "<p>&nbsp;</p><p><br></p><ul><li></li></ul>",
        "<p>\u200b</p>",
        '<iframe src="https://ads.doubleclick.net/a"></iframe>',
        '<img src="https://example.org/a.gif" width="1" height="1">',
        '<img src="data:image/gif;base64,R0lGOD">',
        "<table><tr><td></td></tr></table>",
        '<a href="https://example.org/"></a>',
    ],
)
def test_furniture_goes(furniture: str) -> None:
    assert clean(f"<p>前</p>{furniture}<p>后</p>", url=PAGE).body == "<p>前</p><p>后</p>"


@pytest.mark.parametrize(
    "article",
    [
        "<p>他把文章分享到微博。</p>",
        "<p>分享</p>",
        "<h3>广告</h3>",
        "<p>这是<b>广告</b>吗</p>",
        "<table><tbody><tr><td>广告</td></tr></tbody></table>",
        "<p>一<span> </span>二</p>".replace("<span> </span>", " "),
        f'<p>分享：<a href="https://example.org/" {REL}>一篇好文章</a></p>',
        f'<p><a href="https://x.com/user/status/1" {REL}>推文</a></p>',
        f'<p><a href="mailto:red@example.org" {REL}>编辑部</a></p>',
        "<p><b>一</b></p><p>二<i>三</i></p>",
    ],
)
def test_article_text_stays(article: str) -> None:
    assert clean(article, url=PAGE).body == article


def test_words_of_a_share_link_in_a_sentence_stay() -> None:
    html = '<p>请<a href="https://twitter.com/intent/tweet?u=1">告诉关心此事的人</a>。</p>'
    assert clean(html).body == "<p>请告诉关心此事的人。</p>"


def test_white_space_of_an_empty_element_still_parts_words() -> None:
    assert clean("<p>New<span> </span>York</p>").body == "<p>New York</p>"


def test_long_hidden_text_stays() -> None:
    html = f'<div style="display:none"><p>{"正文" * 200}</p></div>'
    assert "正文" in clean(html).body


def test_empty_elements_go_repeatedly() -> None:
    assert clean("<div><ul><li><p><b><i></i></b></p></li></ul></div>").body == ""


def test_bare_divs_around_blocks_go() -> None:
    assert clean("<div><div><p>一</p></div><div>二</div></div>").body == "<p>一</p><div>二</div>"


@pytest.mark.parametrize(
    "printed",
    [
        "14/12/2023 - 15:56",
        "2023-12-14",
        "2023年12月14日 23:56",
        "2023/12/15 07:15:01",
        "发布时间：2023-12-14 15:56",
        "12/14/2023",
    ],
)
def test_the_time_at_the_top_goes_when_it_repeats_the_date(printed: str) -> None:
    html = f"<div><div>{printed}</div></div><p>文</p>"
    assert clean(html, published_at=PUBLISHED).body == "<p>文</p>"
    assert clean(html, published_at=PUBLISHED.replace(tzinfo=None)).body == "<p>文</p>"
    assert printed in clean(html).body


@pytest.mark.parametrize(
    "html",
    [
        "<div>11/12/2023 - 15:56</div><p>文</p>",
        "<p>14/12/2023 北京</p><p>文</p>",
        "<p>文</p><div>14/12/2023 - 15:56</div>",
        "<p>99/99/2023</p><p>文</p>",
        "<p>14/12/2023<b>文</b></p>",
    ],
)
def test_other_times_stay(html: str) -> None:
    assert clean(html, published_at=PUBLISHED).body == html


@pytest.mark.parametrize(
    ("embed", "address"),
    [
        ('<iframe src="https://www.youtube.com/e/1"></iframe>', "https://www.youtube.com/e/1"),
        ('<iframe data-src="//vimeo.com/1"></iframe>', "https://vimeo.com/1"),
        ('<video src="/v.mp4">旧</video>', "https://news.example.org/v.mp4"),
        ('<video><source src="https://a.example/v.mp4"></video>', "https://a.example/v.mp4"),
        ('<audio src="https://a.example/a.mp3"></audio>', "https://a.example/a.mp3"),
        ('<object data="https://a.example/f.swf"></object>', "https://a.example/f.swf"),
        ('<embed src="https://a.example/f.swf">', "https://a.example/f.swf"),
    ],
)
def test_embeds_become_links(embed: str, address: str) -> None:
    host = address.split("/")[2]
    link = f'<p><a href="{address}" {REL}>embedded content: {host}</a></p>'
    assert clean(f"<p>前</p>{embed}<p>后</p>", url=PAGE).body == f"<p>前</p>{link}<p>后</p>"


def test_an_embed_in_a_paragraph_becomes_a_paragraph_of_its_own() -> None:
    body = clean('<p>前<iframe src="https://example.org/e"></iframe></p>').body
    assert body == (
        f'<div>前<p><a href="https://example.org/e" {REL}>embedded content: example.org</a></p>'
        "</div>"
    )


@pytest.mark.parametrize("source", ["javascript:alert(1)", "about:blank", "data:text/html,x", ""])
def test_an_embed_of_nowhere_goes(source: str) -> None:
    assert clean(f'<p>前</p><iframe src="{source}"></iframe>').body == "<p>前</p>"


def test_a_quoted_tweet_stays_text() -> None:
    html = '<blockquote class="twitter-tweet"><p lang="zh">推文</p>— 某人</blockquote>'
    assert clean(html).body == '<blockquote><p lang="zh">推文</p>— 某人</blockquote>'


def test_addresses_become_absolute() -> None:
    html = '<a href="../b.html?x=1#y">一</a><a href="//o.example.org/">二</a><img src="c.png">'
    assert clean(html, url=PAGE).body == (
        f'<a href="https://news.example.org/2023/b.html?x=1#y" {REL}>一</a>'
        f'<a href="https://o.example.org/" {REL}>二</a>'
        '<img src="https://news.example.org/2023/12/c.png">'
    )


def test_an_odd_article_address_is_no_base() -> None:
    html = '<p><a href="b.html">字</a></p>'
    assert clean(html, url="javascript:alert(1)//").body == "<p>字</p>"
    assert clean(html, url="http://[").body == "<p>字</p>"


@pytest.mark.parametrize(
    "attributes",
    [
        'data-src="https://example.org/a.png" src="data:image/gif;base64,R0lGOD"',
        'data-original="https://example.org/a.png" src="https://example.org/grey.gif"',
        'data-lazy-src="https://example.org/a.png"',
        'data-actualsrc="https://example.org/a.png" style="display:none"',
        'data-lazy-src="https://example.org/b.png?is-pending-load=1" src="https://example.org/a.png"',
        'srcset="https://example.org/s.png 300w, https://example.org/a.png 900w"',
        'src="https://images.weserv.nl/?url=https%3A%2F%2Fexample.org%2Fa.png&amp;w=300"',
        'src="https://images.weserv.nl/?url=ssl:example.org/a.png"',
    ],
)
def test_pictures_get_their_real_address(attributes: str) -> None:
    assert clean(f"<img {attributes}>", url=PAGE).body == '<img src="https://example.org/a.png">'


def test_other_image_services_stay() -> None:
    html = '<img src="https://i0.wp.com/example.org/a.png?w=300">'
    assert clean(html).body == html


def test_picture_becomes_its_image() -> None:
    html = (
        '<picture><source srcset="https://example.org/a.webp" onerror="x">'
        '<img src="https://example.org/a.png" alt="图"></picture>'
    )
    assert clean(html).body == '<img src="https://example.org/a.png" alt="图">'
    without_src = '<picture><source srcset="https://example.org/a.webp"><img alt="图"></picture>'
    assert clean(without_src).body == '<img alt="图" src="https://example.org/a.webp">'


@pytest.mark.parametrize(
    ("url", "html"),
    [
        (
            "https://chinadigitaltimes.net/a",
            "<hr><p><small>© 某 for <a href='/'>站</a></small></p>",
        ),
        (
            "https://chinadigitaltimes.net/a",
            "<p><small>Feed by <a href='http://planetozh.com/blog/'>Ozh</a></small></p>",
        ),
        ("https://www.iyouport.org/a", '<span class="word-count">1 Minute</span>'),
        ("https://www.iyouport.org/a", '<div class="entry-footer"><ul><li>Tagged</li></ul></div>'),
        ("https://nei.st/a", '<section class="x collection"><header>Related</header></section>'),
        ("https://pao-pao.net/a", '<div id="comments"><p>viagra</p></div>'),
        ("https://pao-pao.net/a", '<div id="block-views-articles-related-block-1">另</div>'),
        (
            "https://m.allnow.com/a",
            '<a class="single-avatar" href="/u"><img src="https://example.org/u.png"></a>',
        ),
    ],
)
def test_rules_of_one_outlet(url: str, html: str) -> None:
    page = f"<p>前</p>{html}"
    assert clean(page, url=url).body == "<p>前</p>"
    assert clean(page, url=PAGE).body != "<p>前</p>"
    assert clean(page, url=f"https://example.org/{url}").body != "<p>前</p>"


def test_text_has_one_block_per_line() -> None:
    html = (
        "<h1>题</h1><p>一 \n 二&nbsp;三</p><ul><li>四</li><li>五<ul><li>六</li></ul></li></ul>"
        "<table><caption>表</caption><tr><th>甲</th><td>乙</td></tr><tr><td>丙</td></tr></table>"
        '<figure><img src="https://example.org/a.png" alt="不"><figcaption>图</figcaption></figure>'
        "<p>七<b>八</b>九<br>十</p><p>上<br> <br>下</p><pre>a  b\nc</pre>末"
    )
    assert clean(html).text.split("\n") == [
        "题", "一 二 三", "四", "五", "六", "表", "甲 乙", "丙", "图", "七八九 十", "上", "下",
        "a b", "c", "末",
    ]  # fmt: skip


def test_pictures_become_links() -> None:
    body = clean(
        '<p>前<img src="https://example.org/a.png?x=1&amp;y=2" alt="甲 &lt; 乙">后</p>'
    ).body
    assert without_pictures(body) == (
        '<p>前<a class="picture" href="https://example.org/a.png?x=1&amp;y=2" '
        f"{REL}>甲 &lt; 乙</a>后</p>"
    )


def test_a_picture_in_a_link_becomes_a_span_and_none_is_nameless() -> None:
    body = clean(
        '<p><a href="https://example.org/"><img src="https://example.org/a.png" alt="图"></a>'
        '<img src="https://example.org/b.png"></p>'
    ).body
    assert without_pictures(body) == (
        f'<p><a href="https://example.org/" {REL}><span class="picture">图</span></a>'
        f'<a class="picture" href="https://example.org/b.png" {REL}>example.org</a></p>'
    )


def test_our_own_pictures_stay() -> None:
    body = clean('<p>字<img src="/media/a.png"></p>').body
    assert without_pictures(body) == body
    assert without_pictures("<p>字</p>") == "<p>字</p>"


def test_a_hostile_alt_text_stays_text() -> None:
    body = clean(
        '<img src="https://example.org/a.png" alt="&lt;img src=x onerror=alert(1)&gt;">'
    ).body
    assert "<img" not in without_pictures(body)
    assert "&lt;img src=x onerror=alert(1)&gt;" in without_pictures(body)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><svg viewBox=x><path d=1><p>b</p><p>c</p>", "a\nb\nc"),
        ("<svg><g><circle/><p>x</p>y</g>z</svg>end", "x\nyzend"),
        ("<p>q</p><math><mtext><p>in</p></mtext><p>out</p></math>end", "q\nout\nend"),
        ("<svg><foreignObject><p>in</p></foreignObject></svg><p>out</p>", "out"),
    ],
)
def test_what_browsers_show_behind_svg_and_math_stays(html: str, text: str) -> None:
    assert clean(html).text == text
