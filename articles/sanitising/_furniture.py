"""The site's own furniture: what a page carries around its article, and is no part of it."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from ._allowlist import DROPPED, words
from ._conform import GONE, attributes_of
from ._foreign import end_foreign_content
from ._share import drop_share_bars, is_share_link
from ._text import short_text

# The part of what is dropped that is never an embed, and may hold copies of what is.
_NEVER_SHOWN = DROPPED - words("object embed applet iframe video audio")

_CLASSES = (
    # share bars and counters
    words(
        "sharedaddy sd-sharing sd-like jp-relatedposts service-links share-bar share-buttons "
        "share-tools share-links social-share social-sharing addtoany_share_save_container "
        "addtoany_content a2a_kit addthis_toolbox addthis_inline_share_toolbox jiathis_style "
        "at-share-btn-elements bdsharebuttonbox bdshare heateor_sss_sharing_container ssba"
    )
    # words for screen readers only
    | words(
        "screen-reader-text sharing-screen-reader-text sr-only sr-text visually-hidden "
        "visuallyhidden element-invisible element-hidden"
    )
    # advertisements
    | words("adsbygoogle google-auto-placed advertisement ad-container ad-wrapper ad-slot")
)
_ATTRIBUTES = frozenset(("data-root-share", "data-ad-slot", "data-ad-client"))
_ATTRIBUTE_STARTS = ("data-selfpromo", "data-tms-ad-")
_AD_LABELS = frozenset(("广告", "廣告", "advertisement", "advertisements", "advertising"))
_AD_LABEL_TAGS = frozenset(("div", "p", "section", "aside", "center"))
_HIDDEN = re.compile(r"(?:^|;)\s*display\s*:\s*none", re.IGNORECASE)
# Pages hide whole articles until a script has run; what is long stays.
_LONGEST_HIDDEN = 300

# What only one outlet's pages hold, by host; also for hosts below it. What an expression finds is
# renamed at once: an expression that looks at a neighbour comes before the one that takes it.
_OUTLETS: dict[str, tuple[str, ...]] = {
    "chinadigitaltimes.net": (
        "//hr[following-sibling::*[1][self::p/small[starts-with(normalize-space(.), '©')]]]",
        "//small[starts-with(normalize-space(.), '©')]",
        "//small[a[contains(@href, 'planetozh.com')]]",
    ),
    "iyouport.org": (
        "//span[@class='cat-links' or @class='published-on' or @class='word-count']",
        "//*[@class='entry-footer' or @class='entry-author-wrapper']",
    ),
    "nei.st": (
        "//div[contains(@class, 'ads_KbHEVhh8Rw')]",
        "//section[contains(@class, 'collection') and header]",
        "//footer[@class='entry-footer']",
        "//section[contains(@class, 'fullscreen_dek_below')]",
    ),
    "pao-pao.net": (
        "//div[@id='comments']",
        "//*[contains(@class, 'comment-form')]",
        "//div[contains(@id, 'block-views-articles-related')]",
        "//ul[@class='links inline']",
    ),
    "allnow.com": ("//a[@class='single-avatar']",),
    "chinafile.com": ("//*[@class='pullquote-share']",),
}

_DATE = re.compile(
    r"(?:(?:发布|發布|发表|發表|更新)?(?:时间|時間|日期|于|於)?\s*[:：]?\s*)"
    r"(?:(?P<y1>\d{4})\s*[-/.年]\s*(?P<m1>\d{1,2})\s*[-/.月]\s*(?P<d1>\d{1,2})\s*日?"
    r"|(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y2>\d{4}))"
    r"(?:[\s,，\-–—|T]*\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?:\s*(?:[AaPp][Mm]|GMT|UTC|Z|CST))?)?"
)
_LONGEST_DATE = 60

# The type stubs cannot know what an expression selects.
Selector = Callable[[Element], Any]
_first_text: Selector = etree.XPath("(descendant::text()[normalize-space()])[1]")


def remove_furniture(root: Element, host: str, published_at: datetime | None) -> None:
    """Mark the furniture in the tree of a page of `host`, and take away what is never shown.

    A time printed at the very top goes only if it repeats `published_at`, give or take a day for
    the time zone; where that is not known it stays, for it may be the only date there is.
    """
    end_foreign_content(root)
    etree.strip_elements(root, *_NEVER_SHOWN, with_tail=False)
    for select in _outlet_rules(host):
        for element in select(root):
            element.tag = GONE
    share_links = []
    for element in root.iterdescendants():
        if element.tag == "a" and is_share_link(element.get("href", "")):
            share_links.append(element)
        elif _is_furniture(element):
            element.tag = GONE
    drop_share_bars(root, share_links)
    etree.strip_elements(root, GONE, with_tail=False)
    if published_at is not None:
        while (printed := _printed_time(root, published_at)) is not None:
            printed.tag = GONE
            etree.strip_elements(root, GONE, with_tail=False)


def repeats_date(text: str, published_at: datetime) -> bool:
    """Whether the text is only a date or time, of the day of `published_at` or one next to it."""
    text = text.strip()
    match = _DATE.fullmatch(text) if len(text) <= _LONGEST_DATE else None
    if match is None:
        return False
    day = timedelta(days=1)
    return any(abs(printed - published_at.date()) <= day for printed in _readings(match))


def _readings(match: re.Match[str]) -> Iterator[date]:
    """The days that the date may mean: 03/04/2023 is in March or in April."""
    if match["y1"]:
        readings = [(match["y1"], match["m1"], match["d1"])]
    else:
        readings = [(match["y2"], match["b"], match["a"]), (match["y2"], match["a"], match["b"])]
    for year, month, day in readings:
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            continue


@cache
def _compiled(rules: tuple[str, ...]) -> tuple[Selector, ...]:
    return tuple(etree.XPath(rule) for rule in rules)


def _outlet_rules(host: str) -> tuple[Selector, ...]:
    labels = host.split(".")
    for start in range(len(labels)):
        rules = _OUTLETS.get(".".join(labels[start:]))
        if rules:
            return _compiled(rules)
    return ()


def _is_furniture(element: Element) -> bool:
    tag = element.tag
    if tag.startswith("share-"):
        return True
    attributes = attributes_of(element)
    if attributes:
        if not _CLASSES.isdisjoint(attributes.get("class", "").split()):
            return True
        if any(name in _ATTRIBUTES or name.startswith(_ATTRIBUTE_STARTS) for name in attributes):
            return True
        # A lazy picture is hidden until a script shows it.
        if (
            tag != "img"
            and ("hidden" in attributes or _HIDDEN.search(attributes.get("style", "")))
            and short_text(element, _LONGEST_HIDDEN) is not None
        ):
            return True
    if tag in _AD_LABEL_TAGS and len(element) <= 1:
        text = short_text(element, 20)
        return text is not None and text.strip().lower() in _AD_LABELS
    return False


def _printed_time(root: Element, published_at: datetime) -> Element | None:
    """The element that holds the first words of the article, if those are its time."""
    first = _first_text(root)
    if not first or first[0].is_tail:
        return None
    found = None
    candidate = first[0].getparent()
    while candidate is not None and candidate is not root:
        text = short_text(candidate, _LONGEST_DATE)
        if text is None:
            break
        if repeats_date(text, published_at):
            found = candidate
        candidate = candidate.getparent()
    return found
