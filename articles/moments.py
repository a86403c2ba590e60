"""Which days have a page, and so which times an article can have."""

from datetime import UTC, datetime

__all__ = ["FIRST_YEAR", "LAST_YEAR", "has_page"]

FIRST_YEAR, LAST_YEAR = 1900, 2100


def has_page(moment: datetime) -> bool:
    """Tell whether ``moment``, an aware one, lies on a day with a page, whatever the time zone."""
    first, end = datetime(FIRST_YEAR, 1, 2, tzinfo=UTC), datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
    return first <= moment < end
