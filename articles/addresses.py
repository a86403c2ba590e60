"""The identity of an article: the canonical form of its address.

Feeds, share buttons and crawlers write one address in many ways. The canonical form is a key to
compare by and an address that still works; the address as written is kept elsewhere, for display.
The rules follow RFC 3986, section 6.2 (https://www.rfc-editor.org/rfc/rfc3986#section-6.2), except
that http and https count as one and that tracking parameters do not count at all.
"""

import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

LONGEST_ADDRESS = 2_000

# Parameters that say where a reader came from, never which article it is.
_TRACKING_PREFIXES = (
    "utm_",  # Google Analytics, and nearly every newsletter
    "at_",  # AT Internet, now Piano: BBC, RFI, France 24
)
_TRACKING_NAMES = frozenset(
    {
        "fbclid",  # Facebook
        "gclid",  # Google Ads
        "dclid",  # Google Display
        "msclkid",  # Microsoft Ads
        "igshid",  # Instagram
        "mc_cid",  # Mailchimp: the campaign
        "mc_eid",  # Mailchimp: the reader
        "spm",  # Alibaba
        "xtor",  # AT Internet, the older form
        "xtref",  # AT Internet, the older form
        "maca",  # Deutsche Welle's feeds: maca=chi-rss-chi-all-1127-rdf
        "ocid",  # BBC and Microsoft
        "feedtype",  # Reuters' feeds: feedType=RSS
        "feedname",  # Reuters' feeds: feedName=CNTopGenNews
    }
)
# Names that mean something elsewhere: noise only where the value says that a feed wrote it.
_FEED_NAMES = frozenset({"ref", "source", "partner", "emc"})

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# An escape, a lone per cent sign, or a run of characters that RFC 3986 has no place for. Escapes of
# non-ASCII bytes in capitals are as they should be; most Chinese addresses consist of them.
_TO_NORMALISE = re.compile(
    r"%(?![89A-F][0-9A-F])(?:[0-9A-Fa-f]{2})?|[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+|[\[\]#]"
)
_SLASHES = re.compile(r"/{2,}")
_TAB_OR_LINE_BREAK = re.compile(r"[\t\r\n]")
_SPACE_AND_CONTROL = "".join(map(chr, range(0x21)))


class AddressError(ValueError):
    """No address of an article; the message is for people, in English.

    ``code`` and ``params`` tell the same to pages in other languages. The codes: ``invalid``,
    ``scheme`` (not http or https), ``no-host``, ``host``, ``port``, ``length``.
    """

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


def canonical_address(address: str) -> str:
    """Return the form of ``address`` that is the same for every way to write it.

    The result is pure ASCII: https, a lower-case host (punycode for other scripts) without a
    default port, single slashes, normalised percent-encoding, no user name, no tracking
    parameters and no fragment. A trailing slash and the order of the other parameters stay.
    The function is idempotent.

    Raises AddressError, with a message for people, when ``address`` is not an absolute http or
    https address with a host, or the result is longer than ``LONGEST_ADDRESS`` characters.
    """
    parts = _split(address)
    path = _SLASHES.sub("/", _normalise(parts.path)) or "/"
    query = "&".join(
        pair for pair in _normalise(parts.query).split("&") if pair and not _is_tracking(pair)
    )
    canonical = f"https://{_host(parts)}{_port(parts)}{path}" + (f"?{query}" if query else "")
    if len(canonical) > LONGEST_ADDRESS:
        raise AddressError(
            "length",
            f"The address has {len(canonical):,} characters; "
            f"at most {LONGEST_ADDRESS:,} are possible: {canonical[:100]}…",
            length=len(canonical),
            longest=LONGEST_ADDRESS,
        )
    return canonical


def host_of(address: str) -> str:
    """Return the host of ``address``: lower-case, punycode, without a leading ``www.``.

    Raises AddressError as ``canonical_address`` does.
    """
    return _host(_split(address)).removeprefix("www.")


def _split(address: str) -> SplitResult:
    # Browsers ignore these too, and addresses copied from a page or broken by a mailer have them.
    cleaned = _TAB_OR_LINE_BREAK.sub("", address).strip(_SPACE_AND_CONTROL)
    try:
        parts = urlsplit(cleaned)
    except ValueError as error:
        message = f"The address {_shown(address)} is not valid: {error}."
        raise AddressError("invalid", message) from error
    if parts.scheme not in {"http", "https"}:
        message = f"The address {_shown(address)} does not begin with http:// or https://."
        raise AddressError("scheme", message)
    if not parts.netloc:
        raise AddressError("no-host", f"The address {_shown(address)} names no host.")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower().rstrip(".")
        except UnicodeError as error:
            message = f"The host {_shown(host)} is not a valid name: {error}."
            raise AddressError("host", message, host=host[:100]) from error
    if not _HOST.fullmatch(host):
        message = f"The address names no valid host: {_shown(parts.netloc)}."
        raise AddressError("host", message, host=parts.netloc[:100])
    return host


def _port(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError as error:
        message = f"The port in {_shown(parts.netloc)} is not valid."
        raise AddressError("port", message, host=parts.netloc[:100]) from error
    if port is None or port == 443 or (port == 80 and parts.scheme == "http"):
        return ""
    return f":{port}"


def _normalise(text: str) -> str:
    return _TO_NORMALISE.sub(_normalised, text)


def _normalised(match: re.Match[str]) -> str:
    found = match.group()
    if found.startswith("%"):
        if len(found) == 1:
            return "%25"
        character = chr(int(found[1:], 16))
        return character if character in _UNRESERVED else found.upper()
    # Half of a surrogate pair has no UTF-8 form; any fixed escape serves to tell addresses apart.
    return "".join(f"%{byte:02X}" for byte in found.encode("utf-8", "surrogatepass"))


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.lower().partition("=")
    return (
        name in _TRACKING_NAMES
        or name.startswith(_TRACKING_PREFIXES)
        or (name in _FEED_NAMES and value.startswith("rss"))
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:100]}…")
