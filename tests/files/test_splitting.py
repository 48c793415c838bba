"""Files in two: every row once and as it was, whatever the file is."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files.made_splits import both, manifest, pairs, split, values
from tests.files.making import every_container, lines, saved
from tui_eval.core.splits import SPLITS
from tui_eval.errors import InputError
from tui_eval.files.splitting import scan
from tui_eval.files.splitting_write import NAMES, default_folder
from tui_eval.files.workshop import workshop

# Rows as they were.


def test_lines_are_kept_byte_for_byte(tmp_path: Path) -> None:
    content = [
        b'{"prompt": "a",  "completion":"1.10", "n": 1.10, "x": 1e5}\n',
        b'{"completion": "b", "prompt": "\\u00e9"}\r\n',
        '{"prompt": "é", "completion": "ß"}\n'.encode(),
        b'  {"prompt": "c", "completion": "d"} \n',
        b"\n",
        b"   \r\n",
        b'{"prompt": "label", "completion": "007"}\n',
        b'{"prompt": "torn", "comple',
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(content))
    out = tmp_path / "out"
    found, plan, made = split(path, out)
    train, validation = both(out)
    kept = [line for line in content if line.strip()]
    assert sorted(train + validation) == sorted([*kept[:-1], kept[-1] + b"\n"])
    assert kept[-1] + b"\n" in train
    assert (made.train, made.validation) == (len(train), len(validation))
    # é as an escape and as a character are one prompt.
    assert len({kept[1] in validation, kept[2] in validation}) == 1
    assert found.bad == 1
    assert "the file ends within this line" in plan.notes[0].text
    assert manifest(out)["unreadable"]["first"][0]["row"] == 8


hostile_lines = st.lists(
    st.one_of(
        st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")),
        st.integers(0, 9).map(lambda n: b'{"prompt":"p%d","completion":"x","group":%d}' % (n, n)),
        st.sampled_from([b"[1]", b"null", b"{}", b'{"prompt": 5}', b"\xff\xfe", b"\x00", b"\r"]),
    ),
    max_size=30,
)


@given(content=hostile_lines, strategy=st.sampled_from([*SPLITS]))
def test_no_line_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, content: list[bytes], strategy: str
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    path = folder / "rows.jsonl"
    path.write_bytes(b"\n".join([b'{"prompt": "first", "completion": "x"}', *content]))
    try:
        found, plan, _ = split(path, folder / "out", strategy)
    except InputError:
        assert {entry.name for entry in folder.iterdir()} == {"rows.jsonl"}
        return
    train, validation = both(folder / "out")
    physical = path.read_bytes().split(b"\n")
    assert Counter(line.rstrip(b"\n") for line in train + validation) == Counter(
        line for line in physical if line.strip(b" \t\r\x0b\x0c")
    )
    assert len(train) + len(validation) == len(found.numbers)
    assert len(validation) == len(plan.validation)


def test_every_container_gives_the_same_rows(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"question {i}", "completion": f"answer, {i}\n", "label": f"00{i}", "e": "é"}
        for i in range(10)
    ]
    made = every_container(tmp_path / "made", rows) if (tmp_path / "made").mkdir() is None else {}
    held = set()
    for name, path in made.items():
        if name in ("split in an object", "dictionary of splits"):
            continue
        out = tmp_path / f"out {name}"
        split(path, out)
        train, validation = both(out)
        assert sorted(values(train + validation), key=lambda row: row["prompt"]) == rows, name
        held.add(tuple(row["prompt"] for row in values(validation)))
    assert len(held) == 1


def test_numbers_of_an_array_stay_as_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    row = '{"prompt": "p%d", "completion": "x", "n": [1.10, 1e5, -0.0, 12345678901234567890, true]}'
    path.write_text("[" + ",\n".join(row % n for n in range(5)) + "]")
    split(path, tmp_path / "out")
    train, validation = both(tmp_path / "out")
    assert sorted(train + validation) == [(row % n).encode() + b"\n" for n in range(5)]


def test_what_json_has_no_word_for_is_counted(tmp_path: Path) -> None:
    import polars as pl

    path = tmp_path / "rows.parquet"
    frame = pl.DataFrame({**{k: [r[k] for r in pairs(4)] for k in pairs(1)[0]}, "x": [1.5] * 4})
    frame.with_columns(nan=pl.lit(float("nan")), raw=pl.lit(b"abc")).write_parquet(path)
    _, _, made = split(path, tmp_path / "out")
    assert made.unwritable == 8
    assert manifest(tmp_path / "out")["values_not_kept"] == 8
    row = values(both(tmp_path / "out")[0])[0]
    assert (row["x"], row["nan"]) == (1.5, None)


def test_gzip_is_written_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    content = "".join(json.dumps(row) + "\n" for row in pairs(10)).encode()
    path.write_bytes(gzip.compress(content))
    assert default_folder(path) == tmp_path / "rows-split"
    split(path, tmp_path / "out")
    train, validation = both(tmp_path / "out")
    assert sorted(train + validation) == sorted(content.splitlines(keepends=True))


def test_a_saved_folder(tmp_path: Path) -> None:
    folder = saved(tmp_path / "saved", pairs(10), shards=3)
    split(folder, tmp_path / "out")
    train, validation = both(tmp_path / "out")
    assert len(train) + len(validation) == 10
    assert sorted(manifest(tmp_path / "out")["validation_rows"]) == [
        int(row["prompt"].split()[1]) + 1 for row in values(validation)
    ]


def test_a_very_long_line_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    long = b'{"prompt": "' + b"x" * (33 << 20) + b'"}\n'
    path.write_bytes(
        b"".join(json.dumps(row).encode() + b"\n" for row in pairs(5)) + long + long.rstrip(b"\n")
    )
    found, _, made = split(path, tmp_path / "out")
    assert found.bad == 2
    assert (made.train, made.validation) == (6, 1)
    assert (tmp_path / "out" / "train.jsonl").read_bytes().endswith(long + long)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "prompt,completion\na,b\nc\nd,e\n", "row 3: 1 fields, the header has 2"),
        ("a.json", '[{"prompt": "a", "completion": "b"}, 5]', "not an object but a number"),
        ("a.json", '[{"prompt": "a", "completion": "b"}, {"x": ]', "not JSON"),
    ],
)
def test_rows_that_could_not_be_kept_are_refused(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match="no row is dropped") as caught:
        scan(path)
    assert reason in caught.value.message
    assert "JSON lines" in caught.value.remedy


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(
        gzip.compress(b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(999)))[:-900]
    )
    with pytest.raises(InputError):
        split(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"5\n6\n", b"\xff\xfe{\x00"])
def test_files_without_rows_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError):
        scan(path)


@pytest.mark.parametrize("strategy", ["random", "temporal"])
def test_a_groups_number_is_one_however_it_is_written(strategy: str, tmp_path: Path) -> None:
    names: list[object] = [1, "1", 1.0, "1.0", 1e0]
    rows = [
        {**row, "group": names[place % 5] if place < 20 else f"g{place}", "time": 1 + place}
        for place, row in enumerate(pairs(40))
    ]
    found, plan, _ = split(lines(tmp_path / "rows.jsonl", rows), tmp_path / "out", strategy)
    assert {row.group for row in found.rows[:20]} == {"1"}
    assert plan.largest == 20
    keys: list[object] = ["007", "7", 1.5, "1.50"]
    more = [{**row, "group": key} for row, key in zip(pairs(4), keys, strict=True)]
    apart = scan(lines(tmp_path / "apart.jsonl", more))
    assert [row.group for row in apart.rows] == ["007", "7", "1.5", "1.50"]


def test_a_link_to_itself_is_told(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(10))
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for out in (tmp_path / "a", tmp_path / "a" / "x"):
        with pytest.raises(InputError, match="can't be"):
            split(path, out)
    with pytest.raises(InputError, match="can't be"):
        split(tmp_path / "a", tmp_path / "out")


def test_what_a_killed_run_left_is_cleared_and_what_is_in_use_stays(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(10))
    with workshop(tmp_path, NAMES) as used:
        left = used.with_name(used.name[:-8] + "00000000")
        strange = used.with_name(used.name[:-8] + "11111111")
        elsewhere = tmp_path / ".split-00000000-22222222"
        older = tmp_path / ".split-33333333"
        for folder in (left, strange, elsewhere, older):
            folder.mkdir()
        (left / "train.jsonl").write_text("{}\n")
        (strange / "mine.txt").write_text("kept")
        os.utime(older, (0, 0))
        split(path, tmp_path / "out")
        assert {one.name for one in tmp_path.iterdir() if one.name[0] == "."} == {
            used.name,
            strange.name,
            elsewhere.name,
        }
    assert not used.exists()
