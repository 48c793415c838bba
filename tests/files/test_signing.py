"""A decision is on the disk or it is not signed, whoever signs, and says what it stands on."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.core import made_readings
from tests.core.made_readings import PREFERRED
from tests.files.made_signing import READY, Signing
from tests.files.runs import tensors
from tui_eval.core.judgements import rounds
from tui_eval.core.reading import Reading
from tui_eval.errors import InputError, StoreError
from tui_eval.files.evidence import JUDGED, readings
from tui_eval.files.journals import import_journal
from tui_eval.files.judging.base import KINDS
from tui_eval.files.signing import (
    NotOpen,
    sign,
    signed,
)
from tui_eval.store.journal import NotSaved, judges
from tui_eval.store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("signing_child.py")


def journal_of(folder: Path, judge: str = "ana") -> Path:
    (path,) = (folder / "judgements").glob(f"{judge}-*.jsonl")
    return path


def ids(path: Path) -> list[str]:
    events = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    return [event["id"] for event in events if event["kind"] == "signoff"]


# What is kept.


def test_a_decision_says_who_what_why_and_on_what(here: Signing) -> None:
    made = here.sign("deploy", note="good <b>enough</b> \x1b[31m")
    assert (made.by, made.decision, made.note) == ("ana", "deploy", "good <b>enough</b> \x1b[31m")
    assert made.seen["review"] == {"verdict": "good", "summary": "review summary"}
    assert {"tuned.adapter", "base.weights", "base.tokenizer", "data.validation", "data.train",
            "tasks.labels", "prompt.template"} <= set(made.standing)  # fmt: skip
    assert here.decided().last == made == signed(here.workspace)[0]
    assert not here.decided().stale
    assert judges(here.workspace.journals()) == ["ana"]


def test_a_later_one_counts_and_nothing_is_overwritten(here: Signing) -> None:
    first = here.sign("deploy")
    raw = journal_of(here.folder).read_bytes()
    here.sign("hold", "bo", "the gap")
    here.sign("none")
    assert journal_of(here.folder).read_bytes().startswith(raw)
    found = here.decided()
    assert (found.decision, found.last) == ("none", None)
    assert [(one.by, one.decision) for one in found.earlier] == [
        ("ana", "none"), ("bo", "hold"), ("ana", "deploy"),
    ]  # fmt: skip
    assert found.earlier[-1] == first


def test_deploy_is_closed_until_people_have_looked(here: Signing) -> None:
    with pytest.raises(NotOpen, match="8 more reviews") as error:
        sign(
            here.workspace, here.config, "tuned", "ana", "deploy", "",
            made_readings.of(made_readings.review(n=12), PREFERRED), here.cache,
        )  # fmt: skip
    assert not isinstance(error.value, InputError)
    assert not (here.folder / "judgements").exists()
    for decision in ("hold", "more_work"):
        made = sign(here.workspace, here.config, "tuned", "ana", decision, "", {}, here.cache)
        assert made.decision == decision


def test_nonsense_is_refused_and_leaves_nothing(here: Signing) -> None:
    with pytest.raises(InputError, match="no decision about tuned to withdraw"):
        here.sign("none")
    with pytest.raises(InputError, match="no candidate x"):
        sign(here.workspace, here.config, "x", "ana", "hold", "", {}, here.cache)
    with pytest.raises(InputError, match="no decision ship"):
        here.sign("ship")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="name"):
        here.sign("hold", " ")
    with pytest.raises(InputError, match="too long"):
        here.sign("hold", note="x" * 4001)
    assert not (here.folder / "judgements").exists()


def test_nothing_is_signed_on_what_changed_meanwhile(here: Signing) -> None:
    shown = here.standing()
    tensors(here.folder / "tuned" / "adapter_model.safetensors", {"other": b"3"})
    with pytest.raises(NotOpen, match="the adapter of tuned changed while this was open"):
        here.signs("ana", "deploy", "", shown)
    assert here.decided().last is None


def test_nothing_is_signed_on_what_changes_while_it_is_signed(
    here: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look at what people have judged and the line in the journal."""

    def swapped(*_: object) -> Mapping[str, Reading]:
        tensors(here.folder / "tuned" / "adapter_model.safetensors", {"other": b"3"})
        return READY

    monkeypatch.setattr("tui_eval.files.signing._judged_now", swapped)
    with pytest.raises(NotOpen, match="the adapter of tuned changed"):
        here.sign("deploy")
    assert here.decided().last is None


