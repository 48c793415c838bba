"""What a program comes to, and in which words."""

from __future__ import annotations

import pytest

from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.runner import Sandbox
from tui_eval.engine.sandbox.verdict import Limits, Outcome, Program, Verdict

CHECK = "def check(candidate):\n    assert candidate([3, 1, 2]) == [1, 2, 3]\n"


@pytest.fixture(scope="module")
def box() -> Sandbox:
    standing = selftest.best()
    if not standing.level.safe:
        pytest.skip("; ".join(standing.lines()))
    return Sandbox(standing.level, Limits(seconds=20.0))


def judged(box: Sandbox, source: str, test: str = CHECK, **more: str) -> Verdict:
    verdict = box.judge(
        Program(source, test, more.get("entry_point", "f"), more.get("prelude", ""))
    )
    assert verdict.judged, verdict.reason
    return verdict


GOOD = {
    "plain": "def f(x):\n    return sorted(x)",
    "threads": "import threading\ndef f(x):\n    out = []\n"
    "    t = threading.Thread(target=lambda: out.extend(sorted(x)))\n    t.start()\n    t.join()\n"
    "    return out",
    "temporary_file": "import tempfile\ndef f(x):\n"
    "    with tempfile.NamedTemporaryFile('w+') as one:\n        one.write(str(sorted(x)))\n"
    "        one.seek(0)\n        return eval(one.read())",
    "temporary_folder": "import tempfile, os, shutil\ndef f(x):\n"
    "    with tempfile.TemporaryDirectory() as one:\n        os.makedirs(one + '/a/b')\n"
    "        open(one + '/a/b/c', 'w').write('1')\n        os.rename(one + '/a/b/c', one + '/d')\n"
    "        shutil.copyfile(one + '/d', one + '/e')\n    return sorted(x)",
    "deep_recursion": "def g(n):\n    return n and g(n - 1)\ndef f(x):\n    g(900)\n"
    "    return sorted(x)",
    "memory": "def f(x):\n    block = bytearray(200 << 20)\n    return sorted(x)",
    "much_printing": "def f(x):\n    for n in range(20000): print('line', n)\n    return sorted(x)",
    "asyncio": "import asyncio\nasync def g(x):\n    await asyncio.sleep(0)\n    return sorted(x)\n"
    "def f(x):\n    return asyncio.run(g(x))",
    "standard_library": "import collections, heapq, itertools, json, math, re, statistics, "
    "decimal\n"
    "import datetime, functools, hashlib, random, sqlite3, string, typing, dataclasses, zoneinfo\n"
    "def f(x):\n    hashlib.sha256(b'x').hexdigest()\n    random.random()\n"
    "    return heapq.nsmallest(len(x), x)",
    "dataclass": "from dataclasses import dataclass\nfrom __future__ import annotations\n".replace(
        "from dataclasses import dataclass\nfrom __future__ import annotations\n",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n",
    )
    + "@dataclass\nclass A:\n    n: int\ndef f(x):\n    return sorted(A(n).n for n in x)",
    "subclass_of_list": "class A(list): pass\ndef f(x):\n    return A(sorted(x))",
    "own_alarm": "import signal\ndef f(x):\n    signal.signal(signal.SIGALRM, lambda *a: None)\n"
    "    signal.alarm(1)\n    signal.alarm(0)\n    return sorted(x)",
    "main_block": "def f(x):\n    return sorted(x)\nif __name__ == '__main__':\n"
    "    raise SystemExit(3)",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_program_passes(box: Sandbox, name: str) -> None:
    verdict = judged(box, GOOD[name])
    assert verdict.passed, verdict.reason
    assert verdict.reason == ""


def test_a_program_may_use_installed_libraries(box: Sandbox) -> None:
    source = "import numpy\ndef f(x):\n    return [n.item() for n in numpy.sort(numpy.array(x))]"
    assert judged(box, source).passed
    scalar = "import numpy\ndef f(x):\n    return numpy.float64(1.5)"
    assert judged(box, scalar, "assert f(0) == 1.5").passed


@pytest.mark.parametrize(
    ("source", "outcome", "words"),
    [
        ("def f(x):\n    return x", Outcome.WRONG, "f([3, 1, 2]) gave [3, 1, 2], at: assert"),
        ("def f(x):\n    return None", Outcome.WRONG, "gave None"),
        ("def g(x):\n    return x", Outcome.WRONG, "it defines no function f"),
        ("def f(x):\n    return (n for n in x)", Outcome.WRONG, "not checkable"),
        (
            "def f(x):\n    return 1 / 0",
            Outcome.CRASH,
            "raised ZeroDivisionError: division by zero",
        ),
        ("def f(x):\n    assert False, 'no'", Outcome.CRASH, "raised AssertionError: no"),
        ("import nothing_of_this_name", Outcome.CRASH, "while loading: ModuleNotFoundError"),
        ("def f(x:", Outcome.SYNTAX, "SyntaxError: '(' was never closed"),
        ("def f(x):\n    return input()", Outcome.CRASH, "EOFError"),
        ("def f(x):\n    a = [0]\n    while True: a += a", Outcome.MEMORY, "MemoryError"),
        ("import os\ndef f(x):\n    os.fork()", Outcome.SANDBOX, "the sandbox refused it"),
        ("import os\ndef f(x):\n    os._exit(7)", Outcome.CRASH, "itself, with exit code 7"),
        ("import sys\ndef f(x):\n    sys.exit('bye')", Outcome.CRASH, "tried to end the program"),
        ("import ctypes\ndef f(x):\n    ctypes.string_at(0)", Outcome.CRASH, "SIGSEGV"),
        ("import os\ndef f(x):\n    os.kill(os.getpid(), 9)", Outcome.CRASH, "SIGKILL"),
    ],
)
def test_a_failure_is_told(box: Sandbox, source: str, outcome: Outcome, words: str) -> None:
    verdict = judged(box, source)
    assert verdict.outcome is outcome
    assert words in verdict.reason


def test_time_is_up() -> None:
    box = Sandbox(selftest.best().level, Limits(seconds=0.5))
    verdict = box.judge(Program("def f(x):\n    while True: pass", CHECK, "f"))
    assert (verdict.outcome, verdict.reason) == (Outcome.TIMEOUT, "no answer within 0.5 seconds")
    assert verdict.seconds >= 0.5


def test_what_it_prints_is_kept_up_to_a_limit(box: Sandbox) -> None:
    verdict = judged(
        box, "print('at load')\ndef f(x):\n    print('é' * 200000)\n    return sorted(x)"
    )
    assert verdict.passed
    assert verdict.output.startswith("at load\né")
    assert len(verdict.output.encode()) <= 64 * 1024 + 8


def test_arguments_changed_in_place_are_seen(box: Sandbox) -> None:
    source = "def f(x, d, s):\n    x.sort()\n    d['k'] = (1, 2)\n    s.clear()"
    test = (
        "x, d, s = [2, 1], {}, {4}\nassert f(x, d, s) is None\n"
        "assert (x, d, s) == ([1, 2], {'k': (1, 2)}, set())"
    )
    assert judged(box, source, test).passed


def test_types_survive_the_way(box: Sandbox) -> None:
    value = (
        "(1, 2.5, -0.0, 1 << 80, 'é\\ud800', b'\\xff', None, True, [()], {(1,): {2}}, "
        "frozenset([3]), 1j, range(3), bytearray(b'a'))"
    )
    test = f"assert repr(f({value})) == repr({value})"
    assert judged(box, "def f(x):\n    return x", test).passed


def test_expected_exceptions_reach_the_test(box: Sandbox) -> None:
    source = "class Mine(ValueError): pass\ndef f(x):\n    raise Mine('no')"
    test = "try:\n    f(1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError"
    assert judged(box, source, test).passed


def test_a_swallowed_death_is_no_pass(box: Sandbox) -> None:
    source = "import os\ndef f(x):\n    os._exit(0)"
    test = "try:\n    f(1)\nexcept BaseException:\n    pass"
    assert judged(box, source, test).outcome is Outcome.CRASH


def test_a_test_that_asks_nothing_is_no_pass(box: Sandbox) -> None:
    verdict = judged(box, GOOD["plain"], "assert True")
    assert verdict.outcome is Outcome.WRONG
    assert "never asked" in verdict.reason


def test_the_prompts_helpers_are_the_tests_own(box: Sandbox) -> None:
    """A candidate that redefines what it is checked with changes nothing."""
    prelude = "def double(x):\n    return 2 * x\n\ndef f(x):\n    '''twice'''\n"
    test = "def check(candidate):\n    assert candidate(4) == double(4)\n"
    cheat = "def double(x):\n    return 1\ndef f(x):\n    return 1"
    assert judged(box, cheat, test, prelude=prelude).outcome is Outcome.WRONG
    assert judged(box, prelude + "    return x + x", test, prelude=prelude).passed


def test_a_prompt_without_a_body_is_a_prelude_too(box: Sandbox) -> None:
    verdict = judged(box, GOOD["plain"], prelude="def f(x):\n")
    assert verdict.passed, verdict.reason


def test_asserts_alone_name_the_function(box: Sandbox) -> None:
    source = "def area(a, b):\n    return a * b"
    good, bad = "assert area(2, 3) == 6\nassert area(b=1, a=1) == 1", "assert area(2, 3) == 5"
    assert judged(box, source, good, entry_point="").passed
    assert judged(box, source, bad, entry_point="").outcome is Outcome.WRONG


@pytest.mark.parametrize("level", [Level.ISOLATED, Level.CONFINED, Level.RESTRICTED])
def test_each_level_judges_alike(level: Level) -> None:
    if fault := selftest.try_level(level):
        pytest.skip(f"this machine has no {level.label}: {fault}")
    box = Sandbox(level, Limits(seconds=20.0))
    assert judged(box, GOOD["plain"]).passed
    assert judged(box, "def f(x):\n    return x").outcome is Outcome.WRONG
