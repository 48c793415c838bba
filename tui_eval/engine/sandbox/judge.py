"""The process that holds the test. It decides, from plain data, over a pipe of its own.

Whatever the candidate does, the only way to "passed" is that the test's own code ran to its
end on values rebuilt here. A fault of the candidate's that a test swallows still counts.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import os
import reprlib
import sys
import types
from typing import Any, NoReturn

from tui_eval.engine.sandbox import wire

TEST = "<test>"
_SHORT = 120
_repr = reprlib.Repr()
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = 12
_repr.maxstring = _repr.maxother = _SHORT


class CandidateGone(BaseException):
    """It can't be asked any more. Not an Exception, so that no test swallows it."""


class Candidate:
    """Asks the other process; ``failed`` is the first thing that can't be undone."""

    def __init__(self, calls: int, replies: int) -> None:
        self._calls, self._replies = calls, replies
        self.asked = 0
        self.failed: tuple[str, str] | None = None
        self.raised: tuple[BaseException, str, str] | None = None
        self.last = ""

    def ready(self) -> bool:
        """Waits until the other process stands, confined."""
        try:
            return bool(wire.receive(self._replies) == {"ready": True})
        except wire.BrokenWireError:
            return False

    def ask(self, message: Any) -> Any:
        if self.failed:
            raise CandidateGone
        try:
            wire.send(self._calls, message)
            reply = wire.receive(self._replies)
        except OSError:
            reply = None
        except wire.BrokenWireError as error:
            self.fail("crash", f"it broke the channel to the test: {error}")
        if reply is None:
            self.fail("gone", "it ended before it answered")
        if not isinstance(reply, dict) or not {"ok", "fault"} & reply.keys():
            self.fail("crash", "it broke the channel to the test")
        return reply

    def fail(self, outcome: str, reason: str) -> NoReturn:
        self.failed = (outcome, reason)
        raise CandidateGone

    def call(self, name: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        self.asked += 1
        self.raised = None
        self.last = f"{name}({', '.join(_short(one) for one in args)})"
        try:
            message = {"name": name, "args": wire.encode([*args]), "named": wire.encode(named)}
        except wire.NotPlainError as error:
            self.fail("wrong", f"not checkable: the test passes something else than data: {error}")
        reply = self.ask(message)
        try:
            self._write_back(reply.get("args"), args)
            if "ok" in reply:
                value = wire.decode(reply["ok"])
                self.last += f" gave {_short(value)}"
                return value
        except wire.BrokenWireError as error:
            self.fail("crash", f"it broke the channel to the test: {error}")
        raise self._fault(reply)

    def _fault(self, reply: dict[str, Any]) -> BaseException:
        kind, text = str(reply.get("fault")), str(reply.get("text", ""))[:400]
        if kind == "unplain":
            self.fail("wrong", f"not checkable: its answer isn't plain data: {text}")
        if kind == "missing":
            self.fail("wrong", text)
        if kind == "exit":
            self.fail("crash", f"it tried to end the program: {text}")
        outcome = {"memory": "memory", "refused": "sandbox"}.get(kind, "crash")
        known = getattr(builtins, str(reply.get("type")), None)
        usable = isinstance(known, type) and issubclass(known, Exception)
        try:
            error = known(text) if usable else Exception(text)  # type: ignore[misc]
        except TypeError:  # UnicodeDecodeError wants five arguments
            error = ValueError(text)
        self.raised = (error, outcome, text)
        return error

    def _write_back(self, changes: Any, args: tuple[Any, ...]) -> None:
        """A function may change its arguments, and a test may look at them."""
        if not isinstance(changes, list):
            return
        for change in changes:
            if not (isinstance(change, list) and len(change) == 2):
                raise wire.BrokenWireError("a change that no candidate of ours wrote")
            at, after = change[0], wire.decode(change[1])
            if not (isinstance(at, int) and 0 <= at < len(args)) or type(after) is not type(
                args[at]
            ):
                raise wire.BrokenWireError("a change of something else")
            _replace(args[at], after)


def _replace(target: Any, after: Any) -> None:
    if isinstance(target, list | bytearray):
        target[:] = after
    elif isinstance(target, dict | set):
        target.clear()
        target.update(after)


def judge(task: dict[str, str], candidate: Candidate) -> tuple[str, str]:
    """The outcome and its reason. ``task``: ``source`` is the candidate's, ``prelude`` and
    ``test`` come with the data."""
    try:
        if fault := _loaded(task["source"], candidate):
            return fault
        _run(task, candidate)
    except CandidateGone:
        pass
    except BaseException as error:
        return candidate.failed or _explain(error, task["test"], candidate)
    if candidate.failed:
        return candidate.failed
    if not candidate.asked:
        return "wrong", "not checkable: the test never asked the candidate for anything"
    return "passed", ""


def _loaded(source: str, candidate: Candidate) -> tuple[str, str] | None:
    reply = candidate.ask({"source": source})
    if "ok" in reply:
        return None
    kind, text = reply.get("fault"), str(reply.get("text", ""))[:400]
    outcome = {"syntax": "syntax", "memory": "memory", "refused": "sandbox"}.get(str(kind), "crash")
    words = {
        "syntax": "",
        "memory": "",
        "sandbox": "the sandbox refused it: ",
        "crash": "it tried to end the program: " if kind == "exit" else "while loading: ",
    }
    return outcome, words[outcome] + text


def _run(task: dict[str, str], candidate: Candidate) -> None:
    module = types.ModuleType("test")
    sys.modules["test"] = module
    names = module.__dict__
    prelude = _runnable(task["prelude"])
    if prelude is not None:
        with contextlib.suppress(Exception):
            exec(prelude, names)
    tree = ast.parse(task["test"], TEST)
    entry = task["entry_point"]
    for name in [entry] if entry else _unknown(tree, names):
        names[name] = _remote(candidate, name)
    exec(compile(tree, TEST, "exec", dont_inherit=True), names)
    if entry and _defines_check(tree):
        names["check"](names[entry])


def _runnable(prelude: str) -> types.CodeType | None:
    """A prompt as code: its helpers are whole, its last function has a body or gets one."""
    for ending in ("", "\n    pass\n"):
        try:
            return compile(prelude + ending, "<prompt>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue
    return None


def _remote(candidate: Candidate, name: str) -> Any:
    def ask(*args: Any, **named: Any) -> Any:
        return candidate.call(name, args, named)

    ask.__name__ = ask.__qualname__ = name
    return ask


def _defines_check(tree: ast.Module) -> bool:
    """A ``check`` that the test defines and leaves to the caller."""
    defined = any(isinstance(one, ast.FunctionDef) and one.name == "check" for one in tree.body)
    called = any(
        isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Call)
        and isinstance(one.value.func, ast.Name)
        and one.value.func.id == "check"
        for one in tree.body
    )
    return defined and not called


def _unknown(tree: ast.Module, names: dict[str, Any]) -> list[str]:
    """Names that a test calls and nobody defines: the candidate's, where the data doesn't
    name the function."""
    stored = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and _is_store(one)}
    stored |= {
        one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.ClassDef)
    }
    stored |= {one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Import | ast.ImportFrom):
            stored |= {(name.asname or name.name).partition(".")[0] for name in one.names}
    called = {
        one.func.id
        for one in ast.walk(tree)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
    }
    return sorted(called - stored - set(names) - set(dir(builtins)))


