"""Arrow files and the folders of ``save_to_disk``, shard by shard and batch by batch."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tui_eval.core.records import Split
from tui_eval.errors import InputError
from tui_eval.files.datasets.json_rows import SPLIT_NAMES
from tui_eval.files.datasets.parquet_rows import frame_rows, guarded
from tui_eval.files.datasets.rows import Row
from tui_eval.files.raw import is_file, read_json, refuse_lfs_pointer

_CONTINUES = b"\xff\xff\xff\xff"
_END = _CONTINUES + b"\0\0\0\0"
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3


def rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    with path.open("rb") as file:
        whole_file = file.read(6) == b"ARROW1"
    if whole_file:
        yield from _file_rows(path)
    else:
        yield from _stream_rows(path, 0)


def saved_rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    """A folder of ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk``."""
    if is_file(path / "dataset_dict.json"):
        name = _chosen_split(path, split)
        notes.append(f"split {name!r} of the folder")
        path = path / name
    state = read_json(path / "state.json")
    files = state.get("_data_files") if isinstance(state, dict) else None
    if not isinstance(files, list):
        raise InputError(f"{path / 'state.json'} names no data files.")
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise InputError(
            f"{path} holds a choice of rows as a separate index.",
            "Save it again with dataset.flatten_indices().save_to_disk(...).",
        )
    start = 0
    for entry in files:
        shard = _shard(path, entry)
        for row in _stream_rows(shard, start):
            start = row.number
            yield row


def _chosen_split(path: Path, split: Split) -> str:
    content = read_json(path / "dataset_dict.json")
    names = content.get("splits") if isinstance(content, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path / 'dataset_dict.json'} names no splits.")
    for name in SPLIT_NAMES[split]:
        if name in names:
            return _inside(path, name).name
    if len(names) == 1:
        return _inside(path, names[0]).name
    raise InputError(
        f"{path} holds the splits {', '.join(names)}, none of them {split}.",
        "Name the folder of the split itself.",
    )


def _inside(folder: Path, name: str) -> Path:
    """A file that the folder names has to lie in it: never follow a path out."""
    if name in ("", ".", "..") or Path(name).name != name:
        raise InputError(f"{folder} names {name!r}, which is not in it.")
    return folder / name


def _shard(folder: Path, entry: Any) -> Path:
    name = entry.get("filename") if isinstance(entry, dict) else None
    if not isinstance(name, str):
        raise InputError(f"{folder / 'state.json'} names a data file without a name.")
    shard = _inside(folder, name)
    if not is_file(shard):
        raise InputError(f"{shard} is missing.", "The folder was copied in part.")
    refuse_lfs_pointer(shard)
    return shard


def _file_rows(path: Path) -> Iterator[Row]:
    """The other Arrow format, read whole: it is one table and seldom large."""
    import polars as pl

    with path.open("rb") as file:
        # From the open file: a name may hold what polars takes for a pattern.
        frame = guarded(path, lambda: pl.read_ipc(file))
    yield from frame_rows(frame, 0, path.name)


def _stream_rows(path: Path, start: int) -> Iterator[Row]:
    import polars as pl

    for stream in _streams(path):
        frame = guarded(path, lambda stream=stream: pl.read_ipc_stream(io.BytesIO(stream)))
        yield from frame_rows(frame, start, path.name)
        start += frame.height


def _streams(path: Path) -> Iterator[bytes]:
    """The stream as one small stream per record batch, so that memory stays flat."""
    head = b""
    waiting = True
    with path.open("rb") as file:
        while message := _message(path, file):
            kind, whole = message
            if kind in (_SCHEMA, _DICTIONARY):
                head += whole
            elif kind == _BATCH:
                waiting = False
                yield head + whole + _END
    if waiting:
        yield head + _END


def _message(path: Path, file: IO[bytes]) -> tuple[int, bytes] | None:
    """``(kind, bytes)`` of the next message: a prefix of 8 bytes, a flatbuffer of the
    length it gives, and a body of the length that the flatbuffer gives."""
    prefix = file.read(8)
    if not prefix or prefix == _END:
        return None
    damaged = InputError(f"{path} is a damaged or cut Arrow stream.", "Copy the file again.")
    length = int.from_bytes(prefix[4:], "little")
    if prefix[:4] != _CONTINUES or len(prefix) < 8:
        raise damaged
    left = path.stat().st_size - file.tell()
    if length > left:
        raise damaged
    header = file.read(length)
    try:
        kind, body_length = _kind_and_body(header)
    except (IndexError, ValueError) as error:
        raise damaged from error
    if not 0 <= body_length <= left - length:
        raise damaged
    return kind, prefix + header + file.read(body_length)


def _kind_and_body(header: bytes) -> tuple[int, int]:
    """Fields 1 (header type) and 3 (body length) of the flatbuffer table Message."""

    def number(at: int, size: int, signed: bool = False) -> int:
        if not 0 <= at <= len(header) - size:
            raise IndexError
        return int.from_bytes(header[at : at + size], "little", signed=signed)

    table = number(0, 4)
    fields = table - number(table, 4, signed=True)
    known = (number(fields, 2) - 4) // 2

    def at(field: int) -> int:
        offset = number(fields + 4 + 2 * field, 2) if field < known else 0
        return table + offset if offset else -1

    kind = number(at(1), 1)
    return kind, number(at(3), 8, signed=True) if at(3) >= 0 else 0
