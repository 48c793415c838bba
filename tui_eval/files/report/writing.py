"""Reports on the disk: whole or not at all, and never in the place of another file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tui_eval.errors import InputError
from tui_eval.files.report import FORMATS, files_in, text
from tui_eval.files.report.as_json import NAME
from tui_eval.files.report.gather import Material
from tui_eval.files.report.html import GENERATOR
from tui_eval.files.report.markdown import FIRST_LINE
from tui_eval.store.files import cannot_write

OURS = (
    f'<meta name="generator" content="{GENERATOR}">'.encode(),
    FIRST_LINE.encode(),
    f'{{\n "report": "{NAME}"'.encode(),
)
"""One of these stands near the beginning of every report that was written here."""
LOOKED_AT = 4096


def write_all(
    material: Material, folder: Path, formats: tuple[str, ...] = tuple(FORMATS)
) -> list[Path]:
    """``report.html``, ``.md`` and ``.json``. All are looked at before the first is written."""
    places = files_in(folder, formats)
    for path in places.values():
        refuse_other(path)
    texts = {name: text(material, name) for name in places}
    for name, path in places.items():
        write(path, texts[name])
    return list(places.values())


def refuse_other(path: Path) -> None:
    """InputError where something lies there that is not a report of ours."""
    if path.is_dir():
        raise InputError(f"{path} is a folder.", "Name a file: --out FILE")
    try:
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from error
    if not any(mark in head for mark in OURS):
        raise InputError(
            f"{path} is there already, and is no report of tui-eval's.",
            "It was left as it is. Move it away, or write elsewhere: tui-eval report --out FILE",
        )


def write(path: Path, content: str) -> None:
    """Beside it first, then in its place: who opens it sees the old or the new one whole."""
    refuse_other(path)
    path = Path(os.path.realpath(path))
    try:
        with _temporary(path) as made:
            made.write_text(content, encoding="utf-8", newline="\n")
            with made.open("rb") as file:
                os.fsync(file.fileno())
            made.chmod(_mode(path))
            _put(made, path)
    except OSError as error:
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    made = Path(name)
    try:
        yield made
    finally:
        made.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """As it was, else as a new file is."""
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _put(made: Path, path: Path) -> None:
    if not path.exists():
        # A link is never made over a file that came meanwhile.
        try:
            os.link(made, path)
            return
        except FileExistsError:
            refuse_other(path)
        except OSError:
            # A disk without links.
            pass
    os.replace(made, path)
