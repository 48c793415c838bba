"""What the app remembers of a person between sessions: a small file in their config folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tui_eval.paths import config_home


@dataclass(frozen=True, slots=True)
class Settings:
    """``keys`` remaps actions by id; ``closed_hints`` are the hints not to show again."""

    theme: str = ""
    closed_hints: tuple[str, ...] = ()
    keys: dict[str, str] = field(default_factory=dict)


def path() -> Path:
    return config_home() / "settings.json"


def load(file: Path | None = None) -> tuple[Settings, str]:
    """The settings, and why a file that is there could not be used (empty if it could)."""
    file = file or path()
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), ""
    except (OSError, ValueError) as error:
        return Settings(), f"{file}: {error}"
    if not isinstance(stored, dict):
        return Settings(), f"{file}: not a table of settings"
    theme, hints, keys = stored.get("theme"), stored.get("closed_hints"), stored.get("keys")
    return Settings(
        theme=theme if isinstance(theme, str) else "",
        closed_hints=tuple(str(hint) for hint in hints) if isinstance(hints, list) else (),
        keys={str(k): str(v) for k, v in keys.items()} if isinstance(keys, dict) else {},
    ), ""


def save(settings: Settings, file: Path | None = None) -> str:
    """Write them whole or not at all; why it could not be done, or nothing.

    A home folder that can't be written must not stop anybody from working.
    """
    file = file or path()
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
        os.replace(draft, file)
    except OSError as error:
        return f"{file}: {error.strerror}"
    return ""
