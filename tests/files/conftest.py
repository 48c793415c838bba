"""Property tests here read files: they take the time that the machine gives them, and draw
the same examples every time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("files", deadline=None, derandomize=True)
settings.load_profile("files")
