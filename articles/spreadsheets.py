"""Tables that spreadsheets read."""

import csv
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["csv_lines"]

# Without it Excel takes UTF-8 for the encoding of the country.
BYTE_ORDER_MARK = "\ufeff"
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Lines:
    """Gives each line that a csv writer writes back to whoever writes it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a table as CSV, a row at a time; no text in it is taken for a formula."""
    writer = csv.writer(_Lines())
    yield BYTE_ORDER_MARK + writer.writerow(header)
    for row in rows:
        yield writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking ``cell`` for a formula."""
    return f"'{cell}" if cell.startswith(STARTS_A_FORMULA) else cell
