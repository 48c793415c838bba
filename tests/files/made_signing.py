"""A workspace in which decisions are signed: models as files of a few bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.core import made_readings
from tests.core.made_readings import PREFERRED
from tests.files.runs import adapter, full
from tui_eval import config as settings
from tui_eval.config import Config
from tui_eval.core.sign_off_records import Decided, Decision, SignOff
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache
from tui_eval.files.signing import Signed, decided_of, signed_now, standing_of
from tui_eval.store.codec import encode
from tui_eval.store.workspace import Workspace

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
