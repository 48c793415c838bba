"""Sessions of judging: what the judging screens and ``--plain`` hold (``core.session``).

Each is one judge's part of one round, over the judge's journal. Modules are imported when a
session is opened, so that two files of answers open without reading anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval.config import Config
from tui_eval.store.workspace import Workspace

if TYPE_CHECKING:
    from tui_eval.core.reading import Reading
    from tui_eval.files.evidence import FileCache
    from tui_eval.files.judging.ab import Ab
    from tui_eval.files.judging.recorded import RecordedEvidence
    from tui_eval.files.judging.review import Review


def open_ab(
    workspace: Workspace,
    config: Config,
    candidate: str,
    *,
    against: str | None = None,
    judge: str,
    cache: FileCache | None = None,
) -> Ab:
    """The blind comparison of a candidate with another model (default: its base).

    InputError where a model has no answers yet; StoreError where the judge's journal is
    held by another window or is damaged."""
    from tui_eval.files.judging.ab import Ab
    from tui_eval.files.judging.rounds import ab_round

    return Ab.open(workspace, judge, ab_round(workspace, config, candidate, against, cache))


def open_review(
    workspace: Workspace,
    config: Config,
    candidate: str,
    *,
    judge: str,
    cache: FileCache | None = None,
) -> Review:
    """The review of a candidate's answers. Raises as ``open_ab`` does."""
    from tui_eval.files.judging.review import Review
    from tui_eval.files.judging.rounds import review_round

    return Review.open(workspace, judge, review_round(workspace, config, candidate, cache))


def open_ab_files(
    workspace: Workspace,
    base_path: Path,
    tuned_path: Path,
    *,
    judge: str,
    pairs: int | None = None,
) -> Ab:
    """The blind comparison of two files of answers, without eval.toml. ``pairs``: how many
    at most (default: ``[blind_ab] pairs``'s); 0: all."""
    from tui_eval.files.judging.ab import Ab
    from tui_eval.files.judging.two_files import files_round

    return Ab.open(workspace, judge, files_round(workspace, base_path, tuned_path, pairs=pairs))


def recorded_of_files(workspace: Workspace, base_path: Path, tuned_path: Path) -> RecordedEvidence:
    """What was recorded of judging two files; InputError where they were never opened."""
    from tui_eval.files.judging.recorded import RecordedEvidence
    from tui_eval.files.judging.two_files import round_of

    workspace.catch_up()
    return RecordedEvidence.of(workspace, round_of(workspace.folder, base_path, tuned_path))


def read_ab_files(workspace: Workspace, base_path: Path, tuned_path: Path) -> Reading:
    """What the votes on two files' answers show."""
    from tui_eval.core.steps import blind_ab

    found = recorded_of_files(workspace, base_path, tuned_path)
    return blind_ab.read(found, found.candidate)
