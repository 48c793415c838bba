"""Ways of running a model, by name: import strings, for each is heavy to import."""

from __future__ import annotations

from importlib import import_module
from typing import Any

BACKENDS = {
    "transformers": "tui_eval.engine.backends.transformers_scorer:TransformersScorer",
}


def backend(name: str) -> Any:
    """The class behind a name of the table."""
    module, _, attribute = BACKENDS[name].partition(":")
    return getattr(import_module(module), attribute)