def _is_store(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _explain(error: BaseException, test: str, candidate: Candidate) -> tuple[str, str]:
    if candidate.raised and candidate.raised[0] is error:
        _, outcome, text = candidate.raised
        call = candidate.last
        if outcome == "sandbox":
            return outcome, f"the sandbox refused it: {text} in {call}"
        return outcome, f"{call} raised {text}"
    line = _line(error, test)
    at = f", at: {line}" if line else ""
    last = candidate.last or "nothing was asked"
    if isinstance(error, AssertionError):
        said = f" ({_short(str(error))})" if str(error) else ""
        return "wrong", f"{last}{said}{at}"
    return "wrong", f"{last}; the test raised {type(error).__name__}: {_short(str(error))}{at}"


def _line(error: BaseException, test: str) -> str:
    lines = test.splitlines()
    found = ""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == TEST and trace.tb_lineno <= len(lines):
            found = lines[trace.tb_lineno - 1].strip()
        trace = trace.tb_next
    return _cut(found)


def _short(value: Any) -> str:
    try:
        return _cut(_repr.repr(value))
    except BaseException:
        return "…"


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def serve(task_fd: int, replies: int, calls: int, verdict: int) -> NoReturn:
    """Judge the one task that comes down ``task_fd``."""
    task = wire.receive(task_fd)
    candidate = Candidate(calls, replies)
    try:
        if not candidate.ready():
            raise CandidateGone
        # From here on the time is the candidate's.
        wire.send(verdict, {"started": True})
        outcome, reason = judge(task, candidate)
    except BaseException as error:  # out of memory on a reply, most likely
        outcome, reason = "wrong", f"the test could not be run to its end: {type(error).__name__}"
    wire.send(verdict, {"outcome": outcome, "reason": reason[:2000]})
    os._exit(0)
