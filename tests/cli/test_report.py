"""``tui-eval report`` as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.files import made_report
from tui_eval.cli import main


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_report.workspace(tmp_path_factory.mktemp("report") / "w").folder


def called(place: Path, *arguments: str) -> int:
    return main(["-w", str(place), "report", *arguments])


def test_a_terminal_gets_markdown(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(place) == 0
    assert capsys.readouterr().out.startswith("<!-- tui-eval report -->\n\n# Evaluation of tuned\n")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("r.html", "<!doctype html>"),
        ("r.HTM", "<!doctype html>"),
        ("r.md", "<!-- tui-eval report -->"),
        ("r.json", '{\n "report": "tui-eval"'),
    ],
)
def test_a_file_is_written_as_it_is_called(
    place: Path, tmp_path: Path, name: str, beginning: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(place, "--out", str(tmp_path / name)) == 0
    assert (tmp_path / name).read_text().startswith(beginning)
    assert capsys.readouterr().out == f"{tmp_path / name}\n"


def test_the_format_that_is_named_wins(place: Path, tmp_path: Path) -> None:
    assert called(place, "--out", str(tmp_path / "r.txt"), "--format", "json") == 0
    json.loads((tmp_path / "r.txt").read_text())


def test_a_folder_takes_all_three(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(place, "--out", f"{tmp_path / 'new'}/") == 0
    assert len(list((tmp_path / "new").iterdir())) == 3
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_what_can_not_be_meant_is_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(place, "--out", str(tmp_path / "r.pdf")) == 2
    assert "--format" in capsys.readouterr().err
    assert called(place, "--candidate", "tunde") == 2
    assert "Known: tuned" in capsys.readouterr().err
    (tmp_path / "mine.md").write_text("mine")
    assert called(place, "--out", str(tmp_path / "mine.md")) == 2
    assert "no report of tui-eval's" in capsys.readouterr().err
    assert (tmp_path / "mine.md").read_text() == "mine"


def test_the_schema_is_printed_and_holds(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert called(place, "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(schema).validate(told)
    assert set(told["decisions"]) == {"tuned"}
