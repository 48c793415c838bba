"""``w``: the report is written on a thread, beside eval.toml, and the screen says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import made_report
from tests.ui import fake
from tests.ui.fake import shows
from tui_eval.errors import InputError
from tui_eval.store import layout
from tui_eval.ui.screens import reporting

NAMES = ["report.html", "report.json", "report.md"]


def reports(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("report."))


def test_all_three_stand_beside_eval_toml(tmp_path: Path) -> None:
    made = made_report.workspace(tmp_path / "w")
    paths = reporting.written(made.config)
    assert reports(made.folder) == NAMES
    assert reporting.told(paths) == f"report.html, .md and .json in {made.folder}"
    assert sorted(reporting.written(made.config)) == sorted(paths), "a report of ours is replaced"


def test_a_file_of_somebody_elses_stays(tmp_path: Path) -> None:
    made = made_report.workspace(tmp_path / "w")
    (made.folder / "report.md").write_text("mine")
    with pytest.raises(InputError, match="no report of tui-eval's"):
        reporting.written(made.config)
    assert reports(made.folder) == ["report.md"]
    assert (made.folder / "report.md").read_text() == "mine"


def test_what_can_not_be_written_stands_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_report.workspace(tmp_path / "w")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(layout, "_writable", lambda *_: False)
    paths = reporting.written(made.config)
    assert not reports(made.folder)
    assert {path.parent for path in paths} == {layout.local_state(made.folder)}


async def test_the_screen_says_where_it_is_and_what_went_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[object] = [
        [Path("/w/report.html"), Path("/w/report.md"), Path("/w/report.json")],
        InputError("report.md is somebody's.", "Move it."),
    ]

    def written(_config: object) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(reporting, "written", written)
    async with fake.app().run_test(size=(80, 24)) as pilot:
        await shows(pilot, "w report")
        await pilot.press("w")
        await shows(pilot, "wrote report.html, .md and .json in /w")
        await pilot.press("1", "w")
        await shows(pilot, "report.md is somebody's. Move it.")
