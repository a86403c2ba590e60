"""From bytes to rows: reads article files, cleans them and stores what is new."""

from articles.importing._run import ImportReport, Problem, continue_import, run_import

__all__ = ["ImportReport", "Problem", "continue_import", "run_import"]
