"""What somebody wants of a split, and each stage of making it: the command line goes through
them once, a screen again and again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from tui_eval.config import DataConfig
from tui_eval.core.splits import Asked, Plan
from tui_eval.errors import InputError
from tui_eval.files import splitting, splitting_write
from tui_eval.files.splitting import Progress, Scanned, silent
from tui_eval.files.splitting_near import Leakage, leakage, without_near
from tui_eval.files.splitting_write import Made


@dataclass(frozen=True, slots=True)
class Wishes:
    file: Path
    strategy: str = "random"
    size: Asked = Asked(share=0.1)  # noqa: RUF009
    seed: int = 0
    fields: DataConfig = field(default_factory=DataConfig)
    group: bool = True
    """Whether the usual group fields are looked for."""
    training: Path | None = None
    """The file that a model was trained with: its rows are found."""
    training_fields: DataConfig | None = None
    """How that file is read; None: as the other."""
    exclude_seen: bool = False
    exclude_near: bool = False
    allow_late: bool = False
    file_order: bool = False

    def of_file(self) -> tuple[object, ...]:
        """What decides how the file is read: while it stays, so does what was scanned."""
        return self.file, self.fields, self.group, self.training, self.training_fields

    def check(self) -> None:
        """InputError where two of them contradict each other."""
        if self.exclude_seen and self.training is None:
            raise InputError(
                "--exclude-seen needs the file that a model was trained with.",
                "Name it: --training FILE",
            )
        if self.fields.group and not self.group:
            raise InputError("--group and --no-group say the opposite.", "Leave one of them out.")


def scanned(wishes: Wishes, progress: Progress = silent) -> Scanned:
    return splitting.scan(
        wishes.file,
        wishes.fields,
        group=wishes.group,
        training=wishes.training,
        training_fields=wishes.training_fields,
        progress=progress,
    )


def planned(found: Scanned, wishes: Wishes, progress: Progress = silent) -> Plan:
    """InputError, with the remedy, where there is no such split."""

    def decide(training_only: Collection[int] = ()) -> Plan:
        return splitting.decide(
            found,
            wishes.strategy,
            wishes.size,
            seed=wishes.seed,
            exclude_seen=wishes.exclude_seen,
            training_only=training_only,
            file_order=wishes.file_order,
            allow_late=wishes.allow_late,
        )

    return without_near(found, decide, progress) if wishes.exclude_near else decide()


def written(
    found: Scanned,
    plan: Plan,
    wishes: Wishes,
    out: Path,
    *,
    overwrite: bool = False,
    leaks: Leakage | None = None,
    progress: Progress = silent,
) -> Made:
    """``leaks``: what was found in this plan already, which is then not looked for again."""
    return splitting_write.write(
        found,
        plan,
        out,
        overwrite=overwrite,
        exclude_seen=wishes.exclude_seen,
        exclude_near=wishes.exclude_near,
        leaks=leaks,
        progress=progress,
    )


__all__ = ["Leakage", "Made", "Wishes", "leakage", "planned", "scanned", "written"]
