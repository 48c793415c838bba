"""An open blind A/B of the journals is kept back whatever eval.toml and the data are since."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files.making import lines
from tui_eval import config
from tui_eval.cli import main
from tui_eval.core.metrics import metric_of
from tui_eval.core.metrics.facts import fact_key, to_plain
from tui_eval.core.steps import task_metrics
from tui_eval.core.steps.task_metrics_blind import kept_back
from tui_eval.core.steps.task_metrics_chosen import Chosen
from tui_eval.core.steps.task_metrics_items import detail, listed
from tui_eval.core.task_records import Measured
from tui_eval.errors import InputError
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.exports import humaneval, lm_eval, show
from tui_eval.files.exports.answered import gather
from tui_eval.files.judging import open_ab, open_ab_files
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.ending import end_comparison
from tui_eval.files.task_evidence import METRIC, place_of
from tui_eval.store.workspace import Workspace
from tui_eval.ui.screens.answers import detail_of

Wording = Callable[[int], str]
ROWS, ASKED = 24, 8
WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord"),
    *("grove", "heron", "inlet", "jetty", "kayak", "larch"),
)
MEASURE = metric_of("token_f1").measure
MODELS = """\
[models.base]
answers = "base.jsonl"
[models.tuned]
answers = "tuned.jsonl"
"""
TASK = """\
[tasks.same]
data = "task.jsonl"
metrics = ["token_f1"]
"""
VALIDATION = '[data]\nvalidation = "val.jsonl"\n'
JUDGED = f"[review]\nsamples = 4\n[blind_ab]\npairs = {ASKED}\n"
UNPLANNED = "[blind_ab]\npairs = 0\n"


def question(at: int) -> str:
    return f"Question number {at}: what stands beside the {_words(1000 + at)}?"


def said(model: str, at: int) -> str:
    """Words that no other answer has in this order, and no prompt."""
    seed = 7 * at + len(model)
    return f"{_words(seed)} {_words(5000 + seed)}"


def _words(seed: int) -> str:
    return " ".join(random.Random(seed).sample(WORDS, 5))


def write(
    folder: Path, toml: str, *, asks: Wording = question, validation: Wording = question
) -> None:
    """Both models' answers, a task that asks the same and the validation file."""
    rows = range(ROWS)
    lines(
        folder / "task.jsonl", [{"question": asks(at), "answer": _words(9000 + at)} for at in rows]
    )
    made = [{"prompt": validation(at), "completion": _words(9000 + at)} for at in rows]
    lines(folder / "val.jsonl", made)
    for model in ("base", "tuned"):
        path = folder / f"{model}.jsonl"
        if not path.exists():
            found = [question(at) for at in rows]
            # A task that asks in other words has rows of its own in the files of answers.
            found += [asks(at) for at in rows if asks(at) != question(at)]
            end = ["", "."]
            answers = [
                {"prompt": one, "answer": said(model, at % ROWS) + end[at // ROWS]}
                for at, one in enumerate(found)
            ]
            lines(path, answers)
    set_up(folder, toml)


def set_up(folder: Path, toml: str) -> None:
    (folder / "eval.toml").write_text(toml)
    evidence = evidence_of(folder)
    workspace = Workspace.open(folder)
    for task in evidence.tasks("tuned"):
        options = evidence.ready(task.name).options
        assert options is not None
        for model in ("base", "tuned"):
            answers = evidence.every_answer("tuned", model, task.name)
            with workspace.facts(f"measure-{task.name}-{model}-{len(toml)}") as facts:
                for item in task.items:
                    name = place_of(answers, item, MEASURE)
                    body = to_plain(Measured({"token_f1": 0.5}))
                    if name:
                        facts.append(METRIC, fact_key(MEASURE, options), name, body)


def evidence_of(folder: Path) -> WorkspaceEvidence:
    workspace = Workspace.open(folder)
    workspace.catch_up()
    return WorkspaceEvidence(workspace, config.load(folder / "eval.toml"), FileCache())


@dataclass(frozen=True)
class Asks:
    """What one session asks, by the numbers of the questions."""

    numbers: frozenset[int]

    @classmethod
    def of(cls, session: Ab) -> Asks:
        texts = {text for token in session.order for text in _sides(session, token)}
        known = {said(model, at): at for model in ("base", "tuned") for at in range(ROWS)}
        return cls(frozenset(known[text] for text in texts))

    def told_in(self, text: str) -> set[int]:
        """Questions of which ``text`` holds the prompt or an answer."""
        return {
            at
            for at in self.numbers
            if any(one in text for one in (_words(1000 + at), said("base", at), said("tuned", at)))
        }


def _sides(session: Ab, token: str) -> tuple[str, str]:
    pair = session.pair(token)
    return pair.left, pair.right


def vote(session: Ab, votes: int = 3) -> Asks:
    for token in session.order[:votes]:
        session.vote(token, "left")
    asks = Asks.of(session)
    session.close()
    return asks


def judge_files(folder: Path, judge: str = "max") -> Asks:
    workspace = Workspace.open(folder)
    paths = folder / "base.jsonl", folder / "tuned.jsonl"
    return vote(open_ab_files(workspace, *paths, judge=judge, pairs=ASKED))


def judge_models(folder: Path, judge: str = "max", votes: int = 3) -> Asks:
    made = config.load(folder / "eval.toml")
    session = open_ab(Workspace.open(folder), made, "tuned", judge=judge)
    return vote(session, votes)


def shown(folder: Path, asks: Asks) -> Iterator[tuple[str, str]]:
    """Everything of step 6 and of the exports of answers, as texts with where they stand."""
    evidence = evidence_of(folder)
    made = config.load(folder / "eval.toml")
    reading = task_metrics.read(evidence, "tuned")
    yield "show", json.dumps(show.as_json({"tuned": {"task_metrics": reading}}))
    for task in evidence.tasks("tuned"):
        found = listed(evidence, "tuned", Chosen(task.name))
        yield "items", "" if found is None else repr(found.table.rows)
        for item in (one for one in task.items if one.sample.row - 1 in asks.numbers):
            one = detail(evidence, "tuned", task.name, item.sample.id)
            assert one is not None
            yield "item", "".join(each.text for each in one.said)
    for model in ("tuned", "base"):
        for name in (*made.tasks, "validation"):
            try:
                for answered in gather(evidence, made, "tuned", model, name):
                    yield f"lm-eval {name}", lm_eval.write(answered)
                    yield f"humaneval {name}", humaneval.write(answered)
            except InputError:
                # All of it is kept, or there is none: nothing is written.
                continue


def told(folder: Path, asks: Asks) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for where, text in shown(folder, asks):
        found.setdefault(where, set()).update(asks.told_in(text))
    return {where: numbers for where, numbers in found.items() if numbers}


WHERE = {"show", "items", "item", "lm-eval same"}


def end(folder: Path) -> None:
    """Unblind whatever is open, as a person without the models can."""
    workspace = Workspace.open(folder)
    for one in evidence_of(folder).compared_blind():
        end_comparison(workspace, "max", one.round)


def everything(folder: Path, asks: Asks) -> None:
    """All of it is told in every place."""
    found = told(folder, asks)
    assert found.keys() >= WHERE
    assert all(found[where] == asks.numbers for where in WHERE)


@pytest.mark.parametrize("validation", ["", VALIDATION], ids=["no validation", "validation"])
def test_two_files_judged_are_kept_back_in_a_workspace_made_later(
    tmp_path: Path, validation: str
) -> None:
    write(tmp_path, MODELS + TASK)
    asks = judge_files(tmp_path)
    assert len(asks.numbers) == ASKED
    write(tmp_path, MODELS + TASK + validation + UNPLANNED, validation="Other {}?".format)
    assert told(tmp_path, asks) == {}
    end(tmp_path)
    everything(tmp_path, asks)


def reworded(at: int) -> str:
    return question(at).replace("number", "no.")


@pytest.mark.parametrize(
    ("toml", "wording", "votes"),
    [
        ("", question, 3),
        ("", question, 0),
        (VALIDATION + UNPLANNED, question, 3),
        (VALIDATION + JUDGED, reworded, 3),
        (VALIDATION + UNPLANNED, "Something else, {}.".format, 3),
    ],
    ids=["no validation", "planned alone", "no pairs", "reworded", "other prompts"],
)
def test_what_is_judged_stays_closed_when_the_validation_changes(
    tmp_path: Path, toml: str, wording: Wording, votes: int
) -> None:
    before = MODELS + TASK + VALIDATION + JUDGED
    write(tmp_path, before)
    asks = judge_models(tmp_path, votes=votes)
    write(tmp_path, MODELS + TASK + toml, validation=wording)
    assert told(tmp_path, asks) == {}
    write(tmp_path, before)
    assert told(tmp_path, asks) == {}
    end(tmp_path)
    everything(tmp_path, asks)


def spaced(at: int) -> str:
    return question(at).replace(":", " :").replace("?", " ?").upper()


@pytest.mark.parametrize("kept_by", [VALIDATION + JUDGED, ""], ids=["planned", "in the journals"])
def test_other_punctuation_hides_no_prompt(tmp_path: Path, kept_by: str) -> None:
    write(tmp_path, MODELS + TASK + VALIDATION + JUDGED, asks=spaced)
    asks = judge_models(tmp_path)
    write(tmp_path, MODELS + TASK + kept_by, asks=spaced)
    found = told(tmp_path, asks)
    assert found == {}
    (task,) = evidence_of(tmp_path).tasks("tuned")
    kept = kept_back(evidence_of(tmp_path), "tuned", "base")(task)
    assert len(kept) == ASKED


class FakeTerminal(io.StringIO):
    """Answers once, and keeps what it was told."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.told = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.told += text
        return len(text)


def test_the_finding_names_the_comparison_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, MODELS + TASK)
    judge_files(tmp_path)
    write(tmp_path, MODELS + TASK)
    (one,) = evidence_of(tmp_path).compared_blind()
    reading = task_metrics.read(evidence_of(tmp_path), "tuned")
    (text,) = (finding.text for finding in reading.findings if finding.code == "kept_back")
    assert f"{one.round} (max 3 of {ASKED})" in text
    assert "tui-eval ab --end ROUND" in text
    said_no = FakeTerminal("n\n")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", said_no)
        patch.setattr(sys, "stderr", said_no)
        assert main(["-w", str(tmp_path), "ab", "--end", one.round, "--judge", "bo"]) == 0
    assert f"Comparison {one.round} (max 3 of {ASKED}) will be closed" in said_no.told
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO("n\n"))
        assert main(["-w", str(tmp_path), "ab", "--end", one.round, "--judge", "bo"]) == 2
    assert evidence_of(tmp_path).compared_blind()
    assert main(["-w", str(tmp_path), "ab", "--end", one.round, "--judge", "bo", "--yes"]) == 0
    assert not evidence_of(tmp_path).compared_blind()
    events = [e.event for e in Workspace.open(tmp_path).judgements(("close", "unblind"))]
    assert [event["kind"] for event in events] == ["close", "unblind"]
    for wrong in (one.round, "nothing"):
        assert main(["-w", str(tmp_path), "ab", "--end", wrong]) == 2


def test_an_open_comparison_closes_the_pages_of_answers_too(tmp_path: Path) -> None:
    write(tmp_path, MODELS + TASK + VALIDATION + JUDGED)
    evidence = evidence_of(tmp_path)
    samples = evidence.answered("tuned", "tuned")
    opened = {id: detail_of(evidence, "tuned", id) for id in samples}
    # Nobody has opened it: as yet nothing is closed but in step 6.
    assert all(one is not None and one.answers for one in opened.values())
    judge_models(tmp_path)
    evidence = evidence_of(tmp_path)
    closed = [id for id in samples if not getattr(detail_of(evidence, "tuned", id), "answers", 1)]
    assert len(closed) == ASKED
    end(tmp_path)
    evidence = evidence_of(tmp_path)
    assert all(detail_of(evidence, "tuned", id) == opened[id] for id in samples)


def test_a_workspace_without_an_open_round_looks_for_nothing(tmp_path: Path) -> None:
    write(tmp_path, MODELS + TASK)
    judge_files(tmp_path)
    end(tmp_path)
    evidence = evidence_of(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workspace, "facts_of", lambda *asked: pytest.fail("a fact was read"))
        assert not evidence.compared_blind()


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["", VALIDATION]),
        st.sampled_from(["", UNPLANNED, JUDGED, "[blind_ab]\npairs = 3\n[review]\nseed = 7\n"]),
        st.sampled_from([question, reworded, "Something else, {}.".format, spaced]),
        st.sampled_from(["", 'template = "Tell me. {question} Be short."\nreference = "answer"\n']),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CHANGES, st.booleans())
def test_no_change_of_settings_opens_what_is_judged(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[str, str, Wording, str, bool]],
    files: bool,
) -> None:
    folder = tmp_path_factory.mktemp("changes")
    write(folder, MODELS + TASK + VALIDATION + JUDGED)
    asks = judge_files(folder) if files else judge_models(folder)
    for named, planned, wording, template, swapped in changes:
        models = MODELS
        if swapped:
            models = models.replace("base.jsonl", "x").replace("tuned.jsonl", "base.jsonl")
            models = models.replace('"x"', '"tuned.jsonl"')
        write(folder, models + TASK + template + named + planned, validation=wording)
        assert told(folder, asks) == {}
    end(folder)
    write(folder, MODELS + TASK + UNPLANNED)
    everything(folder, asks)


def test_code_problems_are_kept_back_from_their_export(tmp_path: Path) -> None:
    problems = [
        {
            "task_id": f"made/{at}",
            "prompt": f'def beside_{at}():\n    """{question(at)}"""\n',
            "test": "def check(one):\n    assert one()\n",
            "entry_point": f"beside_{at}",
        }
        for at in range(ROWS)
    ]
    lines(tmp_path / "code.jsonl", problems)
    for model in ("base", "tuned"):
        rows = [
            {"prompt": one["prompt"], "answer": f'    return "{said(model, at)}"'}
            for at, one in enumerate(problems)
        ]
        lines(tmp_path / f"{model}.jsonl", rows)
    paths = tmp_path / "base.jsonl", tmp_path / "tuned.jsonl"
    session = open_ab_files(Workspace.open(tmp_path), *paths, judge="max", pairs=ASKED)
    texts = {side for token in session.order for side in _sides(session, token)}
    session.close()
    code = '[tasks.code]\ndata = "code.jsonl"\nmetrics = ["pass_at_1"]\n'
    (tmp_path / "eval.toml").write_text(MODELS + code)

    def written(model: str) -> tuple[int, bool]:
        evidence, made = evidence_of(tmp_path), config.load(tmp_path / "eval.toml")
        (found,) = gather(evidence, made, "tuned", model, "code")
        text = humaneval.write(found)
        return len(text.splitlines()), any(json.dumps(one)[1:-1].strip() in text for one in texts)

    assert [written(model) for model in ("tuned", "base")] == [(ROWS - ASKED, False)] * 2
    end(tmp_path)
    assert [written(model) for model in ("tuned", "base")] == [(ROWS, True)] * 2
