"""The report: one document of what was found, decided and used, in three formats.

``gather`` collects what is known, ``compose`` makes a ``memo`` of it, and ``markdown``,
``html`` (with ``svg`` for its plots) and ``as_json`` write it down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval.errors import InputError

if TYPE_CHECKING:
    from tui_eval.files.report.gather import Material


@dataclass(frozen=True, slots=True)
class Format:
    """``target`` names ``module:function`` with the signature ``(Material) -> str``."""

    target: str
    suffixes: tuple[str, ...]


FORMATS: Mapping[str, Format] = {
    "html": Format("tui_eval.files.report.html:write", (".html", ".htm")),
    "markdown": Format("tui_eval.files.report.markdown:write", (".md", ".markdown")),
    "json": Format("tui_eval.files.report.as_json:write", (".json",)),
}
STEM = "report"


def format_of(path: Path) -> str:
    """The format that a file's name asks for."""
    for name, one in FORMATS.items():
        if path.suffix.lower() in one.suffixes:
            return name
    raise InputError(
        f"{path.name} does not say which format is meant.",
        "Call it .html, .md or .json, or name one: --format html",
    )


def text(material: Material, format: str) -> str:
    """The whole report in one format."""
    module, _, function = FORMATS[format].target.partition(":")
    written: str = getattr(import_module(module), function)(material)
    return written


def files_in(folder: Path, formats: tuple[str, ...] = tuple(FORMATS)) -> dict[str, Path]:
    """The report's files in a folder, by format."""
    return {name: folder / f"{STEM}{FORMATS[name].suffixes[0]}" for name in formats}
