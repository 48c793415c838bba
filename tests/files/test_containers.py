"""The same rows from every container, and every way in which a file can be wrong."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import subprocess
import sys
import zlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files.making import PAIRS, every_container, faults, lines, load, saved, texts
from tests.shared import SHARED, needs_shared
from tui_eval.errors import InputError
from tui_eval.files.datasets import columnar, columnar_child, csv_rows, strict_json
from tui_eval.files.datasets import rows as row_reader
from tui_eval.files.datasets.parquet_footer import BadFooter, Claims, read_claims
from tui_eval.files.logs import read_log

EXPECTED = [("question 1", "answer 1"), ("question 2", "answer 2"), ("question 3", "answer 3")]


def test_the_same_rows_from_every_container(tmp_path: Path) -> None:
    ids = set()
    for name, path in every_container(tmp_path, PAIRS).items():
        dataset = load(path)
        assert texts(dataset) == EXPECTED, name
        assert (dataset.rows, dataset.bad_rows) == (3, 0), name
        ids.add(tuple(sample.id for sample in dataset.samples))
    assert len(ids) == 1


@needs_shared
@pytest.mark.parametrize(
    ("file", "shape", "rows", "last_line"),
    [
        ("gsm8k/train_first400.jsonl", "question_answer", 400, 400),
        ("instruct/seed_tasks_alpaca_format.json", "alpaca", 175, 175),
        ("instruct/sharegpt_dummy_conversation.json", "sharegpt", 500, 500),
        ("classification/banking77_test.csv", "text", 3080, 3085),
        ("humaneval/HumanEval_first60.jsonl", "prompt_completion", 60, 60),
        ("humaneval/example_problem.jsonl", "prompt_completion", 1, 1),
    ],
)
def test_real_files(file: str, shape: str, rows: int, last_line: int) -> None:
    dataset = load(SHARED / file)
    assert (dataset.shape, dataset.rows, dataset.bad_rows) == (shape, rows, 0)
    assert len(dataset.samples) + dataset.duplicates == rows
    assert dataset.samples[-1].row == last_line


@needs_shared
def test_real_csv_keeps_newlines_quotes_and_labels() -> None:
    samples = load(SHARED / "classification/banking77_test.csv").samples
    assert len({sample.category for sample in samples}) == 77
    assert sum("\n" in (sample.text or "") for sample in samples) == 3


@needs_shared
def test_real_files_that_are_no_conversations_say_why() -> None:
    with pytest.raises(InputError, match="no known shape; its fields: id, name, instruction"):
        load(SHARED / "instruct/seed_tasks.jsonl")
    with pytest.raises(InputError, match="not an object but a text"):
        load(SHARED / "classification/banking77_categories.json")
    summaries = SHARED / "summarisation/scitldr_a_dev_first150.jsonl"
    with pytest.raises(InputError, match="a list of"):
        load(summaries, prompt="source", answer="target")


def test_a_column_that_comes_late_is_kept(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"prompt": f"p{i}", "completion": "c"} for i in range(300)]
    rows.append({"prompt": "late", "completion": "c", "category": "x", "system": "be brief"})
    last = load(lines(tmp_path / "a.jsonl", rows)).samples[-1]
    assert last.category == "x"
    assert last.messages[0].content == "be brief"


BAD_LINES = {
    "a bare NaN": '{"prompt": "a", "completion": "b", "score": NaN}',
    "bare Infinity": '{"prompt": "a", "completion": "b", "score": -Infinity}',
    "out of range": '{"prompt": "a", "completion": "b", "score": 1e999}',
    "twice": '{"prompt": "a", "prompt": "c", "completion": "b"}',
    "half a character": '{"prompt": "a\\ud800", "completion": "b"}',
    "not JSON": '{"prompt": "a", "completion": "b"',
    "an array": '["prompt"]',
    "a text": '"prompt"',
    "a number": "17",
    "null": "null",
    "nested too deeply": '{"prompt": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "integer": '{"prompt": "a", "completion": ' + "1" * 5000 + "}",
    "no known shape": '{"a": 1}',
    "is empty": '{"prompt": "a", "completion": " "}',
    "prompt is empty": '{"prompt": "", "completion": "b"}',
    "not a text": '{"prompt": "a", "completion": {"x": 1}}',
    "control character": '{"prompt": "a\x01", "completion": "b"}',
}


@pytest.mark.parametrize("reason", BAD_LINES)
def test_a_bad_line_is_listed_with_its_number_and_reason(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"prompt": "1", "completion": "1"}\n\n' + BAD_LINES[reason] + "\n"
        '{"prompt": "4", "completion": "4"}\n'
    )
    dataset = load(path)
    assert texts(dataset) == [("1", "1"), ("4", "4")]
    assert list(faults(dataset)) == [3]
    assert reason.removeprefix("a bare ").removeprefix("bare ") in faults(dataset)[3]
    assert dataset.skipped[0].source == "a.jsonl"
    assert (dataset.rows, dataset.bad_rows) == (3, 1)


@pytest.mark.parametrize("reason", sorted(set(BAD_LINES) - {"not JSON"}))
def test_a_bad_element_of_an_array_costs_itself_alone(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "a.json"
    good = '{"prompt": "1", "completion": "1"}'
    path.write_text(f"[{good},\n{BAD_LINES[reason]},\n{good.replace('1', '4')}\n]")
    dataset = load(path)
    assert texts(dataset) == [("1", "1"), ("4", "4")]
    assert list(faults(dataset)) == [2]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_object_is_one_row_and_keys_around_rows_are_passed(
    tmp_path: Path, indent: int | None
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"name": "x", "prompt": "a", "completion": "b"}, indent=indent))
    assert texts(load(path)) == [("a", "b")]
    inside = {"prompt": "a", "completion": "b", "items": [{"text": "c"}]}
    path.write_text(json.dumps(inside, indent=indent))
    assert texts(load(path)) == [("a", "b")]
    around = {"version": 1, "info": {"a": [1]}, "train": [{"a": 1}], "test": [], "rows": PAIRS}
    path.write_text(json.dumps(around, indent=indent))
    dataset = load(path)
    assert texts(dataset) == EXPECTED
    assert "'rows'" in dataset.notes[0]


def test_an_array_that_breaks_off_keeps_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(PAIRS)[:-20])
    dataset = load(path)
    assert texts(dataset) == EXPECTED[:2]
    assert dataset.bad_rows >= 1
    path.write_text(json.dumps(PAIRS)[:-1])
    dataset = load(path)
    assert texts(dataset) == EXPECTED
    assert "ends within the array" in faults(dataset)[4]


FRAGMENTS = ["[", "[{", '[{"', "[,,,", "{", '{"data": [', "[[[[", "]]]", "[}]", '{"a" 1}']


@pytest.mark.parametrize("text", FRAGMENTS)
def test_fragments_are_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError):
        load(path)


def test_a_truncated_last_line_is_told(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", PAIRS)
    path.write_bytes(path.read_bytes()[:-9])
    dataset = load(path)
    assert texts(dataset) == EXPECTED[:2]
    assert "the file ends within this line" in faults(dataset)[3]


def test_a_byte_that_is_not_utf8_costs_its_row_alone(tmp_path: Path) -> None:
    bad = b'{"prompt": "caf\xe9", "completion": "x"}'
    good = b'{"prompt": "1", "completion": "1"}'
    rows = (good, bad, good.replace(b"1", b"3"))
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(rows))
    (tmp_path / "a.json").write_bytes(b"[" + b",\n".join(rows) + b"]")
    for name in ("a.jsonl", "a.json"):
        dataset = load(tmp_path / name)
        assert texts(dataset) == [("1", "1"), ("3", "3")]
        assert "not UTF-8" in faults(dataset)[2]


def test_a_line_longer_than_the_cap_is_a_bad_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_reader, "LONGEST", 2**20)
    long = {"prompt": "x" * (3 * 2**20), "completion": "y"}
    dataset = load(lines(tmp_path / "a.jsonl", [PAIRS[0], long, PAIRS[2]]))
    assert texts(dataset) == [EXPECTED[0], EXPECTED[2]]
    assert "longer than 1 MiB" in faults(dataset)[2]


def test_a_value_that_crosses_the_readers_windows_is_whole(tmp_path: Path) -> None:
    rows = [{"prompt": f"{i} " + 'é"\\[{' * 40_000, "completion": "y" * i} for i in range(1, 9)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    assert texts(load(path)) == [(row["prompt"], row["completion"]) for row in rows]


def test_a_damaged_gzip_file_keeps_what_was_unpacked(tmp_path: Path) -> None:
    rows = [{"prompt": f"{i}", "completion": str(hash(i) % 10**9)} for i in range(5000)]
    path = tmp_path / "a.jsonl.gz"
    whole = gzip.compress(lines(tmp_path / "a.jsonl", rows).read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    dataset = load(path)
    assert 0 < len(dataset.samples) < 5000
    assert "gzip file is damaged" in dataset.skipped[-1].reason
    path.write_bytes(b"\x1f\x8b\x08\x00" + b"x" * 100)
    with pytest.raises(InputError, match="gzip"):
        load(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b" \n\r\n\xef", "no usable row"),
        ("a.json", b"\xef\xbb\xbf\n", "is empty"),
        ("a.json", b"[]", "no rows"),
        ("a.json", b"{}", "no fields"),
        ("a.json", b'{"data": []}', "no rows"),
        ("a.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
        ("a.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
        ("a.jsonl", b"\xff\xfe{\x00}\x00", "UTF-16"),
        ("a.parquet", b"nothing like it", "not a Parquet file"),
        ("a.parquet", b"PAR1 cut off", "damaged Parquet"),
        ("a.parquet", b"PAR1" + b"\xff" * 40 + b"\x20\x00\x00\x00PAR1", "damaged Parquet"),
        ("a.arrow", b"\xff\xff\xff\xff\xff\xff\xff\x7f", "Arrow stream"),
        ("a.arrow", b"ARROW1\0\0" + b"\0" * 64, "can't be read"),
        ("a.csv", b"a,a\n1,2\n", "'a' twice"),
        ("a.csv", b"prompt,completion\n", "no rows"),
        ("a.txt", b"words", "not a known kind"),
    ],
)
def test_a_file_without_a_usable_row_says_why(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        load(path)


def test_no_file_and_no_data_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        load(tmp_path / "gone.jsonl")
    with pytest.raises(InputError, match=r"state\.json"):
        load(tmp_path)


def test_what_is_no_regular_file_is_not_called_absent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    (tmp_path / "gone.jsonl").symlink_to("nowhere")
    for read in (load, read_log):
        for name in ("pipe", "zero"):
            with pytest.raises(InputError, match=rf"{name}\.jsonl is not a regular file"):
                read(tmp_path / f"{name}.jsonl")
        with pytest.raises(InputError, match=r"loop\.jsonl can't be followed"):
            read(tmp_path / "loop.jsonl")
        with pytest.raises(InputError, match="There is no file"):
            read(tmp_path / "gone.jsonl")


def test_a_csv_header_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    names = ["prompt", "completion", *(f"c{i}" for i in range(csv_rows.MOST_COLUMNS - 2))]
    path.write_text(",".join(names) + "\n" + ",".join("x" * len(names)) + "\n")
    assert texts(load(path)) == [("x", "x")]
    path.write_text(",".join([*names, "more"]) + "\n")
    with pytest.raises(InputError, match="names 10,001 columns"):
        load(path)


def test_a_repeated_key_is_found_in_one_pass() -> None:
    compared = 0

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    pairs = [(Name(f"k{i}"), 1) for i in range(1000)] + [(Name("k999"), 2)]
    with pytest.raises(row_reader.DamagedRow, match="the key 'k999' stands twice"):
        strict_json._object(list(pairs))
    assert compared < 5 * len(pairs)


def test_csv_is_text_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        b'prompt,completion,category\r\n"a, ""b""\r\nc",007,1.10\r\nx,inf,NaN\r\n\r\ny,1e5,\r\n'
    )
    dataset = load(path)
    assert texts(dataset) == [('a, "b"\r\nc', "007"), ("x", "inf"), ("y", "1e5")]
    assert [sample.category for sample in dataset.samples] == ["1.10", "NaN", None]
    assert [sample.row for sample in dataset.samples] == [2, 4, 6]


def test_a_label_with_leading_zeros_stays_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "".join(f"t{i},{i}\n" for i in range(200)) + "last,007\n")
    dataset = load(path, prompt="text", answer="label", category="label")
    assert texts(dataset)[-1] == ("last", "007")
    assert dataset.samples[-1].category == "007"


def test_csv_delimiters_are_looked_at_in_the_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prompt;completion\na, b, c;d\n")
    dataset = load(path)
    assert texts(dataset) == [("a, b, c", "d")]
    assert "semicolon" in dataset.notes[0]
    path.write_text("text\nno; semicolons; count\n")
    assert load(path).samples[0].text == "no; semicolons; count"


def test_csv_rows_that_do_not_fit_are_bad_rows_with_physical_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('prompt,completion\n"a\n\n",b\none\nc,d,e\n"f"g,h\ni,j\n')
    dataset = load(path)
    assert texts(dataset) == [("a\n\n", "b"), ("i", "j")]
    assert list(faults(dataset)) == [5, 6, 7]


def test_an_unclosed_quote_costs_one_row_not_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('prompt,completion\na,b\nc,"d\n' + "".join(f"p{i},q\n" for i in range(50)))
    dataset = load(path)
    assert len(dataset.samples) == 51
    assert faults(dataset) == {3: "a quote is never closed"}


def test_csv_in_an_old_encoding_is_decoded_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("prompt,completion\ncafé,naïve “x”\n".encode("cp1252"))
    dataset = load(path)
    assert texts(dataset) == [("café", "naïve “x”")]
    assert "Windows-1252" in dataset.notes[0]


def test_one_bad_byte_does_not_make_a_utf8_csv_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("prompt,completion\ncafé,x\nthé,y\n".encode() + b"caf\xe9,z\n")
    dataset = load(path)
    assert texts(dataset) == [("café", "x"), ("thé", "y")]
    assert faults(dataset) == {4: "not UTF-8"}


def test_parquet_with_nested_turns_and_nulls(tmp_path: Path) -> None:
    import polars as pl

    call = [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]
    rows: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        {
            "messages": [
                {"role": "user", "content": "c"},
                {"role": "assistant", "content": None, "tool_calls": call},
            ]
        },
    ]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "a.parquet")
    plain, calling = load(tmp_path / "a.parquet").samples
    assert dict(plain.messages[1].extra) == {}
    assert calling.messages[1].extra["tool_calls"] == call
    same = load(lines(tmp_path / "a.jsonl", rows)).samples
    assert [sample.id for sample in same] == [plain.id, calling.id]


def test_a_name_is_no_pattern(tmp_path: Path) -> None:
    import polars as pl

    for name in ("[ab]*?.parquet", "[ab]*?.arrow"):
        frame = pl.DataFrame([{"text": name}])
        path = tmp_path / name
        frame.write_parquet(path) if name.endswith("parquet") else frame.write_ipc(path)
        (tmp_path / "a.parquet").write_bytes(b"PAR1 another")
        assert load(path).samples[0].text == name


def test_parquet_row_numbers_go_on_over_slices(tmp_path: Path) -> None:
    import polars as pl

    rows = [{"text": f"t{i}" if i != 9000 else ""} for i in range(1, 9101)]
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet", row_group_size=2500)
    dataset = load(tmp_path / "a.parquet")
    assert len(dataset.samples) == 9099
    assert faults(dataset) == {9000: "the text is empty"}
    assert dataset.samples[-1].row == 9100


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def footer(rows: int, unpacked: int) -> bytes:
    """A thrift FileMetaData with these claims alone."""
    group = b"\x26" + varint(unpacked << 1) + b"\x16" + varint(rows << 1) + b"\x00"
    return b"\x36" + varint(rows << 1) + b"\x19\x1c" + group + b"\x00"


@pytest.mark.parametrize(
    ("rows", "unpacked", "reason"),
    [(200_000_000, 10, "rows"), (10, 4 * 2**50, "unpack"), (10, 9 * 2**30, "unpack")],
)
def test_a_parquet_file_that_claims_too_much_is_refused_unread(
    tmp_path: Path, rows: int, unpacked: int, reason: str
) -> None:
    end = footer(rows, unpacked)
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + end + len(end).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(InputError, match=reason):
        load(path)


@given(st.binary(max_size=80))
def test_any_footer_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    path.write_bytes(b"PAR1" + content + len(content).to_bytes(4, "little") + b"PAR1")
    with contextlib.suppress(BadFooter):
        assert isinstance(read_claims(path), Claims)


def test_a_damaged_parquet_page_is_told_and_nothing_else_speaks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import polars as pl

    path = tmp_path / "a.parquet"
    pl.DataFrame([{"text": f"row {i} {'x' * (i % 97)}"} for i in range(3000)]).write_parquet(path)
    content = bytearray(path.read_bytes())
    content[30:90] = b"\xff" * 60
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="can't be read"):
        load(path)
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_dies_is_told(tmp_path: Path) -> None:
    torn = io.BytesIO(b'["note", "n"]\n["row", 1, {"text": "a"}, ""]\n["row", 2, {"te')
    notes: list[str] = []
    told = columnar._told(tmp_path / "a.parquet", torn, notes)
    assert next(told).value == {"text": "a"}
    assert notes == ["n"]
    with pytest.raises(InputError, match="ended the process"):
        next(told)


def test_whatever_the_child_stumbles_over_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble(*_: object) -> None:
        raise TypeError("an option of another version")

    monkeypatch.setitem(columnar_child._READERS, "arrow", stumble)
    path = tmp_path / "a.arrow"
    path.write_bytes(b"ARROW1")
    columnar_child.main(path, "validation")
    told = columnar._told(path, io.BytesIO(capsys.readouterr().out.encode()), [])
    with pytest.raises(InputError, match="TypeError: an option of another version"):
        next(told)


def test_values_that_json_has_not_come_through_or_are_told(tmp_path: Path) -> None:
    import polars as pl

    rows = {
        "prompt": ["a", "b", "c"],
        "completion": [1.5, float("nan"), float("inf")],
        "date": [date(2025, 1, 2), None, None],
        "picture": [b"\x00\xff", None, None],
    }
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    dataset = load(tmp_path / "a.parquet")
    assert texts(dataset) == [("a", "1.5")]
    assert dataset.samples[0].time == "2025-01-02"
    assert "NaN or infinity" in faults(dataset)[2]
    assert "NaN or infinity" in faults(dataset)[3]
    with pytest.raises(InputError, match="an object, not a text"):
        load(tmp_path / "a.parquet", answer="picture")


def test_the_app_never_loads_polars(tmp_path: Path) -> None:
    import polars as pl

    pl.DataFrame(PAIRS).write_parquet(tmp_path / "a.parquet")
    code = (
        "import sys; from pathlib import Path; from tui_eval.files.datasets import preview;"
        "from tui_eval.config import DataConfig;"
        f"seen = preview(Path({str(tmp_path / 'a.parquet')!r}), DataConfig());"
        "assert seen.rows == 3; assert 'polars' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_saved_folders_choose_the_split_and_stay_inside(tmp_path: Path) -> None:
    rows = [{"text": f"t{i}"} for i in range(5)]
    saved(tmp_path / "d" / "test", rows)
    saved(tmp_path / "d" / "train", rows[:2], shards=1)
    names = tmp_path / "d" / "dataset_dict.json"
    names.write_text('{"splits": ["train", "test"]}')
    assert len(load(tmp_path / "d", split="train").samples) == 2
    assert len(load(tmp_path / "d", split="test").samples) == 5
    with pytest.raises(InputError, match="train, test, none of them validation"):
        load(tmp_path / "d")
    names.write_text('{"splits": ["../../etc"]}')
    with pytest.raises(InputError, match="not in it"):
        load(tmp_path / "d")
    state = tmp_path / "d" / "train" / "state.json"
    state.write_text('{"_data_files": [{"filename": "/etc/passwd"}]}')
    with pytest.raises(InputError, match="not in it"):
        load(tmp_path / "d" / "train")
    state.write_text('{"_data_files": [{"filename": "gone.arrow"}]}')
    with pytest.raises(InputError, match="missing"):
        load(tmp_path / "d" / "train")


def test_a_cut_shard_is_told(tmp_path: Path) -> None:
    folder = saved(tmp_path / "d", [{"text": "t" * 500}] * 5, shards=1)
    shard = next(folder.glob("*.arrow"))
    shard.write_bytes(shard.read_bytes()[:-200])
    with pytest.raises(InputError, match="Arrow stream"):
        load(folder)


@given(st.binary(max_size=300), st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.jsonl.gz"]))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("bytes") / name
    path.write_bytes(content)
    with pytest.raises(InputError):
        load(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
row_keys = st.sampled_from(
    [
        "messages",
        "conversations",
        "prompt",
        "completion",
        "text",
        "instruction",
        "input",
        "output",
        "question",
        "answer",
        "tools",
        "system",
        "history",
        "category",
        "\x1b]52;c;x\x07",
        "role",
    ]
)


@given(st.lists(st.dictionaries(row_keys, json_values, max_size=5) | json_values, max_size=5))
def test_hostile_rows_are_all_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    good = {"text": "a usable row"}
    lines(path, [*rows, good])
    dataset = load(path)
    assert dataset.rows == len(rows) + 1
    assert len(dataset.samples) + dataset.duplicates + dataset.bad_rows == dataset.rows
    assert len(dataset.skipped) == dataset.bad_rows
    path.write_text(json.dumps([*rows, good]))
    assert {s.id for s in load(path).samples} == {s.id for s in dataset.samples}


@given(st.text(max_size=60), st.text(max_size=60))
def test_text_comes_through_exactly(
    tmp_path_factory: pytest.TempPathFactory, prompt: str, answer: str
) -> None:
    folder = tmp_path_factory.mktemp("exact")
    row = {"prompt": f"p{prompt}", "completion": f"c{answer}"}
    path = folder / "a.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8", newline="")
    assert texts(load(path)) == [(row["prompt"], row["completion"])]


def test_nothing_of_zlibs_leaks_out(tmp_path: Path) -> None:
    body = bytearray(gzip.compress(b'{"text": "x"}\n' * 5000))
    body[40:60] = b"\xff" * 20
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(bytes(body))
    with pytest.raises(InputError) as caught:
        load(path)
    assert not isinstance(caught.value, zlib.error)
