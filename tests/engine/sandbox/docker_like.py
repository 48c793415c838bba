"""The hostile set where namespaces are refused as Docker refuses them; prints JSON.

    python -m tests.engine.sandbox.docker_like [--no-landlock]

A filter can't be taken off again, so this needs a process of its own.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.engine.sandbox import filters
from tests.engine.sandbox.ground import attacked
from tests.engine.sandbox.hostile import ALL
from tui_eval.engine.sandbox import kernel, seccomp, selftest
from tui_eval.errors import EngineError


def main() -> None:
    seccomp.install(filters.docker_like(kernel.MACHINE))
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        raise SystemExit("the filter doesn't hold")
    except PermissionError:
        pass
    told: dict[str, Any] = {}
    if "--no-landlock" in sys.argv:
        seccomp.install(filters.refusing(kernel.MACHINE, ["landlock_create_ruleset"]))
        try:
            selftest.sandbox()
        except EngineError as error:
            told["refused"] = str(error)
    else:
        verdicts, told["harm"] = attacked(selftest.best().level, ALL)
        told["verdicts"] = {
            name: [one.outcome, one.judged, one.reason] for name, one in verdicts.items()
        }
    print(json.dumps({**told, "lines": selftest.best().lines()}))


if __name__ == "__main__":
    main()
