"""Parquet through polars, in slices, after its footer was found believable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_eval.core.records import Split
from tui_eval.errors import InputError
from tui_eval.files.datasets.parquet_footer import BadFooter, read_claims
from tui_eval.files.datasets.rows import Row

if TYPE_CHECKING:
    import polars

MOST_ROWS = 20_000_000
MOST_GROUP_BYTES = 8 * 2**30
# Text packs 3 to 20 times; repeated values a few hundred.
MOST_UNPACKED = 2_000
SLICE = 4_000


def rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    import polars as pl

    count = _believed(path)
    frame = guarded(path, lambda: pl.scan_parquet(path, glob=False))
    for start in range(0, count, SLICE):
        part = guarded(path, lambda start=start: frame.slice(start, SLICE).collect())
        yield from frame_rows(part, start)


def _believed(path: Path) -> int:
    try:
        claims = read_claims(path)
    except BadFooter as error:
        raise InputError(f"{path} is a damaged Parquet file: {error}.") from error
    size = path.stat().st_size
    if claims.rows < 0 or claims.rows > MOST_ROWS:
        raise InputError(
            f"{path} says it holds {claims.rows:,} rows; at most {MOST_ROWS:,} are read.",
            "Take a part of it.",
        )
    largest = max((bytes_ for _, bytes_ in claims.groups), default=0)
    if claims.bytes > MOST_UNPACKED * size + 2**26 or largest > MOST_GROUP_BYTES:
        raise InputError(
            f"{path} has {size:,} bytes and says they unpack to {claims.bytes:,}.",
            "Write it again with smaller row groups if it is sound.",
        )
    return claims.rows


def guarded(path: Path, read: Any) -> Any:
    """polars' own errors, and the panics that are no ``Exception``, as ours."""
    import polars as pl

    try:
        return read()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        first = str(error).strip().split("\n")[0][:200]
        raise InputError(f"{path} can't be read: {first}.") from error


def frame_rows(frame: polars.DataFrame, start: int, source: str = "") -> Iterator[Row]:
    for number, value in enumerate(frame.iter_rows(named=True), start + 1):
        yield Row(number, value, source=source)
