"""From bytes to rows: reads article files, cleans them and stores what is new."""

from articles.importing._run import ImportReport, Problem, run_import

__all__ = ["ImportReport", "Problem", "run_import"]
