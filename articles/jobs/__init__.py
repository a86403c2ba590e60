"""Changes to many articles at once, done in the background."""

from articles.jobs._doing import do_job

__all__ = ["do_job"]
