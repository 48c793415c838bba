"""Small files of every container and shape, for the tests of reading them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tui_eval.config import DataConfig
from tui_eval.core.records import Dataset, Split
from tui_eval.files.datasets import read

PAIRS = [{"prompt": f"question {i}", "completion": f"answer {i}"} for i in range(1, 4)]


def lines(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def load(path: Path, *, split: Split = "validation", limit: int = 0, **fields: Any) -> Dataset:
    return read(path, split=split, fields=DataConfig(**fields), limit=limit)


def texts(dataset: Dataset) -> list[tuple[str, str | None]]:
    return [(sample.prompt, sample.reference) for sample in dataset.samples]


def faults(dataset: Dataset) -> dict[int, str]:
    return {row.row: row.reason for row in dataset.skipped}


def saved(folder: Path, rows: list[dict[str, Any]], shards: int = 2) -> Path:
    """A folder as ``Dataset.save_to_disk`` leaves it."""
    import polars as pl

    folder.mkdir(parents=True)
    size = -(-len(rows) // shards)
    names = []
    for number in range(shards):
        part = rows[number * size : (number + 1) * size]
        names.append(f"data-{number:05}-of-{shards:05}.arrow")
        frame = pl.DataFrame(part, schema=pl.DataFrame(rows, infer_schema_length=None).schema)
        frame.write_ipc_stream(folder / names[-1])
    state = {"_data_files": [{"filename": name} for name in names], "_split": "train"}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def every_container(folder: Path, rows: list[dict[str, str]]) -> dict[str, Path]:
    """The same rows in everything that can hold them."""
    import polars as pl

    frame = pl.DataFrame(rows, infer_schema_length=None)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    made = {
        "jsonl": folder / "a.jsonl",
        "jsonl named json": folder / "b.json",
        "array": folder / "c.json",
        "array named jsonl": folder / "d.jsonl",
        "indented array": folder / "e.json",
        "wrapped": folder / "f.json",
        "wrapped and indented": folder / "g.json",
        "split in an object": folder / "h.json",
        "gzip": folder / "i.jsonl.gz",
        "gzip without the name": folder / "j.jsonl",
        "csv": folder / "k.csv",
        "semicolons": folder / "l.csv",
        "tabs": folder / "m.tsv",
        "gzip csv": folder / "n.csv.gz",
        "parquet": folder / "o.parquet",
        "arrow stream": folder / "p.arrow",
        "arrow file": folder / "q.arrow",
        "bom": folder / "r.jsonl",
        "bom array": folder / "s.json",
        "bom csv": folder / "t.csv",
        "crlf": folder / "u.jsonl",
        "crlf csv": folder / "v.csv",
        "indented objects": folder / "w.json",
        "no name to go by": folder / "x",
    }
    array = json.dumps(rows)
    contents: dict[str, bytes] = {
        "jsonl": text.encode(),
        "jsonl named json": text.encode(),
        "array": array.encode(),
        "array named jsonl": array.encode(),
        "indented array": json.dumps(rows, indent=2).encode(),
        "wrapped": json.dumps({"data": rows}).encode(),
        "wrapped and indented": json.dumps({"version": "1", "data": rows}, indent=1).encode(),
        "split in an object": json.dumps({"train": [{"x": 1}], "validation": rows}).encode(),
        "gzip": gzip.compress(text.encode()),
        "gzip without the name": gzip.compress(text.encode()),
        "csv": frame.write_csv().encode(),
        "semicolons": frame.write_csv(separator=";").encode(),
        "tabs": frame.write_csv(separator="\t").encode(),
        "gzip csv": gzip.compress(frame.write_csv().encode()),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "bom array": b"\xef\xbb\xbf" + array.encode(),
        "bom csv": b"\xef\xbb\xbf" + frame.write_csv().encode(),
        "crlf": text.replace("\n", "\r\n").encode(),
        "crlf csv": frame.write_csv(line_terminator="\r\n").encode(),
        "indented objects": "\n".join(json.dumps(row, indent=2) for row in rows).encode(),
        "no name to go by": text.encode(),
    }
    for name, content in contents.items():
        made[name].write_bytes(content)
    frame.write_parquet(made["parquet"])
    frame.write_ipc_stream(made["arrow stream"])
    frame.write_ipc(made["arrow file"])
    made["saved folder"] = saved(folder / "saved", list(rows))
    made["dictionary of splits"] = folder / "dictionary"
    saved(folder / "dictionary" / "validation", list(rows))
    saved(folder / "dictionary" / "train", [{"text": "other"}], shards=1)
    (folder / "dictionary" / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    return made
