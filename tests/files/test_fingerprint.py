"""A fingerprint changes with the content, and with nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.files.runs import adapter, full, put, tensors
from tui_eval.files import fingerprint
from tui_eval.files.fingerprint import (
    adapter_fingerprint,
    tokenizer_fingerprint,
    weights_fingerprint,
)


def test_times_and_places_do_not_count(tmp_path: Path) -> None:
    folder = full(tmp_path / "a")
    before = weights_fingerprint(folder)
    copy = tmp_path / "b"
    shutil.copytree(folder, copy)
    os.utime(copy / "model.safetensors", (1, 1))
    put(copy / "trainer_state.json", {})
    assert weights_fingerprint(copy) == before
    assert len(before) == 16


def test_any_byte_of_a_small_file_counts(tmp_path: Path) -> None:
    folder = full(tmp_path / "a")
    seen = {weights_fingerprint(folder)}
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        seen.add(weights_fingerprint(folder))
    assert len(seen) == 1 + len(range(0, len(whole), 7))


def test_settings_count_but_not_where_they_came_from(tmp_path: Path) -> None:
    folder = full(tmp_path / "a")
    before = weights_fingerprint(folder)
    full(folder, _name_or_path="elsewhere", transformers_version="9")
    assert weights_fingerprint(folder) == before
    full(folder, rope_theta=1e6)
    assert weights_fingerprint(folder) != before


def test_adapters(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "a", "org/base")
    before = adapter_fingerprint(folder)
    assert adapter_fingerprint(adapter(folder, "moved/base")) == before
    assert adapter_fingerprint(adapter(folder, "org/base", lora_alpha=8)) != before
    adapter(folder, "org/base")
    tensors(folder / "adapter_model.safetensors", {"lora": b"\4" * 64})
    assert adapter_fingerprint(folder) != before
    put(folder / "adapter_model.safetensors", "version https://git-lfs.github.com/spec/v1\n")
    assert adapter_fingerprint(folder) == ""


def test_tokenizers(tmp_path: Path) -> None:
    folder = full(tmp_path / "a")
    before = tokenizer_fingerprint(folder)
    put(folder / "tokenizer_config.json", {"chat_template": "another"})
    assert tokenizer_fingerprint(folder) == before
    put(folder / "tokenizer_config.json", {"add_bos_token": True})
    assert tokenizer_fingerprint(folder) != before
    put(folder / "tokenizer.json", {"version": "2.0"})
    (folder / "tokenizer_config.json").unlink()
    assert tokenizer_fingerprint(folder) != before
    (folder / "tokenizer.json").unlink()
    assert tokenizer_fingerprint(folder) == ""


def test_what_is_not_there_has_no_fingerprint(tmp_path: Path) -> None:
    assert weights_fingerprint(tmp_path) == ""
    assert adapter_fingerprint(tmp_path) == ""


def test_the_beginning_of_every_tensor_of_a_large_file_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "WHOLE_BELOW", 2**16)
    monkeypatch.setattr(fingerprint, "BLOCK", 64)
    monkeypatch.setattr(fingerprint, "BLOCKS", 4)
    monkeypatch.setattr(fingerprint, "_TENSOR_BLOCK", 32)
    folder = full(tmp_path / "a")
    values = {f"t{i}": bytes([i]) * 3000 for i in range(50)}
    tensors(folder / "model.safetensors", values)
    seen = {weights_fingerprint(folder)}
    for name in values:
        changed = {**values, name: b"\xff" + values[name][1:]}
        tensors(folder / "model.safetensors", changed)
        seen.add(weights_fingerprint(folder))
    assert len(seen) == 51


@pytest.mark.parametrize("head", [b"\xff" * 8, b"\x04" + b"\0" * 7 + b"nope", b"\0" * 8])
def test_a_large_file_that_is_no_safetensors_still_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(fingerprint, "WHOLE_BELOW", 2**16)
    folder = full(tmp_path / "a")
    (folder / "model.safetensors").write_bytes(head + b"x" * 2**22)
    before = weights_fingerprint(folder)
    (folder / "model.safetensors").write_bytes(head + b"x" * 2**22 + b"y")
    assert "" != before != weights_fingerprint(folder)


def test_shards_and_pickles_count(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    put(folder / "config.json", {})
    put(folder / "pytorch_model-00001-of-00002.bin", "one")
    put(folder / "pytorch_model-00002-of-00002.bin", "two")
    before = weights_fingerprint(folder)
    put(folder / "pytorch_model-00002-of-00002.bin", "owt")
    assert "" != before != weights_fingerprint(folder)
