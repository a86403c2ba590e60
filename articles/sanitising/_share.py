"""Links that share the page somewhere, and the bars that hold nothing else."""

import re
from collections.abc import Iterable

from lxml.etree import _Element as Element

from ._conform import GONE, UNWRAPPED
from ._text import short_text

_SHARE_LINK = re.compile(
    r"""
    (?:whatsapp|weixin|fb-messenger|viber|threema|sinaweibo|line|tg)://(?:send|msg|share|forward)
    | mailto:\?
    | [^?]*\?(?:[^#]*&)?share=(?:twitter|x|facebook|email|telegram|whatsapp|jetpack-whatsapp|
        linkedin|reddit|tumblr|pinterest|pocket|print|weibo|mastodon)\b
    | (?:https?:)?//[^/?\#]+/(?:sharer|intent/(?:tweet|post))\b
    | (?:https?:)?//(?:[\w-]+\.)*(?:
        facebook\.com/(?:share\.php|dialog/(?:share|feed|send))
        | (?:twitter|x)\.com/(?:share\b|home/?\?status=)
        | (?:web|api)\.whatsapp\.com/send
        | wa\.me/\?text=
        | (?:t|telegram)\.me/share
        | linkedin\.com/(?:sharearticle|sharing/|cws/share)
        | service\.weibo\.com/share
        | v\.t\.(?:sina\.com\.cn|qq\.com)/share
        | connect\.qq\.com/widget/shareqq
        | sns\.qzone\.qq\.com/cgi-bin/qzshare
        | share\.renren\.com
        | plus\.google\.com/share
        | pinterest\.[a-z.]+/pin/create
        | reddit\.com/submit
        | tumblr\.com/(?:share|widgets/share)
        | line\.me/(?:lineit/share|r/(?:msg|share))
        | del\.icio\.us/post
        | digg\.com/submit
        | getpocket\.com/(?:save|edit)
        | share\.flipboard\.com
        | douban\.com/(?:share|recommend)
        | addtoany\.com/
        | addthis\.com/
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)

# The group never gives a word back, which keeps the match linear.
_SHARE_WORDS = re.compile(
    r"(?:分享到|分享至|分享给|分享|共享|转发|轉發|推特|脸书|臉書|微博|新浪微博|微信好友|微信|朋友圈|QQ空间|QQ|豆瓣|"
    r"电子邮件|電子郵件|电邮|電郵|邮件|打印|列印|复制链接|複製連結|此文章|本文|到|至|"
    r"share this article|share this|share|facebook|messenger|twitter|tweet|post|whatsapp|telegram|"
    r"linkedin|weibo|wechat|pinterest|reddit|tumblr|pocket|flipboard|google|del\.icio\.us|"
    r"e-?mail|print|copy link|line|via|on|to|x|[\W_])*+",
    re.IGNORECASE,
)
_LONGEST_BAR = 80


def is_share_link(href: str) -> bool:
    """Whether the address is one at which a service takes a page to share."""
    return _SHARE_LINK.match(href.strip()) is not None


def drop_share_bars(root: Element, links: Iterable[Element]) -> None:
    """Mark the share links and the elements around them that hold nothing else.

    The words of a share link that stands in a sentence stay.
    """
    judged: set[Element] = {root}
    for link in links:
        if link.tag != "a":
            continue
        link.tag = GONE if _is_only_about_sharing(link) else UNWRAPPED
        container = link.getparent()
        while container is not None and container not in judged:
            judged.add(container)
            if not _is_only_about_sharing(container):
                break
            container.tag = GONE
            container = container.getparent()


def _is_only_about_sharing(element: Element) -> bool:
    text = short_text(element, _LONGEST_BAR)
    if text is None or not _SHARE_WORDS.fullmatch(text):
        return False
    for inner in element.iter("a", "img"):
        if inner.tag == "a":
            if inner is not element and not is_share_link(inner.get("href", "")):
                return False
        elif inner is not element and not _is_icon(inner, element):
            return False
    return True


def _is_icon(image: Element, container: Element) -> bool:
    """Whether the picture stands inside a share link, or the element is one."""
    if container.get("href") is not None:
        return True
    return any(is_share_link(outer.get("href", "")) for outer in image.iterancestors())
