"""The whole event log: every line of every journal, with the journal it stands in.

Sides are left and right here, and answers opaque ids, so this tells no direction.
"""

from __future__ import annotations

import json

from tui_eval.files.exports.results import Results


def write(results: Results) -> str:
    rows = [
        {"journal": one.journal, "judge": one.judge, "event": dict(one.event)}
        for one in results.log
    ]
    # As journals have it: in ASCII, so that no content is lost or changed.
    return "".join(json.dumps(row, separators=(",", ":"), allow_nan=False) + "\n" for row in rows)
