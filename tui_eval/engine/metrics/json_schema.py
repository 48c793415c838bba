"""Whether an answer's JSON keeps to a JSON Schema, by jsonschema."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from tui_eval.core.metrics.json_answers import NoJson, whole
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.errors import InputError

_LONGEST_PATH = 60


def ruler(options: MetricOptions) -> Ruler:
    """Raises InputError where the schema is missing or is none."""
    validator = _validator(options)

    def measure(asked: Asked) -> Measured:
        try:
            value = whole(asked.answer)
        except NoJson as error:
            return Measured({"json_schema": 0.0}, reason=str(error))
        fault = next(iter(validator.iter_errors(value)), None)
        if fault is None:
            return Measured({"json_schema": 1.0})
        place = str(fault.json_path)[:_LONGEST_PATH]
        return Measured({"json_schema": 0.0}, reason=f"{fault.validator} at {place}")

    how = f"The answer as a whole is JSON and keeps to the schema, by jsonschema {_version()}."
    return Ruler(measure, how, needs_reference=False)


def _validator(options: MetricOptions) -> Any:
    try:
        import jsonschema
        import referencing
    except ImportError as error:
        raise InputError(
            "JSON Schema needs jsonschema, which is not installed here.",
            "Install it with: pip install jsonschema",
        ) from error
    if options.schema is None:
        raise InputError(
            "json_schema is asked for, but no schema is set.",
            "Set schema = 'FILE' in the task's section of eval.toml.",
        )
    kind = jsonschema.validators.validator_for(
        options.schema, default=jsonschema.Draft202012Validator
    )
    try:
        kind.check_schema(dict(options.schema))
    except jsonschema.SchemaError as error:
        raise InputError(
            f"The JSON Schema is none: {error.message[:200]}.", "Correct the schema's file."
        ) from error
    # An empty registry: a $ref that names an address is never fetched.
    return kind(dict(options.schema), registry=referencing.Registry())


def _version() -> str:
    return version("jsonschema")
