"""What a report is made of: Readings, the decision, history, and where it all comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tui_eval import __version__
from tui_eval.config import Config
from tui_eval.core.history import Earlier
from tui_eval.core.reading import Reading, Table
from tui_eval.core.records import Job
from tui_eval.core.sign_off_records import Contradiction, Decided
from tui_eval.errors import InputError
from tui_eval.files.evidence import FileCache, readings
from tui_eval.files.report.handed_on import Shorten, of_provenance, of_reading, shortener
from tui_eval.files.report.provenance import provenance
from tui_eval.files.tries import last_tries
from tui_eval.store.workspace import Workspace

if TYPE_CHECKING:
    from tui_eval.core.steps.sign_off import Weighed


@dataclass(frozen=True, slots=True)
class Material:
    """Everything by candidate, in the order in which they are told."""

    made_at: str
    folder: str
    readings: Mapping[str, Mapping[str, Reading]]
    decided: Mapping[str, Decided]
    weighed: Mapping[str, Weighed]
    contradictions: Mapping[str, tuple[Contradiction, ...]]
    provenance: Mapping[str, Any]
    earlier: Mapping[str, tuple[Earlier, ...]] = field(default_factory=dict)
    overview: Table | None = None
    """All candidates side by side; None where there is one."""
    compared: Table | None = None
    """Blind comparisons between any two models, where there are others than with base."""
    compared_notes: tuple[str, ...] = ()
    tries: Mapping[tuple[str, str], Job] = field(default_factory=dict)
    version: str = __version__


def gather(
    workspace: Workspace,
    config: Config,
    names: Sequence[str] = (),
    *,
    cache: FileCache | None = None,
    now: str | None = None,
) -> Material:
    """Of the named candidates, or all. Reads what is there; computes nothing."""
    from tui_eval.core.steps.compare import overview
    from tui_eval.core.steps.contradictions import contradictions
    from tui_eval.core.steps.sign_off import weigh
    from tui_eval.files.signing import decided_of

    names = tuple(names) or config.candidates
    if not names:
        raise InputError(
            f"{config.path} names no fine-tuned model.", 'Add [models.tuned] with path = "...".'
        )
    cache = cache or FileCache()
    shorten = shortener(config.folder)
    found = {name: readings(workspace, config, name, cache=cache) for name in names}
    decided = {name: decided_of(workspace, config, name, found[name], cache) for name in names}
    compared, notes = _compared(workspace, config, names, cache)
    return Material(
        made_at=now or datetime.now(UTC).isoformat(timespec="seconds"),
        folder=shorten(str(config.folder)),
        readings={name: _shortened(steps, shorten) for name, steps in found.items()},
        decided=decided,
        weighed={name: weigh(steps) for name, steps in found.items()},
        contradictions={name: contradictions(steps) for name, steps in found.items()},
        provenance=of_provenance(provenance(workspace, config, found, cache), shorten),
        earlier=_earlier(workspace, config, found, cache),
        overview=overview(found, decided) if len(names) > 1 else None,
        compared=compared,
        compared_notes=notes,
        tries={
            of: replace(job, error=shorten(job.error))
            for of, job in last_tries(workspace.jobs()).items()
        },
    )


def _shortened(steps: Mapping[str, Reading], shorten: Shorten) -> dict[str, Reading]:
    return {step: of_reading(reading, shorten) for step, reading in steps.items()}


def _earlier(
    workspace: Workspace,
    config: Config,
    found: Mapping[str, Mapping[str, Reading]],
    cache: FileCache,
) -> dict[str, tuple[Earlier, ...]]:
    from tui_eval.files.history import changes

    return {
        name: tuple(changes(workspace, config, name, steps, cache)) for name, steps in found.items()
    }


def _compared(
    workspace: Workspace, config: Config, names: Sequence[str], cache: FileCache
) -> tuple[Table | None, tuple[str, ...]]:
    from tui_eval.core.steps.compared import said, table
    from tui_eval.files.comparisons import comparisons

    made = [
        one
        for one in comparisons(workspace, config, cache, blind=False)
        if one.candidate in names or one.against in names
    ]
    if all(one.against == "base" and one.current for one in made):
        return None, ()
    return table(made), said(made, float(config.blind_ab["significance"]))
