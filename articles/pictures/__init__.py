"""Pictures of articles: which ones a reader sees, and keeping them."""

from articles.pictures._files import path_of
from articles.pictures._gathering import (
    JOBS,
    AlreadyGatheringError,
    Fetch,
    Gathering,
    fetch_public,
    gather,
)
from articles.pictures._showing import Body, body_for, body_for_all

__all__ = [
    "JOBS",
    "AlreadyGatheringError",
    "Body",
    "Fetch",
    "Gathering",
    "body_for",
    "body_for_all",
    "fetch_public",
    "gather",
    "path_of",
]
