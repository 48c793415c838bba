"""What a file of a person's own metrics is made of: itself, and what it imports from beside it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tui_eval.files.raw import stamp_of

MOST_FILES = 200
MOST_BYTES = 4 << 20
"""Of one file; of a larger one only the size and the time of its last change count."""
MOST_LOOKED = 2000
"""Names in a folder that is called as what is imported: it may be one of data."""
_SEEN: dict[Path, tuple[tuple[object, ...], tuple[Path, ...]]] = {}


def sources(path: Path) -> tuple[Path, ...]:
    """``path`` first, then each place beside it where an import of it, or of those files,
    would look, whether a file lies there or not: one that comes changes the metric too."""
    known = _SEEN.get(path)
    if known is not None and known[0] == tuple(map(stamp_of, known[1])):
        return known[1]
    found = {path: None}
    waiting = [path]
    while waiting and len(found) < MOST_FILES:
        for place in _places(path.parent, waiting.pop(0)):
            if place not in found and len(found) < MOST_FILES:
                found[place] = None
                waiting.append(place)
    made = tuple(found)
    _SEEN[path] = (tuple(map(stamp_of, made)), made)
    return made


def digest(path: Path, *more: bytes) -> str:
    """Of all of them by content, and of ``more``. Raises OSError where ``path`` can't be
    read; the others may be missing."""
    parts = [path.read_bytes()]
    for one in sources(path)[1:]:
        if one.is_file():
            parts += [str(one.relative_to(path.parent)).encode(), _content(one)]
    return hashlib.sha256(b"\0".join([*parts, *more])).hexdigest()


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            return repr(stamp_of(path)).encode()
        return path.read_bytes()
    except OSError:
        return b""


def _places(folder: Path, path: Path) -> Iterator[Path]:
    """A package counts whole: which of its files are used is known only when it runs."""
    try:
        tree = ast.parse(_content(path) if path.is_file() else b"")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for name in dict.fromkeys(_imported(tree)):
        yield folder / f"{name}.py"
        yield folder / name / "__init__.py"
        yield folder / name
        if (folder / name).is_dir():
            inside = islice((folder / name).rglob("*"), MOST_LOOKED)
            yield from sorted(one for one in inside if one.suffix == ".py" or one.is_dir())


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
