from __future__ import annotations

from pathlib import Path

from tui_eval.ui import settings


def test_what_is_remembered_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "settings.json"
    kept = settings.Settings("light", ("welcome",), {"run": "f5"})
    assert settings.save(kept, file) == ""
    assert settings.load(file) == (kept, "")


def test_nothing_there_is_nothing_wrong(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "none.json") == (settings.Settings(), "")


def test_a_damaged_file_is_named_and_not_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    for damage in ("{", "[]", '{"theme": '):
        file.write_text(damage)
        found, problem = settings.load(file)
        assert found == settings.Settings()
        assert str(file) in problem


def test_values_of_another_kind_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"theme": 3, "closed_hints": "x", "keys": []}')
    assert settings.load(file) == (settings.Settings(), "")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    problem = settings.save(settings.Settings(), tmp_path / "file" / "settings.json")
    assert problem
