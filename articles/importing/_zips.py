"""Zip archives that cannot do harm: judged before anything in them is read.

No name in a zip archive is ever used as a path: names become labels for people and nothing else.
The format is described in https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT.
"""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from articles.importing._names import (
    READ_SUFFIXES,
    ZIP_SUFFIX,
    is_ignored,
    printable,
    suffix,
    walking_order,
)

__all__ = ["ZIP_ERRORS", "article_entries", "open_zip", "refusal"]

# A clone of the whole crawler's archive has 2.3 GB in 250,000 files.
_MOST_ENTRIES = 500_000
_MOST_ZIP_BYTES = 4_000_000_000
# Text shrinks to a fifth, exceptionally to a thirtieth; only bombs do better than 1:200.
_HIGHEST_RATIO = 200
_RATIO_COUNTS_FROM = 1_000_000
_ENCRYPTED = 0x1
_SMALLEST_ENTRY = 46
_ENTRY_MAGIC = b"PK\x01\x02"
_LOCAL_HEADER = 30
_NAME_IS_UTF8 = 0x800
# bzip2 and LZMA, which zip programs hardly ever use, decompress without any bound on memory.
_BOUNDED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_DRIVE = re.compile(r"^[A-Za-z]:")


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Open an archive whose directory promises no harm; raises one of ``ZIP_ERRORS``."""
    _refuse_too_many_entries(file)
    archive = zipfile.ZipFile(file)
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    if len(entries) > _MOST_ENTRIES:
        raise zipfile.BadZipFile(f"it has more than {_MOST_ENTRIES:,} entries")
    if sum(entry.file_size for entry in entries) > _MOST_ZIP_BYTES:
        raise zipfile.BadZipFile(f"unpacked it has more than {_MOST_ZIP_BYTES // 10**9} GB")
    # Entries that share their bytes make a small file unpack to any size: see
    # https://www.bamsoftware.com/hacks/zipbomb/. Python refuses them only since 3.11.9.
    ends = [entry.header_offset + _LOCAL_HEADER + entry.compress_size for entry in entries]
    starts = [*(entry.header_offset for entry in entries[1:]), archive.start_dir]
    if any(end > start for end, start in zip(ends, starts, strict=False)):
        raise zipfile.BadZipFile("its entries overlap, which only harmful archives do")
    return archive


def article_entries(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield the entries that may be articles, each with its name as a label."""
    named = [(entry, _entry_parts(entry)) for entry in archive.infolist()]
    for entry, parts in sorted(named, key=lambda pair: (pair[1][:-1], walking_order(pair[1][-1]))):
        is_file = parts and parts[-1] and not any(map(is_ignored, parts))
        if is_file and suffix(parts[-1]) in READ_SUFFIXES:
            yield entry, "/".join(parts)


def refusal(entry: zipfile.ZipInfo) -> str:
    """Return why an entry must not be unpacked, or nothing."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if suffix(entry.filename) == ZIP_SUFFIX:
        return "It is a zip archive inside a zip archive. Unpack the outer one and import that."
    if entry.flag_bits & _ENCRYPTED:
        return "It is encrypted. Unpack the archive with its password and import the folder."
    if kind not in (0, stat.S_IFREG):
        return "It is a symbolic link or a device, not a file."
    if entry.compress_type not in _BOUNDED_METHODS:
        return "It is compressed in an unusual way. Unpack the archive and import the folder."
    if (
        entry.file_size > _RATIO_COUNTS_FROM
        and entry.file_size > _HIGHEST_RATIO * entry.compress_size
    ):
        return f"It would grow to more than {_HIGHEST_RATIO} times its size, as no article does."
    return ""


def _refuse_too_many_entries(file: BinaryIO) -> None:
    """zipfile makes an object of every entry before anyone can count them: so count before."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size <= _MOST_ENTRIES * _SMALLEST_ENTRY:
        return
    entries, kept = 0, b""
    while chunk := file.read(1 << 20):
        entries += (kept + chunk).count(_ENTRY_MAGIC)
        kept = chunk[-len(_ENTRY_MAGIC) + 1 :]
    file.seek(0)
    if entries > _MOST_ENTRIES:
        raise zipfile.BadZipFile(f"it has more than {_MOST_ENTRIES:,} entries")


def _entry_parts(entry: zipfile.ZipInfo) -> list[str]:
    """An entry's name, decoded, without whatever would lead out of a folder.

    Windows writes names in the code page of its country and with backslashes; zipfile takes them
    for cp437. A folder's last part is empty.
    """
    name = entry.orig_filename
    if not entry.flag_bits & _NAME_IS_UTF8:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            with suppress(UnicodeDecodeError):
                name = raw.decode(encoding)
                break
    *folders, last = _DRIVE.sub("", name).replace("\\", "/").split("/")
    folders = [folder for folder in folders if folder.strip(". ")]
    return [*map(printable, folders), printable(last) if last.strip(". ") else ""]
