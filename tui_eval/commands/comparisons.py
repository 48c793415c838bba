"""``show --comparisons``: who was compared with whom, blind."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from tui_eval.commands import places
from tui_eval.errors import InputError
from tui_eval.files.comparisons import comparisons
from tui_eval.files.exports import show_comparisons


def print_all(options: Namespace) -> int:
    """As text or JSON; of the named candidates, or of all models. Starts no engine."""
    if options.schema:
        print(json.dumps(show_comparisons.schema(), indent=1))
        return 0
    if options.step:
        raise InputError(
            "--comparisons goes without steps: it tells the blind A/B of any two models.",
            f"tui-eval show {' '.join(options.step)}, or tui-eval show --comparisons",
        )
    config = places.load_anywhere(places.required(options.workspace))
    named = places.chosen_candidates(config, options.candidate) if options.candidate else ()
    workspace = places.open_workspace(config.folder)
    try:
        workspace.catch_up()
        made = comparisons(workspace, config)
    finally:
        workspace.close()
    made = tuple(one for one in made if not named or {one.candidate, one.against} & {*named})
    alpha = float(config.setting("blind_ab.significance"))
    if options.json:
        told = show_comparisons.as_json(made, alpha)
        print(json.dumps(told, ensure_ascii=True, allow_nan=False, indent=1))
    else:
        unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        print(show_comparisons.as_text(made, alpha, unicode=unicode), end="")
    return 0
