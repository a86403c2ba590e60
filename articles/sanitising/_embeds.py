"""Pictures get their real address; embeds become plain links."""

from collections.abc import Iterator
from itertools import islice

from lxml.etree import SubElement
from lxml.etree import _Element as Element

from ._addresses import absolute, host, picture
from ._allowlist import allowed
from ._conform import GONE, UNWRAPPED, attributes_of
from ._markup import without_controls

_EMBEDS = frozenset(("iframe", "object", "embed", "applet", "video", "audio"))

# The attributes in which pages keep the address of a picture that they load when it is looked at.
_LAZY = (
    "data-original",
    "data-actualsrc",
    "data-lazy-src",
    "data-src",
    "data-cfsrc",
    "data-original-src",
    "data-lazy",
    "data-lazyload",
    "data-echo",
)
_SRCSETS = ("srcset", "data-srcset", "data-lazy-srcset")
_MAX_SOURCES = 10

# Frames without anything of the article in them.
_SILENT_HOSTS = (
    "doubleclick.net",
    "googlesyndication.com",
    "googletagmanager.com",
    "google-analytics.com",
    "adnxs.com",
    "amazon-adsystem.com",
    "addthis.com",
    "addtoany.com",
)
_SILENT_ADDRESSES = (
    "facebook.com/plugins/like",
    "facebook.com/plugins/share",
    "twitter.com/widgets",
)


def resolve(root: Element, base: str) -> None:
    """Make every address absolute against `base` and turn embeds into links."""
    for element in list(root.iterdescendants()):
        tag = element.tag
        if tag == "a":
            href = element.get("href")
            if href is not None:
                element.set("href", absolute(href, base))
        elif tag == "img":
            _resolve_picture(element, base)
        elif tag in _EMBEDS:
            _link_instead(element, base)


def _resolve_picture(image: Element, base: str) -> None:
    for candidate in _picture_addresses(image):
        if candidate and (address := picture(candidate, base)):
            image.set("src", address)
            return
    image.tag = GONE


def _picture_addresses(image: Element) -> Iterator[str]:
    """The addresses that may be the picture's, the likeliest first."""
    attributes = attributes_of(image)
    lazy = [attributes[name] for name in _LAZY if name in attributes]
    # This plug-in marks its lazy address, and leaves the true one in src.
    yield from (address for address in lazy if "is-pending-load=" not in address)
    yield attributes.get("src", "")
    yield from lazy
    for name in _SRCSETS:
        yield _largest(attributes.get(name, ""))
    for ancestor in image.iterancestors("picture"):
        for source in islice(ancestor.iterdescendants(), _MAX_SOURCES):
            if source.tag == "source":
                for name in _SRCSETS:
                    yield _largest(source.get(name, ""))
        return


def _largest(srcset: str) -> str:
    """The address of the largest picture in a srcset."""
    best, best_size = "", -1.0
    for entry in srcset.split(", "):
        address, _, size = entry.strip().partition(" ")
        try:
            number = float(size.strip()[:-1] or 1)
        except ValueError:
            number = 1.0
        if number > best_size:
            best, best_size = address.rstrip(","), number
    return best


def _link_instead(embed: Element, base: str) -> None:
    address = _embed_address(embed, base)
    # WordPress puts a quotation with the same link before each of its own frames.
    silent = "wp-embedded-content" in embed.get("class", "").split() or _is_silent(address)
    if embed.tag == "embed":
        # HTML leaves it empty; what the parser put inside follows it in truth.
        following = embed
        embed = embed.makeelement("p")
        embed.tail = without_controls(following.text or "")
        following.text = None
        following.tag = UNWRAPPED
        following.insert(0, embed)
    else:
        tail = embed.tail
        embed.clear()
        embed.tail = without_controls(tail or "")
    if not address or silent:
        embed.tag = GONE
        return
    embed.tag = "p"
    link = SubElement(embed, "a", href=address)
    link.text = f"embedded content: {host(address)}"


def _embed_address(embed: Element, base: str) -> str:
    """The first absolute web address among those that the embed and its sources name."""
    names = ("src", "data-src", "data-lazy-src", "data", "href")
    for element in embed.iter("source", "embed", embed.tag):
        for name in names:
            address = absolute(element.get(name, ""), base) if element.get(name) else ""
            if host(address) and allowed("a", "href", address):
                return address
    return ""


def _is_silent(address: str) -> bool:
    name = host(address)
    return any(name == silent or name.endswith(f".{silent}") for silent in _SILENT_HOSTS) or any(
        part in address for part in _SILENT_ADDRESSES
    )
