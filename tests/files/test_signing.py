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
from tests.files.runs import adapter, full, tensors
from tui_eval import config as settings
from tui_eval.config import Config
from tui_eval.core.judgements import rounds
from tui_eval.core.reading import Reading
from tui_eval.core.sign_off_records import Decided, Decision, SignOff
from tui_eval.errors import InputError, StoreError
from tui_eval.files import producers
from tui_eval.files.evidence import JUDGED, FileCache, readings
from tui_eval.files.journals import import_journal
from tui_eval.files.judging.base import KINDS
from tui_eval.files.signing import (
    NotOpen,
    Signed,
    decided_of,
    sign,
    signed,
    signed_now,
    standing_of,
)
from tui_eval.store.codec import encode
from tui_eval.store.journal import NotSaved, judges
from tui_eval.store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("signing_child.py")
READY = made_readings.of(made_readings.review(n=20), PREFERRED)
TOML = """
[models.base]
path = "base"

[models.tuned]
path = "tuned"

[data]
validation = "validation.jsonl"
train = "train.jsonl"

[tasks.labels]
data = "labels.jsonl"
metrics = ["accuracy"]
"""


class Signing:
    """A workspace whose models are there, as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        full(folder / "base")
        adapter(folder / "tuned", base=str(folder / "base"))
        for name in ("validation", "train", "labels"):
            (folder / f"{name}.jsonl").write_text(
                "".join(f'{{"prompt": "{name} {n}?", "answer": "yes"}}\n' for n in range(5))
            )
        (folder / "eval.toml").write_text(TOML)
        self.workspace, self.cache = Workspace.open(folder), FileCache()

    @property
    def config(self) -> Config:
        return settings.load(self.folder / "eval.toml", files=False)

    def toml(self, *changes: tuple[str, str]) -> None:
        text = (self.folder / "eval.toml").read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "eval.toml").write_text(text)

    def record(self, *models: str) -> None:
        """As a job does that scores them."""
        with self.workspace.facts("job") as facts:
            for model in models:
                made = producers.wanted(self.config, "tuned", model, dtype="float32")
                facts.append("producer", made.key, None, encode(made))
        self.workspace.catch_up()

    def sign(self, decision: Decision, judge: str = "ana", note: str = "") -> SignOff:
        return self.signs(judge, decision, note, self.standing())

    def standing(self) -> Mapping[str, str]:
        return standing_of(self.workspace, self.config, "tuned", self.cache)

    def signs(self, judge: str, decision: Decision, note: str, shown: Mapping[str, str]) -> SignOff:
        asked = Signed("tuned", judge, decision, note, READY, shown)
        return signed_now(self.workspace, self.config, asked, self.cache)

    def decided(self) -> Decided:
        return decided_of(self.workspace, self.config, "tuned", READY, self.cache)


@pytest.fixture(autouse=True)
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """People have judged what is there, however often it is read."""
    monkeypatch.setattr("tui_eval.files.signing._judged_now", lambda *_: READY)


@pytest.fixture
def here(tmp_path: Path) -> Signing:
    folder = tmp_path / "here"
    folder.mkdir()
    return Signing(folder)


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


# Whether it still stands.


def test_retraining_in_place_makes_it_out_of_date(here: Signing) -> None:
    here.sign("deploy")
    path = here.folder / "tuned" / "adapter_model.safetensors"
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert here.decided().changed == ("the adapter of tuned changed",)
    path.write_bytes(before)
    assert here.decided().changed == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("validation", "the validation data changed"),
        ("train", "the training data changed"),
        ("labels", "the data of task labels changed"),
    ],
)
def test_other_data_makes_it_out_of_date(here: Signing, name: str, words: str) -> None:
    here.sign("hold")
    path = here.folder / f"{name}.jsonl"
    path.write_text(path.read_text() + '{"prompt": "more?", "answer": "no"}\n')
    assert here.decided().changed == (words,)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('path = "tuned"\n', 'path = "tuned"\nsystem = "Be kind."\n', "the system prompt of tuned"),
        ("[data]", '[prompt]\ntemplate = "plain"\n[data]', "the prompt template"),
        ("[data]", "[generation]\ntemperature = 0.9\n[data]", "the generation settings"),
        ("[data]", "[generation]\nlimit = 9\n[data]", ""),
        ('train = "train.jsonl"\n', "", "the training data was taken out"),
        ('train = "train.jsonl"', 'train = "train.jsonl"\nanswer = "answer"',
         "the way the data is read"),
    ],
)  # fmt: skip
def test_other_settings_make_it_out_of_date(here: Signing, old: str, new: str, words: str) -> None:
    here.sign("hold")
    toml = here.folder / "eval.toml"
    assert old in TOML
    toml.write_text(TOML.replace(old, new))
    told = here.decided().changed
    assert [one.partition(" changed")[0] for one in told] == ([words] if words else [])


def test_the_same_files_elsewhere_are_the_same(here: Signing, tmp_path: Path) -> None:
    here.sign("deploy")
    moved = tmp_path / "moved"
    here.folder.rename(moved)
    workspace = Workspace.open(moved)
    config = settings.load(moved / "eval.toml", files=False)
    found = decided_of(workspace, config, "tuned", READY, FileCache())
    assert (found.decision, found.changed) == ("deploy", ())


def test_what_is_neither_here_nor_on_record_may_be_another(here: Signing, tmp_path: Path) -> None:
    here.sign("deploy")
    (here.folder / "base").rename(tmp_path / "base-away")
    (here.folder / "tuned").rename(tmp_path / "tuned-away")
    (here.folder / "validation.jsonl").unlink()
    found = here.decided()
    assert (found.changed, found.unseen) == ((), ("tuned", "base"))
    assert found.recorded == ("the validation data",)


def test_what_is_on_record_counts_as_it_was_recorded(here: Signing, tmp_path: Path) -> None:
    here.sign("deploy")
    here.record("base", "tuned")
    (here.folder / "base").rename(tmp_path / "base-away")
    (here.folder / "tuned").rename(tmp_path / "tuned-away")
    found = here.decided()
    assert (found.changed, found.unseen, found.recorded) == ((), (), ("tuned", "base"))
    here.toml(('path = "tuned"', 'path = "nowhere"'))
    assert here.decided().changed == ("tuned names other files, which are not on this machine",)


def test_another_one_on_record_is_a_change(here: Signing, tmp_path: Path) -> None:
    here.sign("deploy")
    tensors(here.folder / "tuned" / "adapter_model.safetensors", {"other": b"3"})
    here.record("base", "tuned")
    (here.folder / "tuned").rename(tmp_path / "tuned-away")
    found = here.decided()
    assert (found.changed, found.recorded) == (("the adapter of tuned changed",), ("tuned",))


@pytest.mark.parametrize(
    ("away", "words"),
    [
        ("tuned/adapter_model.safetensors", "the adapter of tuned"),
        ("base/model.safetensors", "base"),
    ],
)
def test_deleted_weights_are_not_unchanged(here: Signing, away: str, words: str) -> None:
    here.sign("deploy")
    (here.folder / away).unlink()
    assert words in here.decided().unseen


def test_examples_that_are_gone_hide_no_other_weights(here: Signing) -> None:
    here.toml(('path = "tuned"', 'path = "tuned"\nfew_shot = "labels.jsonl"'))
    here.sign("deploy")
    here.record("base", "tuned")
    tensors(here.folder / "tuned" / "adapter_model.safetensors", {"other": b"3"})
    (here.folder / "labels.jsonl").unlink()
    assert "the adapter of tuned changed" in here.decided().changed


def test_a_broken_folder_is_another_one(here: Signing) -> None:
    here.sign("deploy")
    here.record("base", "tuned")
    (here.folder / "tuned" / "adapter_config.json").write_text("{")
    assert here.decided().changed == (
        "tuned was an adapter and is a folder that can't be read now",
    )


def test_a_pointer_in_the_weights_place_is_a_change(here: Signing) -> None:
    here.sign("deploy")
    for path in ("tuned/adapter_model.safetensors", "base/model.safetensors"):
        (here.folder / path).write_text(
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
        )
    assert here.decided().changed == ("the adapter of tuned changed", "the weights of base changed")


def test_what_was_signed_unseen_says_nothing_of_what_is_there(
    here: Signing, tmp_path: Path
) -> None:
    (here.folder / "tuned").rename(tmp_path / "tuned-away")
    here.sign("deploy")
    (tmp_path / "tuned-away").rename(here.folder / "tuned")
    assert here.decided().changed == ("tuned had not been seen where it was signed",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('path = "tuned"', 'path = "merged"', "tuned was an adapter and is a full model now"),
        ('path = "tuned"', 'path = "base"', "tuned was an adapter and is a full model now"),
        ('path = "tuned"', 'answers = "labels.jsonl"',
         "tuned was an adapter and is answers from a file now"),
        ('path = "tuned"', 'path = "tuned"\nanswers = "labels.jsonl"',
         "tuned was an adapter and is answers from a file and an adapter now"),
        ('path = "tuned"', 'url = "http://x/v1"', "tuned was an adapter and is a server now"),
        ('path = "tuned"', "references = true",
         "tuned was an adapter and is the data's expected answers now"),
        ('[models.base]\npath = "base"\n', "", "base was taken out"),
        ('path = "base"', 'answers = "labels.jsonl"',
         "base was a full model and is answers from a file now"),
    ],
)  # fmt: skip
def test_another_kind_of_model_is_a_change(here: Signing, old: str, new: str, words: str) -> None:
    full(here.folder / "merged", hidden_size=9)
    here.sign("deploy")
    here.toml((old, new))
    assert words in here.decided().changed


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ('[scoring]\nmax_length = 8', "the scoring settings changed"),
        ('[scoring]\nlimit = 9', "the scoring settings changed"),
        ('[scoring]\ndevice = "cpu"', ""),
        ('[scoring]\nlimit = 2000', ""),
        ('[tasks.labels]\ntemplate = "{prompt}!"', "the prompt or rules of task labels changed"),
        ('[tasks.labels]\nprompt = "other"', "the prompt or rules of task labels changed"),
        ('[tasks.labels]\nlimit = 2', "the prompt or rules of task labels changed"),
        ('[tasks.labels]\nlimit = 0', ""),
        ('[tasks.more]\nmetrics = ["accuracy"]', "task more was added"),
    ],
)  # fmt: skip
def test_other_prompts_and_rules_make_it_out_of_date(here: Signing, new: str, words: str) -> None:
    here.sign("hold")
    if new.startswith("[tasks.labels]"):
        here.toml(("[tasks.labels]", new))
    else:
        here.toml(("[data]", f"{new}\n[data]"))
    assert here.decided().changed == ((words,) if words else ())


def test_other_metrics_and_a_task_that_is_gone_make_it_out_of_date(here: Signing) -> None:
    here.sign("hold")
    here.toml(('["accuracy"]', '["macro_f1"]'))
    assert here.decided().changed == ("the prompt or rules of task labels changed",)
    (here.folder / "eval.toml").write_text(TOML.partition("[tasks")[0])
    assert here.decided().changed == ("task labels was taken out",)


@pytest.mark.parametrize("owner", ["tuned", "base"])
def test_the_checkpoint_s_settings_of_answering_count(here: Signing, owner: str) -> None:
    here.sign("hold")
    path = here.folder / owner / "generation_config.json"
    path.write_text('{"transformers_version": "5.0"}')
    assert here.decided().changed == ()
    path.write_text('{"do_sample": true, "temperature": 99.0}')
    assert here.decided().changed == ("the checkpoint's generation_config.json changed",)


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
