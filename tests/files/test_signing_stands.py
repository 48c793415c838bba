"""Whether a decision still stands on what lies there: another model, other data, other rules,
and what is not on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.made_signing import READY, TOML, Signing
from tests.files.runs import full, tensors
from tui_eval import config as settings
from tui_eval.files.evidence import FileCache
from tui_eval.files.signing import decided_of
from tui_eval.files.standing import standing
from tui_eval.store.workspace import Workspace


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
    assert found.changed == tuple(
        f"{name} is neither on this machine nor on record here" for name in ("tuned", "base")
    )
    assert found.unseen == ("the validation data",)
    assert found.stale


def test_what_is_on_record_counts_as_it_was_recorded(here: Signing, tmp_path: Path) -> None:
    here.sign("deploy")
    here.record("base", "tuned")
    (here.folder / "base").rename(tmp_path / "base-away")
    (here.folder / "tuned").rename(tmp_path / "tuned-away")
    found = here.decided()
    assert found.changed == ()
    assert found.unseen == ("tuned (taken from the record)", "base (taken from the record)")
    here.toml(('path = "tuned"', 'path = "nowhere"'))
    assert here.decided().changed == ("tuned names other files, which are not on this machine",)


def test_another_one_on_record_is_a_change(here: Signing, tmp_path: Path) -> None:
    here.sign("deploy")
    tensors(here.folder / "tuned" / "adapter_model.safetensors", {"other": b"3"})
    here.record("base", "tuned")
    (here.folder / "tuned").rename(tmp_path / "tuned-away")
    found = here.decided()
    assert found.changed == ("the adapter of tuned changed",)
    assert found.unseen == ("tuned (taken from the record)",)


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
    assert f"{words} is neither on this machine nor on record here" in here.decided().changed


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


def test_no_name_of_a_task_hides_a_model_s_weights(here: Signing) -> None:
    here.toml(("[models.tuned]", "[models.tasks]"), ("[tasks.labels]", "[tasks.adapter]"))
    before = dict(standing(here.config, "tasks", here.cache))
    tensors(here.folder / "tuned" / "adapter_model.safetensors", {"other": b"3"})
    after = standing(here.config, "tasks", here.cache)
    assert [name for name in before if before[name] != after[name]] == ["tasks.adapter"]


@pytest.mark.parametrize("end", [b"", b"x", b" "])
def test_a_last_line_that_was_cut_or_changed_at_its_end_is_told(here: Signing, end: bytes) -> None:
    """It may have been a decision: what stands before it is not all that was said."""
    here.sign("deploy")
    here.sign("hold")
    (journal,) = (here.folder / "judgements").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-1] + end)
    (fault,) = here.decided().faults
    assert "ends in half a line" in fault
