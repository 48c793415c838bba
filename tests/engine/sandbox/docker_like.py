"""The hostile set where namespaces are refused as Docker refuses them; prints JSON.

    python -m tests.engine.sandbox.docker_like [NAME …]

A filter can't be taken off again, so this needs a process of its own.
"""

from __future__ import annotations

import json
import sys

from tests.engine.sandbox.ground import attacked
from tests.engine.sandbox.hostile import ALL
from tui_eval.engine.sandbox import kernel, seccomp, selftest


def main() -> None:
    seccomp.install(seccomp.docker_like(kernel.MACHINE))
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        raise SystemExit("the filter doesn't hold")
    except PermissionError:
        pass
    standing = selftest.best()
    chosen = [case for case in ALL if case.id in sys.argv[1:]] or ALL
    verdicts, harm = attacked(standing.level, chosen)
    told = {name: [one.outcome, one.judged, one.reason] for name, one in verdicts.items()}
    print(json.dumps({"lines": standing.lines(), "harm": harm, "verdicts": told}))


if __name__ == "__main__":
    main()
