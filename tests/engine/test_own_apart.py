"""What an own metric in its process may cost, and what of it reaches the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.waiting import until
from tui_eval.core.task_records import Asked, MetricOptions
from tui_eval.engine.metrics import apart
from tui_eval.engine.metrics.apart import GIVEN_UP, Apart


def of(folder: Path, text: str, seconds: float) -> Apart:
    path = folder / "own.py"
    path.write_text(text)
    return Apart(MetricOptions(metrics=("mine",), own=str(path), own_digest="1"), seconds)


def test_hangs_are_counted_though_others_are_between(tmp_path: Path) -> None:
    text = "import time\ndef mine(answer):\n    return time.sleep(60) if answer else 1\n"
    with of(tmp_path, text, 1.0) as metric:
        said = []
        for _ in range(GIVEN_UP):
            assert metric.measure(Asked("p", (), "")).values == {"mine": 1.0}
            said.append(metric.measure(Asked("p", (), "hang")).error)
        assert said == ["it took longer than 1 s"] * GIVEN_UP
        found = metric.measure(Asked("p", (), ""))
        assert found.error == f"not tried: it took longer than 1 s on {GIVEN_UP} answers"


def test_one_that_hangs_while_it_is_loaded_is_loaded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "LOAD_SECONDS", 1.0)
    text = (
        "import pathlib, time\n"
        "pathlib.Path(__file__).with_name('loads').open('a').write('x')\n"
        "time.sleep(60)\n"
    )
    with of(tmp_path, text, 60.0) as metric:
        said = [metric.measure(Asked("p", (), "a")).error for _ in range(3)]
    assert said[0] == "it took longer than 1 s to load"
    assert said[1:] == ["not tried: it took longer than 1 s to load"] * 2
    assert (tmp_path / "loads").read_text() == "x"


def test_what_it_prints_is_cleaned_and_has_an_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "MOST_PRINTED", 1000)
    text = (
        "def mine(answer):\n    print('\\x1b[31mred', flush=True)\n"
        "    for _ in range(5000): print('y' * 50)\n    print('z', flush=True)\n    return 1\n"
    )
    told = ""

    def ended() -> bool:
        nonlocal told
        told += capsys.readouterr().err
        return "left out" in told

    with of(tmp_path, text, 30.0) as metric:
        assert metric.measure(Asked("p", (), "a")).values == {"mine": 1.0}
        until(ended, 10)
    assert "␛[31mred" in told
    assert "\x1b" not in told
    assert len(told) < 2000