def test_nothing_is_signed_on_files_that_went_away_meanwhile(here: Signing) -> None:
    shown = here.standing()
    (here.folder / "tuned" / "adapter_model.safetensors").unlink()
    with pytest.raises(NotOpen, match="the adapter of tuned changed while this was open"):
        here.signs("ana", "hold", "", shown)


def test_what_people_judged_is_read_again_before_deploy_is_written(
    here: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = made_readings.of(made_readings.review(n=12), PREFERRED)
    monkeypatch.setattr("tui_eval.files.signing._judged_now", lambda *_: fewer)
    with pytest.raises(NotOpen, match="8 more reviews"):
        here.sign("deploy")
    monkeypatch.undo()
    # Nobody has judged anything there.
    with pytest.raises(NotOpen, match="20 reviews"):
        here.sign("deploy")
    assert here.decided().last is None
    here.sign("hold")


# Whatever happens.


def test_killed_while_signing_what_was_said_to_be_saved_is(here: Signing) -> None:
    random.seed(7)
    acknowledged: list[str] = []
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, str(CHILD), str(here.folder), "ana", "1000"],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        for _ in range(random.randrange(5)):
            acknowledged += child.stdout.readline().split()
        child.send_signal(signal.SIGKILL)
        acknowledged += child.stdout.read().split()
        child.wait()
        child.stdout.close()
    here.sign("more_work")
    found = ids(journal_of(here.folder))
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)
    assert len(found) - len(acknowledged) <= 6
    assert here.decided().decision == "more_work"
    assert not here.workspace.faults()


def test_a_torn_line_is_no_decision(here: Signing) -> None:
    here.sign("hold")
    path = journal_of(here.folder)
    path.write_bytes(path.read_bytes() + b'{"id":"x","seq":3,"kind":"signoff","decision":"deploy"')
    assert here.decided().decision == "hold"
    here.sign("more_work")
    assert here.decided().decision == "more_work"


def test_a_damaged_journal_is_told_since_it_may_hide_a_newer_decision(here: Signing) -> None:
    here.sign("deploy")
    assert here.decided().faults == ()
    here.sign("hold", "bo")
    path = journal_of(here.folder, "bo")
    path.write_bytes(path.read_bytes().replace(b'"hold"', b'"hole"'))
    found = here.decided()
    assert found.decision == "deploy"
    (told,) = found.faults
    assert path.name in told
    assert "line 2" in told


def test_a_full_disk_signs_nothing(here: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    here.sign("hold")

    def full(_fd: int, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("tui_eval.store.files._write_all", full)
        with pytest.raises(NotSaved, match="disk is full"):
            here.sign("deploy")
    assert here.decided().decision == "hold"
    journal = journal_of(here.folder)
    assert len(ids(journal)) == 1


def test_another_window_of_the_same_person_is_told(here: Signing) -> None:
    with (
        here.workspace.journal("ana"),
        pytest.raises(StoreError, match="ana is judging in another window"),
    ):
        here.sign("hold")
    assert here.decided().last is None


def test_two_who_sign_at_once_are_both_kept(here: Signing) -> None:
    wrong: list[BaseException] = []

    def signs(judge: str) -> None:
        try:
            here.sign("hold", judge)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=signs, args=(judge,)) for judge in ("ana", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    found = here.decided()
    assert found.last is not None
    assert {found.last.by, *(one.by for one in found.earlier)} == {"ana", "bo"}


# Elsewhere.


def test_a_decision_comes_with_its_journal(here: Signing, tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    there = Signing(folder)
    there.sign("hold", "bo", "why")
    path = journal_of(folder, "bo")
    told = import_journal(here.workspace, path)
    assert told == "bo's journal: 2 new events (1 decision) taken in."
    last = here.decided().last
    assert last is not None
    assert (last.by, last.decision, last.note) == ("bo", "hold", "why")
    assert import_journal(here.workspace, path).startswith("bo's journal is here already")
    assert len(signed(here.workspace)) == 1


def test_a_decision_that_can_t_be_understood_stays_outside(here: Signing, tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    there = Workspace.open(folder)
    with there.journal("bo") as journal:
        journal.append("signoff", candidate="tuned", decision="ship it")
    with pytest.raises(InputError, match="line 2: a signoff that can't be understood"):
        import_journal(here.workspace, journal.path)
    assert here.decided().last is None


def test_judging_passes_over_decisions(here: Signing) -> None:
    here.sign("hold")
    assert "signoff" not in (*KINDS, *JUDGED)
    assert rounds(here.workspace.judgements((*KINDS, "signoff"))) == {}
    found = readings(here.workspace, here.config, "tuned", cache=here.cache)
    assert found["review"].verdict == "not_enough" or found["review"].numbers["reviewed"].value == 0
