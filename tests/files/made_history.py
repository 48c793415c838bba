"""A workspace that was scored, as the engine leaves it, and trained again."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.files import runs
from tui_eval import config as settings
from tui_eval.config import Config
from tui_eval.core.answers import Written, completion
from tui_eval.core.reading import Reading
from tui_eval.core.records import TokenLoss
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence, readings
from tui_eval.store.codec import encode
from tui_eval.store.workspace import Workspace

ROWS = 40
TOML = """
[models.base]
path = "base"

[models.tuned]
path = "tuned"

[data]
validation = "validation.jsonl"
"""


@dataclass
class Trained:
    folder: Path
    config: Config
    cache: FileCache = field(default_factory=FileCache)
    jobs: int = 0

    @classmethod
    def at(cls, folder: Path, count: int = ROWS, toml: str = "") -> Trained:
        runs.full(folder / "base")
        runs.adapter(folder / "tuned", "base")
        rows = [{"prompt": f"Question {at}?", "answer": f"Answer {at}."} for at in range(count)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "validation.jsonl").write_text(text)
        (folder / "eval.toml").write_text(TOML + toml)
        return cls(folder, settings.load(folder / "eval.toml"))

    def train(self, mark: int) -> None:
        """Other weights in the same folder."""
        content = {"lora": bytes([mark]) * 64}
        runs.tensors(self.folder / "tuned" / "adapter_model.safetensors", content)
        self.cache = FileCache()

    def score(self, mean: float, *models: str) -> None:
        """Record losses of so many nats per token, with a little noise."""
        workspace = self.workspace()
        evidence = WorkspaceEvidence(workspace, self.config, self.cache)
        dataset = evidence.dataset("tuned", "validation")
        assert dataset is not None
        self.jobs += 1
        with workspace.facts(f"score-{self.jobs}") as facts:
            for model in models or ("tuned",):
                made = producers.wanted(self.config, "tuned", model, dtype="float32")
                made = replace(
                    made, at=f"2026-11-20T10:{self.jobs // 60:02d}:{self.jobs % 60:02d}Z"
                )
                facts.append("producer", made.key, None, encode(made))
                chance = random.Random(1)
                for sample in dataset.samples:
                    nll = 10 * (mean + chance.gauss(0, 0.1) + random.Random(sample.id).random() / 9)
                    loss = TokenLoss(sample.id, nll, 10, 40)
                    facts.append("loss", made.key, sample.id, encode(loss))
        workspace.close()

    def answer(self, *models: str) -> None:
        """Record an answer of each model to every row."""
        workspace = self.workspace()
        evidence = WorkspaceEvidence(workspace, self.config, self.cache)
        dataset = evidence.dataset("tuned", "validation")
        assert dataset is not None
        self.jobs += 1
        with workspace.facts(f"generate-{self.jobs}") as facts:
            for sample in dataset.samples if "base" in models else ():
                facts.append("sample", dataset.key, sample.id, encode(sample))
            for model in models:
                made = producers.generating(self.config, "tuned", model, dtype="float32")
                made = replace(
                    made, at=f"2026-11-20T10:{self.jobs // 60:02d}:{self.jobs % 60:02d}Z"
                )
                facts.append("producer", made.key, None, encode(made))
                for sample in dataset.samples:
                    more = " And more." * (sample.row % 3 + (model == "tuned"))
                    said = Written(
                        f"{'Certainly' if model == 'base' else 'Yes'}: {sample.id}{more}"
                    )
                    one = completion(made.key, sample.id, said)
                    facts.append("completion", made.key, sample.id, encode(one))
        workspace.close()

    def workspace(self) -> Workspace:
        opened = Workspace.open(self.folder)
        opened.catch_up()
        return opened

    def readings(self, workspace: Workspace) -> dict[str, Reading]:
        return readings(workspace, self.config, "tuned", cache=self.cache)
