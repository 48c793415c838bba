"""The smallest apps that show one pane, with the shipped themes."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui_eval.core.reading import Reading
from tui_eval.core.records import EngineStatus, Job
from tui_eval.ui import themes
from tui_eval.ui.screens.sample import SamplePage
from tui_eval.ui.screens.step import StepPane
from tui_eval.ui.widgets.token_data import SampleDetail


class Themed(App[None]):
    CSS = "Screen { overflow: hidden; }"

    def __init__(self, theme: str = "dark") -> None:
        self.palettes: dict[str, themes.Palette] = {}
        super().__init__()
        self.palettes = dict(themes.load().palettes)
        for palette in self.palettes.values():
            self.register_theme(palette.theme())
        self.theme = theme
        self.copied: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {**themes.palette_of(self).theme().variables}

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


class OneStep(Themed):
    """A step's pane that shows what it is given."""

    def __init__(
        self,
        reading: Reading | None,
        job: Job | None = None,
        engine: EngineStatus | None = None,
        theme: str = "dark",
    ) -> None:
        super().__init__(theme)
        self.given = (reading, job, engine or EngineStatus("idle"))
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield StepPane(self.given[0].step if self.given[0] is not None else "perplexity")

    def on_mount(self) -> None:
        self.pane.focus()
        self.pane.show(*self.given)

    @property
    def pane(self) -> StepPane:
        return self.query_one(StepPane)

    def on_step_pane_opened(self, event: StepPane.Opened) -> None:
        self.opened.append(event.ref)


class OneSample(Themed):
    """A sample's page."""

    def __init__(self, detail: SampleDetail | None, theme: str = "dark") -> None:
        super().__init__(theme)
        self.detail = detail

    def on_mount(self) -> None:
        self.push_screen(SamplePage(detail=self.detail))
