from __future__ import annotations

from pathlib import Path

from tui_eval.config import Config, ModelConfig
from tui_eval.ui import settings
from tui_eval.ui.screens.settings import setting_items
from tui_eval.ui.widgets.rows import plain


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


def test_a_long_value_keeps_apart_from_its_line_and_is_copied_whole(tmp_path: Path) -> None:
    file = tmp_path / "eval.toml"
    where = "runs/overfitted/of-another-name/checkpoint-200"
    file.write_text(f'[models.tuned]\npath = "{where}"\n')
    config = Config(folder=tmp_path, path=file, models={"tuned": ModelConfig("tuned", path=where)})
    (found,) = [i for i in setting_items(config, 76) if "tuned.path" in i.text]
    drawn = plain(found.line)
    assert drawn.endswith("…  line 2")
    assert len(drawn) <= 76
    assert where in found.text
