"""Rows of any container: recognised by content first, then by name."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Literal, cast

from tui_eval.core.records import Split
from tui_eval.errors import InputError
from tui_eval.files.raw import is_file, is_folder, no_file, refuse_lfs_pointer, why

LONGEST = 16 * 2**20
"""Bytes of a line or record: more is a fault of the file, and would fill the memory."""

Container = Literal["json", "csv", "parquet", "arrow", "saved"]

_SUFFIXES: dict[str, Container] = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".jsonlines": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
READERS: dict[Container, str] = {
    "json": "tui_eval.files.datasets.json_rows:rows",
    "csv": "tui_eval.files.datasets.csv_rows:rows",
    "parquet": "tui_eval.files.datasets.columnar:rows",
    "arrow": "tui_eval.files.datasets.columnar:rows",
    "saved": "tui_eval.files.datasets.columnar:rows",
}
"""``(path, split, notes) -> Iterator[Row]``; notes are appended while reading."""
KNOWN = "JSON, JSONL (also .gz), CSV, Parquet, Arrow, or a folder written by save_to_disk"

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file: ``value``, or a ``fault`` that says why not.

    ``number`` is the physical line where it begins, or the 1-based row where lines mean
    nothing. ``source`` names the part of a folder.
    """

    number: int
    value: dict[str, Any] | None
    fault: str = ""
    source: str = ""


class DamagedRow(Exception):
    """Why a row can't be used."""


def rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    """The rows of a file or folder, streamed. Raises InputError where it can't be read."""
    module, _, function = READERS[container(path)].partition(":")
    reader: Callable[[Path, Split, list[str]], Iterator[Row]]
    reader = getattr(import_module(module), function)
    try:
        yield from reader(path, split, notes)
    except OSError as error:
        raise InputError(f"{path} can't be read: {why(error)}.") from error


def container(path: Path) -> Container:
    """How the rows are stored. Raises InputError for what is not rows at all."""
    if is_folder(path):
        if is_file(path / "state.json") or is_file(path / "dataset_dict.json"):
            return "saved"
        raise InputError(
            f"{path} is a folder without state.json or dataset_dict.json.",
            f"Name a file of rows: {KNOWN}.",
        )
    if not is_file(path):
        fault = no_file(path)
        told = f"{path} {fault}." if fault else f"There is no file {path}."
        raise InputError(told, f"Name a file of rows: {KNOWN}.")
    refuse_lfs_pointer(path)
    head = first_bytes(path)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{path} is empty.", f"Name a file of rows: {KNOWN}.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"ARROW1"):
        return "arrow"
    if head.startswith(_UTF16):
        raise InputError(f"{path} is UTF-16 text.", "Save it as UTF-8.")
    named = _SUFFIXES.get(_suffix(path))
    if named in ("parquet", "arrow") and head.startswith(b"\xff\xff\xff\xff"):
        return "arrow"
    if named == "parquet":
        raise InputError(f"{path} is not a Parquet file: its first bytes are others.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if named == "json" or (named != "csv" and start.startswith((b"{", b"["))):
        return "json"
    if named is None:
        raise InputError(f"{path} is not a known kind of file.", f"Known: {KNOWN}.")
    return named


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """The beginning of the content, unpacked."""
    try:
        with open_bytes(path) as file:
            return file.read(count)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file: {error}.") from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {why(error)}.") from error


def open_bytes(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if packed:
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def lines(path: Path) -> Iterator[tuple[int, bytes, str]]:
    """``(number, line, fault)`` of each physical line, its end included; a byte order mark
    is dropped. A damaged gzip file ends in a faulty line, after what could be unpacked."""
    with open_bytes(path) as file:
        number = 0
        while True:
            number += 1
            try:
                line = file.readline(LONGEST + 1)
                too_long = len(line) > LONGEST and not line.endswith(b"\n")
                if too_long:
                    _skip_line(file)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                yield number, b"", f"the gzip file is damaged from here on: {error}"
                return
            if not line:
                return
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if too_long:
                yield number, b"", f"the line is longer than {LONGEST // 2**20} MiB"
            else:
                yield number, line, ""


def _skip_line(file: IO[bytes]) -> None:
    while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
        pass
