"""Property tests here read files: they take the time that the machine gives them, and draw
the same examples every time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.files.made_rounds import Made
from tests.files.made_signing import READY, Signing
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.review import Review

settings.register_profile("files", deadline=None, derandomize=True)
settings.load_profile("files")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 20\n[review]\nsamples = 10\n")
    found.answer()
    return found


@pytest.fixture
def ab(made: Made) -> Iterator[Ab]:
    session = made.ab()
    yield session
    session.close()


@pytest.fixture
def review(made: Made) -> Iterator[Review]:
    session = made.review()
    yield session
    session.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    """A workspace to be signed, where people have judged what is there, however often it is
    read."""
    monkeypatch.setattr("tui_eval.files.signing._judged_now", lambda *_: READY)
    folder = tmp_path / "here"
    folder.mkdir()
    return Signing(folder)
