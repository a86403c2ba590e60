"""Exporting: a file that is whole or not there."""

import os
import zipfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from articles.exchange import as_line
from articles.exporting import ARCHIVE, archive_file, archive_name, export_path
from articles.jobs._kind import Kind
from articles.models import Article

__all__ = ["Export"]


class Export(Kind):
    """Writes articles into a file beside the database; one that was interrupted starts over."""

    at_once = 100
    file: IO[bytes] | None = None
    zip: zipfile.ZipFile | None = None

    def begin(self) -> None:
        """Open the file under another name, and forget what was written before."""
        self.job.done = 0
        self.job.parameters["counts"] = {}
        self.path = export_path(self.job)
        self.unfinished = self.path.with_name(f"{self.path.name}.part")
        self.file = self.unfinished.open("wb")
        if self.job.parameters["format"] == ARCHIVE:
            self.zip = zipfile.ZipFile(self.file, "w", zipfile.ZIP_DEFLATED)

    def prepare(self, ids: Sequence[int]) -> Counter[str]:
        """Write the articles that are still there, in the order of their ids."""
        articles = Article.objects.filter(pk__in=ids).order_by("pk").select_related("outlet")
        if self.zip is None:
            articles = articles.prefetch_related("captures", "outlet__aliases")
        counts = Counter(gone=len(ids))
        for article in articles:
            counts["gone"] -= 1
            counts["exported" if self._write(article) else "unfit"] += 1
        return counts

    def change(self, prepared: Any) -> Counter[str]:
        """Count; nothing is changed."""
        counts: Counter[str] = prepared
        return counts

    def end(self) -> None:
        """Give the file its name."""
        assert self.file
        if self.zip:
            self.zip.close()
        self.file.flush()
        os.fsync(self.file.fileno())
        self.unfinished.replace(self.path)

    def close(self) -> None:
        """Remove what is half written."""
        if self.file:
            with suppress(OSError):
                self.file.close()
            self.unfinished.unlink(missing_ok=True)

    def _write(self, article: Article) -> bool:
        assert self.file
        if self.zip is None:
            self.file.write(as_line(article))
            return True
        data = archive_file(article)
        if data is not None:
            self.zip.writestr(archive_name(article), data)
        return data is not None
