"""Workspaces whose answers are already there, as the engine would have recorded them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tui_eval import config as settings
from tui_eval.config import Config
from tui_eval.core.answers import Written, completion
from tui_eval.core.judgements import JudgeRound, rounds
from tui_eval.core.records import Producer, Sample
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.judging import open_ab, open_review
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.base import KINDS
from tui_eval.files.judging.review import Review
from tui_eval.store.codec import encode
from tui_eval.store.workspace import Workspace

TOML = """
[models.base]
path = "org/Zephyrine-1B"

[models.tuned]
path = "tuned-checkpoint"

[data]
validation = "validation.jsonl"
"""


def prompts(count: int) -> list[dict[str, Any]]:
    return [
        {
            "prompt": f"Question {number}?",
            "answer": f"Reference {number}.",
            "category": "ab"[number % 2],
        }
        for number in range(count)
    ]


@dataclass
class Made:
    """A workspace of two models; ``answer`` lets them answer."""

    folder: Path
    config: Config

    @classmethod
    def at(cls, folder: Path, count: int = 120, toml: str = "") -> Made:
        folder.mkdir(parents=True, exist_ok=True)
        rows = "".join(json.dumps(row) + "\n" for row in prompts(count))
        (folder / "validation.jsonl").write_text(rows)
        (folder / "eval.toml").write_text(TOML + toml)
        return cls(folder, settings.load(folder / "eval.toml", files=False))

    def workspace(self) -> Workspace:
        return Workspace.open(self.folder)

    def samples(self, candidate: str = "tuned") -> tuple[Sample, ...]:
        with_files = WorkspaceEvidence(self.workspace(), self.config, FileCache())
        dataset = with_files.dataset(candidate, "validation")
        assert dataset is not None
        return dataset.samples

    def answer(
        self,
        ids: Iterable[str] | None = None,
        texts: Mapping[tuple[str, str], str | Written] | None = None,
        models: Iterable[str] = ("base", "tuned"),
        job: str = "job",
    ) -> None:
        """Let ``models`` answer these samples; ``texts`` by model and sample id."""
        workspace = self.workspace()
        evidence = WorkspaceEvidence(workspace, self.config, FileCache())
        dataset = evidence.dataset("tuned", "validation")
        assert dataset is not None
        wanted = set(ids) if ids is not None else {one.id for one in dataset.samples}
        with workspace.facts(job) as facts:
            for sample in dataset.samples:
                if sample.id in wanted:
                    facts.append("sample", dataset.key, sample.id, encode(sample))
            for model in models:
                producer = generator(self.config, model)
                facts.append("producer", producer.key, None, encode(producer))
                for sample in dataset.samples:
                    if sample.id in wanted:
                        text = (texts or {}).get((model, sample.id)) or said(model, sample)
                        written = text if isinstance(text, Written) else Written(text)
                        made = completion(producer.key, sample.id, written)
                        facts.append("completion", producer.key, sample.id, encode(made))
        workspace.close()

    def ab(self, judge: str = "ana", workspace: Workspace | None = None, **more: Any) -> Ab:
        return open_ab(workspace or self.workspace(), self.config, "tuned", judge=judge, **more)

    def review(self, judge: str = "ana", workspace: Workspace | None = None) -> Review:
        return open_review(workspace or self.workspace(), self.config, "tuned", judge=judge)


def generator(config: Config, model: str, candidate: str = "tuned") -> Producer:
    """As if the model's weights had been on the machine that generated."""
    made = producers.generating(config, candidate, model, dtype="float32")
    made = replace(made, weights=f"weights of {model}")
    return replace(made, key=producers.key_of(made))


def answer_as(made: Made, name: str, candidate: str) -> None:
    """``name`` answers in a workspace whose candidate is not called ``tuned``."""
    workspace = made.workspace()
    with workspace.facts(f"job-{name}") as facts:
        producer = generator(made.config, name, candidate)
        facts.append("producer", producer.key, None, encode(producer))
        for sample in made.samples(candidate):
            words = Written(f"{'Well' if name == 'base' else 'So'}: {sample.prompt}")
            one = completion(producer.key, sample.id, words)
            facts.append("completion", producer.key, sample.id, encode(one))
    workspace.close()


def said(model: str, sample: Sample) -> str:
    """The base talks more of every third prompt, less of the others."""
    more = " And more." * (sample.row % 3 + (1 if model == "tuned" else 0))
    return f"{'Certainly' if model == 'base' else 'Yes'}: {sample.prompt}{more}"


def folded(made: Made, session: Ab | Review) -> JudgeRound:
    """The state from the journals alone."""
    workspace = made.workspace()
    found = rounds(workspace.judgements(KINDS))[session.state.round].judge(session.judge)
    workspace.close()
    assert found is not None
    return found


def same(made: Made, session: Ab | Review) -> None:
    from_disk = folded(made, session)
    assert session.state == from_disk
    assert list(session.state.order) == list(from_disk.order)
