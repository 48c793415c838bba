"""``w``: the report beside eval.toml, in all three formats, while the screen goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from tui_eval.core.text import clean
from tui_eval.ui.aside import Aside
from tui_eval.ui.screens.base import Plain

if TYPE_CHECKING:
    from tui_eval.config import Config
    from tui_eval.ui.looker import Looker

KIND = "report"


class Reporting(Plain):
    """The part of the main screen that has the report written."""

    looker: Looker
    _report: Aside | None = None

    def action_report(self) -> None:
        if self._report is None:
            self._report = Aside(self)
        if self._report.kind:
            self.say("the report is being written", "dim")
            return
        config = self.looker.config
        self._report.begin(KIND, lambda _progress: written(config))
        self.say("writing the report…", "dim")

    def on_aside_done(self, event: Aside.Done) -> None:
        if event.kind == KIND and not event.stale:
            event.stop()
            self.say(f"wrote {told(cast('list[Path]', event.result))}", "good")

    def on_aside_failed(self, event: Aside.Failed) -> None:
        if event.kind == KIND and not event.stale:
            event.stop()
            self.say(event.words, "bad")


def written(config: Config) -> list[Path]:
    """On a thread of its own: with its own look at the workspace and files."""
    from tui_eval.files.report import files_in
    from tui_eval.files.report.gather import gather
    from tui_eval.files.report.writing import refuse_other, write_all
    from tui_eval.store.workspace import Workspace

    workspace = Workspace.open(config.folder)
    try:
        workspace.catch_up()
        folder = workspace.state_dir if workspace.read_only else config.folder
        for path in files_in(folder).values():
            refuse_other(path)
        return write_all(gather(workspace, config), folder)
    finally:
        workspace.close()


def told(paths: list[Path]) -> str:
    """``report.html, .md and .json in support-bot``."""
    first, *rest = paths
    *others, last = [path.suffix for path in rest]
    return clean(f"{', '.join([first.name, *others])} and {last} in {first.parent}")
