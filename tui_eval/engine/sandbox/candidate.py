"""The process that holds the model's code: it is asked for calls and answers with data.

The code can do in here what it likes, this module's own functions included: all it can
reach is what it answers, and the answer is compared elsewhere.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import os
import sys
import types
from typing import Any, NoReturn

from tui_eval.engine.sandbox import wire

REFUSALS = {
    errno.EPERM,
    errno.EACCES,
    errno.EROFS,
    errno.ENOSPC,
    errno.EFBIG,
    errno.EMFILE,
    errno.EDQUOT,
    errno.EAGAIN,
}
NAME = "solution"


def serve(calls: int, replies: int) -> NoReturn:
    """Answer until the judge has gone."""
    module = types.ModuleType(NAME)
    sys.modules[NAME] = module
    wire.send(replies, {"ready": True})
    while True:
        message = wire.receive(calls)
        if message is None:
            os._exit(0)
        reply = _load(module, message) if "source" in message else _call(module, message)
        _flush()
        try:
            wire.send(replies, reply)
        except wire.NotPlainError as error:
            wire.send(replies, {"fault": "unplain", "text": str(error)})


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):  # closed, replaced, or worse
            stream.flush()


def _load(module: types.ModuleType, message: Any) -> Any:
    try:
        code = compile(message["source"], f"<{NAME}>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        return {"fault": "syntax", "type": "SyntaxError", "text": _text(error)}
    except BaseException as error:
        return _fault(error)
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        return _fault(error)
    return {"ok": None}


def _call(module: types.ModuleType, message: Any) -> Any:
    function = module.__dict__.get(message["name"])
    if not callable(function):
        return {"fault": "missing", "text": f"it defines no function {message['name']}"}
    arguments = wire.decode(message["args"])
    named = wire.decode(message["named"])
    try:
        result = function(*arguments, **named)
    except BaseException as error:
        return {**_fault(error), "args": _changed(message["args"], arguments)}
    try:
        return {"ok": wire.encode(result), "args": _changed(message["args"], arguments)}
    except BaseException as error:
        text = str(error) if isinstance(error, wire.NotPlainError) else _text(error)
        return {"fault": "unplain", "text": text}


def _changed(sent: Any, arguments: list[Any]) -> list[Any]:
    """What became of lists, dicts and sets that were passed in: [position, new content]."""
    changes: list[Any] = []
    for at, (before, argument) in enumerate(zip(sent[1:], arguments, strict=False)):
        if isinstance(argument, list | dict | set | bytearray):
            try:
                after = wire.encode(argument)
            except BaseException:
                continue
            if after != before:
                changes.append([at, after])
    return changes


def _fault(error: BaseException) -> dict[str, Any]:
    kind = "raised"
    if isinstance(error, MemoryError):
        kind = "memory"
    elif isinstance(error, SystemExit):
        kind = "exit"
    elif isinstance(error, OSError) and error.errno in REFUSALS:
        kind = "refused"
    return {"fault": kind, "type": _name(error), "text": _text(error)}


def _name(error: BaseException) -> str:
    """The nearest built-in class: what a test can have meant to catch."""
    for one in type(error).__mro__:
        if getattr(builtins, one.__name__, None) is one:
            return str(one.__name__)
    return "Exception"


def _text(error: BaseException) -> str:
    """One line; the error's own words run its code, which may do anything."""
    try:
        words = str.__str__(str(error))
    except BaseException:
        words = ""
    return f"{type(error).__name__}: {words}"[:400] if words else type(error).__name__
