"""The one base error: what happened, and what to do about it."""

from __future__ import annotations


class TuiEvalError(Exception):
    """Something a person can act on.

    ``message`` says what happened, ``remedy`` what to do; both are plain text that may
    quote foreign input, so whoever shows them passes them through ``core.text.clean``.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class InputError(TuiEvalError):
    """Wrong use or input: exit code 2."""


class NothingMatches(InputError):
    """A file of answers, none of them to the prompts that are asked about."""


class ConfigError(InputError):
    """``eval.toml`` has faults; every one is listed, with its line."""

    def __init__(self, message: str, problems: tuple[str, ...] = (), remedy: str = "") -> None:
        super().__init__("\n".join((message, *problems)), remedy)
        self.problems = problems


class StoreError(TuiEvalError):
    """A journal or facts file can't be trusted past a named line, or can't be written."""


class EngineError(TuiEvalError):
    """A job can't be done; the text is shown beside the job."""
