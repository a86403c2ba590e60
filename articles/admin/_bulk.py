"""What editors do to many articles at once."""

__all__ = ["BulkActionsMixin"]


class BulkActionsMixin:
    """The actions of the list of articles."""
