"""The commands around judging, as a person or a script calls them; no model is loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.sample import TUI_EVAL, quiet_environment
from tui_eval.files.exports import show

ROWS = 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace whose models are two files of answers."""
    place = tmp_path / "work"
    place.mkdir()
    lines = {"validation": [], "base": [], "tuned": []}  # type: ignore[var-annotated]
    for i in range(ROWS):
        prompt = f"Where does ferry number {i} go?"
        lines["validation"].append({"prompt": prompt, "completion": f"To island {i}."})
        lines["base"].append({"id": i, "prompt": prompt, "answer": f"I do not know {i}."})
        lines["tuned"].append({"id": i, "prompt": prompt, "answer": f"It goes to island {i}."})
    for name, rows in lines.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (place / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (place / "eval.toml").write_text(
        '[models.base]\nanswers = "base.jsonl"\n[models.tuned]\nanswers = "tuned.jsonl"\n'
        '[data]\nvalidation = "validation.jsonl"\n'
        "[review]\nsamples = 4\n[blind_ab]\npairs = 12\n",
        encoding="utf-8",
    )
    return place


def run(folder: Path, *arguments: str, lines: str = "", code: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [*TUI_EVAL, *arguments],
        cwd=folder, input=lines, capture_output=True, text=True, timeout=120,
        env={**os.environ, **quiet_environment(folder.parent), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


FINISH = "F\n\n\n\n\nq\n"
"""Without a guess on the pairs that were tied."""
VOTES = "\na\nb\nt\na\nb\na\na\nb\na\na\nb\na\na\na\na\na\na\na\n"


def judged(folder: Path, *arguments: str) -> None:
    run(folder, "ab", "--plain", "--judge", "ana", *arguments, lines=VOTES + FINISH)


def unblind(folder: Path, *arguments: str) -> str:
    told, _ = run(folder, "ab", "--plain", "--judge", "ana", *arguments, lines="unblind\nyes\nq\n")
    return told


def test_two_files_are_judged_and_exported_without_eval_toml(folder: Path) -> None:
    (folder / "eval.toml").unlink()
    files = ("base.jsonl", "tuned.jsonl", "--pairs", "12")
    judged(folder, *files)
    _, refused = run(folder, "export", "trl", code=2)
    assert "unblind" in refused
    assert "12" in unblind(folder, *files)
    out, note = run(folder, "export", "trl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert rows
    assert all({"prompt", "chosen", "rejected"} <= row.keys() for row in rows)
    assert "can't be judged by them again" in note
    assert not (folder / "eval.toml").exists()


def test_nothing_tells_a_direction_before_unblinding(folder: Path) -> None:
    judged(folder)
    shown, _ = run(folder, "show", "blind_ab", "--json")
    read = json.loads(shown)
    jsonschema.Draft202012Validator(show.schema()).validate(read)
    step = read["candidates"]["tuned"]["steps"]["blind_ab"]
    assert step["verdict"] == "waiting"
    assert step["numbers"]["votes"]["value"] >= 12
    for name in ("win_rate", "wins", "losses", "ties", "left_rate", "e_value", "sign_p"):
        assert step["numbers"][name]["value"] is None, name
    assert "pairs" not in step["tables"]
    unblind(folder)
    after = json.loads(run(folder, "show", "blind_ab", "--json")[0])
    step = after["candidates"]["tuned"]["steps"]["blind_ab"]
    assert step["numbers"]["win_rate"]["value"] is not None
    assert len(step["tables"]["pairs"]) == 12


def test_a_bundle_goes_out_and_its_journal_comes_back(folder: Path, tmp_path: Path) -> None:
    judged(folder)
    away = tmp_path / "away"
    away.mkdir()
    run(folder, "pack", "--judge", "bo", "--out", str(away / "bo.jsonl"))
    packed = (away / "bo.jsonl").read_text("utf-8")
    assert "tuned" not in packed
    assert "base.jsonl" not in packed
    run(away, "ab", "bo.jsonl", "--plain", lines=VOTES + FINISH)
    (journal,) = (away / "judgements").glob("*.jsonl")
    taken, _ = run(folder, "import", str(journal))
    assert "bo" in taken
    again, _ = run(folder, "import", str(journal))
    assert again != taken
    unblind(folder)
    step = json.loads(run(folder, "show", "blind_ab", "--json")[0])
    numbers = step["candidates"]["tuned"]["steps"]["blind_ab"]["numbers"]
    assert numbers["agreement"]["value"] is not None


def test_the_sheet_goes_out_and_comes_back(folder: Path) -> None:
    run(folder, "export", "sheet", "--out", "sheet.json")
    rows = json.loads((folder / "sheet.json").read_text("utf-8"))
    assert len(rows) == 4
    assert set(rows[0]) == {"id", "prompt", "expected", "generated", "scores", "notes"}
    for row in rows:
        row["scores"] = {"accuracy": 4, "relevance": 5, "fluency": 5, "format": 3}
        row["notes"] = "fine #short"
    rows[0]["scores"]["accuracy"] = 9
    (folder / "sheet.json").write_text(json.dumps(rows), encoding="utf-8")
    told, problems = run(folder, "import", "sheet.json", "--judge", "cy", code=1)
    assert "3 answers taken in" in told
    assert "row 1" in problems
    step = json.loads(run(folder, "show", "review", "--json")[0])
    numbers = step["candidates"]["tuned"]["steps"]["review"]["numbers"]
    assert numbers["reviewed"]["value"] == 3
    assert numbers["format"]["value"] == 3


def test_a_sheet_is_somebodys(folder: Path) -> None:
    run(folder, "export", "sheet", "--out", "sheet.json")
    rows = json.loads((folder / "sheet.json").read_text("utf-8"))
    for row in rows:
        row["scores"]["accuracy"] = 4
    (folder / "sheet.json").write_text(json.dumps(rows), encoding="utf-8")
    _, told = run(folder, "import", "sheet.json", code=2)
    assert "--judge NAME" in told
    run(folder, "import", "sheet.json", "--judge", "cy")
    rows[0]["scores"]["accuracy"] = 2
    (folder / "sheet.json").write_text(json.dumps(rows), encoding="utf-8")
    told, _ = run(folder, "import", "sheet.json", "--judge", "cy")
    assert "1 of them in the place of earlier ones" in told
    read = json.loads(run(folder, "show", "review", "--json")[0])
    assert read["candidates"]["tuned"]["steps"]["review"]["numbers"]["pace"]["value"] is None


def test_unblinding_line_by_line_asks_first(folder: Path) -> None:
    judged(folder)
    told, _ = run(folder, "ab", "--plain", "--judge", "ana", lines="unblind\nno\nq\n")
    assert "Not unblinded" in told
    _, refused = run(folder, "export", "trl", code=2)
    assert "nblind" in refused


def test_a_call_of_a_tool_is_not_an_empty_answer(folder: Path) -> None:
    call = {"function": {"name": "weather", "arguments": {"place": "Oxcombe"}}}
    for name, last in (
        ("one", {"role": "assistant", "content": None, "tool_calls": [call]}),
        ("two", {"role": "assistant", "content": "It is sunny."}),
    ):
        row = {"messages": [{"role": "user", "content": "How is the weather?"}, last]}
        (folder / f"{name}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    told, _ = run(folder, "ab", "one.jsonl", "two.jsonl", "--plain", lines="\nq\n")
    assert "weather" in told
    assert "Oxcombe" in told


def test_review_line_by_line(folder: Path) -> None:
    told, _ = run(folder, "review", "--plain", "--judge", "ana", lines="\n4 5 5 4\n3 3 3 3\nq\n")
    assert "2 of 4 done, all saved" in told
    assert "\x1b" not in told
    step = json.loads(run(folder, "show", "review", "--json")[0])
    assert step["candidates"]["tuned"]["steps"]["review"]["numbers"]["reviewed"]["value"] == 2


def test_closing_a_judge_is_kept_with_the_closers_name(folder: Path) -> None:
    judged(folder)
    run(folder, "ab", "--plain", "--judge", "bo", lines="\na\na\nq\n")
    told, _ = run(folder, "ab", "--close", "bo", "--judge", "ana")
    assert "bo" in told
    unblind(folder)
    log, _ = run(folder, "export", "events")
    rows = [json.loads(line) for line in log.splitlines()]
    closed = [row for row in rows if row["event"]["kind"] == "close"]
    assert [(row["judge"], row["event"]["judge"]) for row in closed] == [("ana", "bo")]


def test_closing_a_judge_of_two_files(folder: Path) -> None:
    (folder / "eval.toml").unlink()
    files = ("base.jsonl", "tuned.jsonl", "--pairs", "12")
    judged(folder, *files)
    run(folder, "ab", *files, "--plain", "--judge", "bo", lines="\na\nq\n")
    _, told = run(folder, "show", code=2)
    assert "tui-eval ab BASE.jsonl TUNED.jsonl" in told
    run(folder, "ab", *files, "--close", "bo", "--judge", "ana")
    assert "12" in unblind(folder, *files)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ab", "one.jsonl", "two.jsonl", "--plain"), "no file one.jsonl"),
        (("ab", "a", "b", "c", "--plain"), "two files"),
        (("export", "nonsense"), "trl"),
        (("import", "nowhere.jsonl"), "no file nowhere.jsonl"),
        (("pack",), "--judge"),
        (("ab", "--plain", "--candidate", "other"), "no candidate other"),
        (("ab", "--plain", "--against", "other"), "other"),
        (("ab",), "--plain"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_says_what_to_do(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    _, told = run(folder, *arguments, code=2)
    assert words in told
    assert "Traceback" not in told


def test_judging_two_files_imports_nothing_heavy(folder: Path) -> None:
    """With the answers at hand nobody waits for torch, or for what reads data sets."""
    script = (
        "import sys, tui_eval.cli as cli; code = cli.main(sys.argv[1:]);"
        "names = {'torch', 'transformers', 'polars', 'numpy', 'scipy', 'sklearn'};"
        "heavy = names & set(sys.modules); assert not heavy, heavy; sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "ab", "base.jsonl", "tuned.jsonl", "--plain"],
        cwd=folder, input="\na\nq\n", capture_output=True, text=True, timeout=120,
        env={**os.environ, **quiet_environment(folder.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
