"""The JSON Schema that a task names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui_eval.config import TaskConfig
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.raw import why


def schema_of(path: Path, entry: TaskConfig) -> Mapping[str, Any]:
    """Raises InputError, which names the schema's line of ``eval.toml``."""
    place, remedy = f"{entry.place('schema')}: {clean(path.name)}", "Correct the schema's file."
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{place} can't be read: {why(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place} is not JSON: {error}.", remedy) from error
    if not isinstance(found, dict):
        raise InputError(f"{place} is not a JSON Schema: it is no object.", remedy)
    if fault := _no_schema(found):
        raise InputError(f"{place} is not a JSON Schema: {fault}.", remedy)
    return found


def _no_schema(found: dict[str, Any]) -> str:
    """What is wrong with it; that the package lacks is told where answers are measured."""
    try:
        from jsonschema import Draft202012Validator, SchemaError
        from jsonschema.validators import validator_for
    except ImportError:
        return ""
    try:
        validator_for(found, default=Draft202012Validator).check_schema(found)
    except SchemaError as error:
        at = clean(error.json_path, limit=60)
        return f"{clean(error.message, limit=200)} at {at}"
    except Exception as error:  # Its own "$schema", for one, may be anything.
        return clean(f"{type(error).__name__}: {error}", limit=200)
    return ""
