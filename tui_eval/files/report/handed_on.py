"""A report is handed on: files are named from the workspace, and from home as ``~``, so that
nothing tells whose disk it was, and addresses without what signs somebody in. What stands to the
letter (a template, answers) stays as it is: its fingerprint stands beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_eval.core.reading import Finding, Reading
from tui_eval.files.settings import bare_addresses

EXACT = frozenset({"text", "template", "system"})
"""Keys of the provenance whose texts stand to the letter."""
_BEFORE = r"(?<![\w/.~-])"
_AFTER = r"(?![\w.-])"
Shorten = Callable[[str], str]


def shortener(workspace: Path, home: Path | None = None) -> Shorten:
    """Takes the way to a file off every path in a text, and what signs somebody in off every
    address. A workspace that is named by itself keeps its name alone."""
    home = Path(os.path.expanduser("~")) if home is None else home
    inside = re.compile(rf"{_BEFORE}{re.escape(str(workspace))}/")
    itself = re.compile(rf"{_BEFORE}{re.escape(str(workspace))}{_AFTER}")
    homely = re.compile(rf"{_BEFORE}{re.escape(str(home))}(?=/|{_AFTER})")
    # As it is where the machine's root is one's home, or the workspace.
    at_home = len(home.parts) > 1
    name = f"~/{workspace.relative_to(home)}" if at_home and workspace.is_relative_to(home) else ""

    def shorten(text: str) -> str:
        text = bare_addresses(text)
        if len(workspace.parts) > 1:
            text = inside.sub("", text)
            text = itself.sub(lambda _: name or workspace.name, text)
        return homely.sub("~", text) if at_home else text

    return shorten


def of_reading(reading: Reading, shorten: Shorten) -> Reading:
    """What tells where something was read; tables hold foreign texts and stay."""
    findings = (Finding(f.code, f.severity, shorten(f.text), f.at) for f in reading.findings)
    return replace(
        reading,
        headline=shorten(reading.headline),
        summary=shorten(reading.summary),
        findings=tuple(findings),
        how=tuple(map(shorten, reading.how)),
    )


def of_provenance(told: Any, shorten: Shorten) -> Any:
    if isinstance(told, Mapping):
        return {
            name: one if name in EXACT else of_provenance(one, shorten)
            for name, one in told.items()
        }
    if isinstance(told, list):
        return [of_provenance(one, shorten) for one in told]
    return shorten(told) if isinstance(told, str) else told
