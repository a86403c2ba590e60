"""Times as people and machines write them, as aware datetimes in UTC."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from dateutil import parser as dateutil_parser

from articles.moments import has_page

# Where the archived outlets' readers live; times without a zone are meant to be theirs.
_ASSUMED_ZONE = ZoneInfo("Asia/Shanghai")
_LONGEST_TIME = 100
_CHINESE_DATE = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号號]")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")

# Only these are clear enough; CST is China's here and not North America's.
_ZONES = {
    "CST": timezone(timedelta(hours=8)),
    "HKT": timezone(timedelta(hours=8)),
    "EST": timezone(timedelta(hours=-5)),
    "EDT": timezone(timedelta(hours=-4)),
    "PST": timezone(timedelta(hours=-8)),
    "PDT": timezone(timedelta(hours=-7)),
}


def from_epoch_milliseconds(digits: str) -> datetime | None:
    """Return the time that JavaScript's ``Date.getTime()`` wrote, or None for an absurd one.

    Zero and less are absurd, being what a missing time turns into, and so is a day without a page.
    """
    try:
        milliseconds = int(digits)
        moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if milliseconds <= 0 or not has_page(moment):
        return None
    return moment.replace(microsecond=milliseconds % 1000 * 1000)


def read_time(text: str) -> datetime | None:
    """Return the time written in ``text``, or None where it names no certain day, or one too far.

    Understood are ISO 8601, RFC 822, ``2020年7月2日 15:39``, Unix times in seconds or milliseconds
    and most other ways to write a time. A time without a zone is Asia/Shanghai, a day alone its
    midnight there.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST_TIME:
        return None
    if _EPOCH.fullmatch(text):
        return from_epoch_milliseconds(text.ljust(13, "0"))
    text = _CHINESE_DATE.sub(r"\1-\2-\3 ", text)
    try:
        # What the text leaves open is taken from the default: two defaults show what that was.
        moment, other = (
            dateutil_parser.parse(text, default=default, tzinfos=_zone)
            for default in (datetime(2001, 1, 1), datetime(2002, 2, 2))
        )
        if moment != other:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_ASSUMED_ZONE)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, AttributeError, ArithmeticError):
        return None
    return moment if has_page(moment) else None


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    return _ZONES.get(name or "")
