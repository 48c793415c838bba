"""The measure job from files to facts: copies with their training rows, nearest prompts."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tui_eval import config as configuration
from tui_eval.core.reading import Reading
from tui_eval.core.records import CopyMatch
from tui_eval.core.text import digest
from tui_eval.engine.context import JobContext
from tui_eval.engine.jobs import measure
from tui_eval.errors import ConfigError, EngineError
from tui_eval.files import measuring
from tui_eval.files.evidence import FileCache, WorkspaceEvidence, readings
from tui_eval.store.workspace import Workspace

TOML = """
[models.base]
answers = "base.jsonl"
[models.tuned]
answers = "tuned.jsonl"
[data]
train = "{train}"
validation = "validation.jsonl"
"""
ROWS, PROMPTS = 400, 12


def text(mark: str, count: int) -> str:
    """Words that no other text holds."""
    return " ".join(f"{mark}{at}" for at in range(count))


def chat(*turns: str, **fields: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": turn} for at, turn in enumerate(turns)]
    return {"messages": messages, **fields}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


class World:
    """Answers in files, so that no model is needed. Answer 0 is a training answer in other
    case, answer 1 holds 60 words of one in a row, answer 2 holds 20, the others none."""

    def __init__(self, folder: Path, train: str = "train.jsonl") -> None:
        self.folder = folder
        rows = [chat(f"ask {text(f'p{at}q', 6)}", text(f"t{at}w", 80)) for at in range(ROWS)]
        rows[7] = chat("hello there", text("first", 9), "and then", text("second", 90))
        self.rows = rows
        write(folder / "train.jsonl", rows)
        prompts = [f"ask {text(f'p{at}q', 6)} again" for at in range(PROMPTS)]
        write(
            folder / "validation.jsonl",
            [chat(p, text(f"r{at}w", 30)) for at, p in enumerate(prompts)],
        )
        answers = [text(f"a{at}w", 30) for at in range(PROMPTS)]
        answers[0] = text("t3w", 80).upper()
        words = text("second", 90).split()
        answers[1] = " ".join(["so", *words[10:70], "end"])
        answers[2] = " ".join([*text("t5w", 80).split()[:20], *text("own", 30).split()])
        self.answers = answers
        self.answer("tuned", answers)
        self.answer("base", [text(f"b{at}w", 30) for at in range(PROMPTS)])
        (folder / "eval.toml").write_text(TOML.format(train=train))
        self.number = 0

    def answer(self, model: str, answers: list[str]) -> None:
        prompts = [row["messages"][0]["content"] for row in self.validation()]
        found = zip(prompts, answers, strict=True)
        write(self.folder / f"{model}.jsonl", [{"prompt": p, "answer": a} for p, a in found])

    def validation(self) -> list[dict[str, Any]]:
        path = self.folder / "validation.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def run(self, watch: Callable[[JobContext], None] = lambda context: None, **args: Any) -> int:
        """How many facts it wrote."""
        self.number += 1
        config = configuration.load(self.folder / "eval.toml")
        workspace = Workspace.open(self.folder)
        workspace.catch_up()
        try:
            job = workspace.request("measure", {"candidate": "tuned", "split": "validation"} | args)
            claimed = workspace.claim()
            assert claimed is not None
            context = JobContext(workspace, config, claimed, {})
            watch(context)
            before = self.written()
            measure.run(claimed, context)
            context.flush()
            workspace.finish(job.id, "cancelled" if context.heard else "done")
            return self.written() - before
        finally:
            workspace.close()

    def written(self) -> int:
        workspace = Workspace.open(self.folder)
        try:
            files = list(workspace.facts_dir.glob("*.jsonl"))
        finally:
            workspace.close()
        return sum(path.read_text().count("\n") for path in files)

    def found(self) -> tuple[Mapping[str, CopyMatch], Mapping[str, Any]]:
        config = configuration.load(self.folder / "eval.toml")
        workspace = Workspace.open(self.folder)
        try:
            evidence = WorkspaceEvidence(workspace, config, FileCache())
            copies, nearest = evidence.copies("tuned"), evidence.nearest("tuned")
        finally:
            workspace.close()
        assert copies is not None
        assert nearest is not None
        return copies, nearest

    def of(self, place: int) -> CopyMatch:
        return self.found()[0][digest(self.answers[place])]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_every_text_and_prompt_gets_a_fact(world: World) -> None:
    assert world.run() == 3 * PROMPTS + PROMPTS
    copies, nearest = world.found()
    assert (len(copies), len(nearest)) == (3 * PROMPTS, PROMPTS)
    assert sum(match.copied for match in copies.values()) == 2


def test_a_whole_answer_in_other_case(world: World) -> None:
    world.run()
    match = world.of(0)
    assert (match.copied, match.exact, match.run) == (True, True, 80)
    assert (match.source, match.row) == ("train.jsonl", 4)
    assert match.matched == text("t3w", 80)
    assert match.span == (0, len(world.answers[0]))


def test_a_long_run_of_a_later_turn(world: World) -> None:
    world.run()
    match = world.of(1)
    assert (match.copied, match.exact, match.run) == (True, False, 60)
    assert (match.source, match.row) == ("train.jsonl", 8)
    assert match.matched == world.answers[1][slice(*match.span)]
    assert len(match.matched.split()) == 60


def test_a_short_run_is_told_and_is_no_copy(world: World) -> None:
    world.run()
    match = world.of(2)
    assert (match.copied, match.run, match.row) == (False, 20, 6)
    assert match.covered == pytest.approx(20 / 50)
    assert not world.of(5).run


def test_the_nearest_prompt_is_its_source(world: World) -> None:
    world.run()
    rows = {one.row: one for one in world.found()[1].values()}
    assert set(rows) >= {at + 1 for at in range(PROMPTS) if at != 7}
    assert rows[3].source == "train.jsonl"
    assert 0.9 < rows[3].similarity < 1.0


def test_what_is_known_is_not_looked_for_again(world: World) -> None:
    world.run()
    assert world.run() == 0
    assert world.run(again=True) == 4 * PROMPTS


def test_only_new_answers_are_looked_for(world: World) -> None:
    world.run()
    world.answers[5] = text("t9w", 80)
    world.answer("tuned", world.answers)
    assert world.run() == 1
    assert world.of(5).row == 10


def test_another_training_file_has_findings_of_its_own(world: World) -> None:
    world.run()
    world.rows[3] = chat("other", "words")
    write(world.folder / "train.jsonl", world.rows)
    assert world.found()[0] == {}
    world.run()
    assert not world.of(0).copied
    assert world.of(1).copied


def test_another_limit_has_findings_of_its_own(world: World) -> None:
    world.run()
    toml = world.folder / "eval.toml"
    toml.write_text(toml.read_text() + "[overfitting]\ncopy_run = 70\n")
    assert world.found()[0] == {}
    world.run()
    assert (world.of(1).copied, world.of(1).run) == (False, 60)


def test_short_runs_may_be_asked_for_down_to_a_seed(world: World) -> None:
    toml = world.folder / "eval.toml"
    told = toml.read_text()
    toml.write_text(told + "[overfitting]\ncopy_run = 8\n")
    world.run()
    assert world.of(2).copied
    toml.write_text(told + "[overfitting]\ncopy_run = 7\n")
    with pytest.raises(ConfigError, match="copy_run is 7, but has to be at least 8"):
        world.run()


def test_before_there_are_answers_the_prompts_are_measured(world: World) -> None:
    toml = world.folder / "eval.toml"
    told = toml.read_text()
    (world.folder / "model").mkdir()
    for name in ("tuned", "base"):
        toml.write_text(toml.read_text().replace(f'answers = "{name}.jsonl"', 'path = "model"'))
    assert world.run() == PROMPTS
    toml.write_text(told)
    # Now the answers of both, and what the data answers to the same prompts.
    assert world.run() == 3 * PROMPTS


def test_cancelled_in_the_middle_it_keeps_nothing_half(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "LOOK_SECONDS", 0.0)

    def watch(context: JobContext) -> None:
        seen: list[float] = []
        tell = context.progress

        def progress(done: float, total: float, unit: str = "", message: str = "") -> None:
            seen.append(done)
            tell(done, total, unit, message)
            if len(seen) == 3:
                context.workspace.cancel(context.job.id)

        context.progress = progress  # type: ignore[method-assign]

    assert world.run(watch) == 0
    assert world.run() == 4 * PROMPTS


def test_progress_goes_through_the_rows_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "LOOK_SECONDS", 0.0)
    told: list[tuple[float, float, str]] = []

    def watch(context: JobContext) -> None:
        context.progress = (  # type: ignore[method-assign]
            lambda done, total, unit="", message="": told.append((done, total, unit))
        )

    world.run(watch)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1] == (2 * ROWS, 2 * ROWS, "rows")
    assert {unit for _, _, unit in told} == {"rows"}
    assert len(told) > 6


def test_rows_that_cannot_be_counted_beforehand(world: World) -> None:
    with (world.folder / "train.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["prompt", "answer"])
        for row in world.rows:
            table.writerow([turn["content"] for turn in row["messages"][-2:]])
    (world.folder / "eval.toml").write_text(TOML.format(train="train.csv"))
    assert world.run() == 4 * PROMPTS
    assert (world.of(0).source, world.of(0).row) == ("train.csv", 5)


def test_without_a_training_file_there_is_nothing_to_do(world: World) -> None:
    toml = world.folder / "eval.toml"
    toml.write_text(toml.read_text().replace('train = "train.jsonl"', ""))
    assert world.run() == 0


def test_a_file_that_changes_meanwhile_is_no_evidence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def about(path: Path) -> None:
        world.rows[3] = chat("other", "words that are new here")
        write(world.folder / "train.jsonl", world.rows)

    monkeypatch.setattr(measuring, "about_rows", about)
    with pytest.raises(EngineError, match="changed while it was read"):
        world.run()
    assert world.found()[0] == {}


def test_no_model_and_no_array_is_loaded_for_it() -> None:
    code = (
        "import sys; import tui_eval.engine.serve, tui_eval.engine.jobs.measure;"
        "heavy = {'torch', 'transformers', 'peft', 'numpy', 'polars', 'sklearn'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_half_a_character_costs_its_row_and_no_other(world: World) -> None:
    """JSON may hold half of a surrogate pair, which no UTF-8 file can: a bad row, and the
    rows after it keep their lines."""
    torn = text("torn", 20) + " \ud83d " + text("half", 20)
    write(world.folder / "train.jsonl", [chat("what is torn?", torn), *world.rows])
    world.run()
    assert (world.of(0).exact, world.of(0).row) == (True, 5)
    assert (world.of(1).run, world.of(1).row) == (60, 9)
    assert torn not in {match.matched for match in world.found()[0].values()}


def read(world: World) -> Reading:
    config = configuration.load(world.folder / "eval.toml")
    workspace = Workspace.open(world.folder)
    try:
        return readings(workspace, config, "tuned", steps=("overfitting",))["overfitting"]
    finally:
        workspace.close()


def test_answers_alone_wait_for_measuring_and_then_have_their_signs(world: World) -> None:
    """The same after an engine that was killed in the measure: nothing is recorded."""
    before = read(world)
    assert before.verdict == "waiting"
    assert before.headline == "12 answers and 12 prompts to compare"
    world.run()
    after = read(world)
    assert after.verdict == "not_enough"
    assert {f.code: f.severity for f in after.findings if f.severity != "note"} == {
        "no_model": "not_enough",
        "copies": "caution",
    }
    assert after.numbers["copies"].value == 2
    assert after.numbers["longest_copied_run"].value == 80
    assert after.numbers["distinct_2"].value is not None
    world.answer("tuned", ["another one that nobody compared yet", *world.answers[1:]])
    assert read(world).headline == "1 answer to compare: press r"
