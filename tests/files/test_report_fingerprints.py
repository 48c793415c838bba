"""A report says which fingerprints are of large files, which are not read whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.files.made_history import Trained
from tui_eval.files import fingerprint, report
from tui_eval.files.report.as_json import schema
from tui_eval.files.report.gather import Material, gather

MARKED = re.compile(r"[0-9a-f]{16} \(sampled\)")


def gathered(trained: Trained) -> Material:
    opened = trained.workspace()
    try:
        return gather(opened, trained.config, cache=trained.cache)
    finally:
        opened.close()


def told(material: Material) -> dict[str, list[str]]:
    whole = json.loads(report.text(material, "json"))
    jsonschema.Draft202012Validator(schema()).validate(whole)
    models = whole["provenance"]["models"]
    return {name: one["fingerprints"]["sampled"] for name, one in models.items()}


def test_large_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = Trained.at(tmp_path / "w")
    material = gathered(trained)
    assert told(material) == {"base": [], "tuned": []}
    assert not MARKED.findall(report.text(material, "markdown"))
    (adapter,) = trained.folder.glob("tuned/*.safetensors")
    (weights,) = trained.folder.glob("base/*.safetensors")
    least = min(adapter.stat().st_size, weights.stat().st_size)
    monkeypatch.setattr(fingerprint, "WHOLE_BELOW", least)
    monkeypatch.setattr(fingerprint, "BLOCK", 8)
    material = gathered(trained)
    assert told(material) == {"base": ["weights"], "tuned": ["weights", "adapter"]}
    for format in ("markdown", "html"):
        assert len(MARKED.findall(report.text(material, format))) == 3
        assert "do not prove that every byte is the same" in report.text(material, format)
