"""A list of articles that opens quickly however many there are."""

__all__ = ["LargeListMixin"]


class LargeListMixin:
    """Pages, counts and filters that never read the whole table."""
