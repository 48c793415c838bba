"""``tui-eval show``: the readings as text or JSON. Computes nothing, starts no engine."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from tui_eval.commands import places
from tui_eval.core.steps.contradictions import contradictions
from tui_eval.files.evidence import FileCache, readings
from tui_eval.files.exports import show
from tui_eval.files.exports.show_signoff import Verdicts
from tui_eval.files.signing import decided_of
from tui_eval.files.tries import last_tries


def command(options: Namespace) -> int:
    if options.checkpoints:
        from tui_eval.commands import checkpoints

        return checkpoints.print_all(options)
    if options.comparisons:
        from tui_eval.commands import comparisons

        return comparisons.print_all(options)
    if options.history:
        return _history(options)
    if options.schema:
        print(json.dumps(show.schema(), indent=1))
        return 0
    path = places.required(options.workspace)
    config = places.load_anywhere(path)
    steps = places.chosen_steps(options.step)
    candidates = places.chosen_candidates(config, options.candidate)
    workspace = places.open_workspace(config.folder)
    cache = FileCache()
    try:
        # What deploy lacks and which steps disagree is told from all of them.
        whole = options.json or not steps
        found = {
            name: readings(workspace, config, name, cache=cache, steps=() if whole else steps)
            for name in candidates
        }
        verdicts = {
            name: Verdicts(
                decided_of(workspace, config, name, found[name], cache), contradictions(found[name])
            )
            for name in (candidates if whole else ())
        }
        tries = last_tries(workspace.jobs())
    finally:
        workspace.close()
    if steps:
        found = {
            name: {key: one for key, one in read.items() if key in steps}
            for name, read in found.items()
        }
    if options.json:
        told = show.as_json(found, tries, verdicts)
        print(json.dumps(told, ensure_ascii=True, allow_nan=False, indent=1))
    else:
        text = show.as_text(
            found,
            unicode=_unicode(),
            steps=steps,
            tries=tries,
            verdicts=None if steps else verdicts,
        )
        print(text, end="")
    return 0


def _history(options: Namespace) -> int:
    """What was said before models or data were others, against now."""
    from tui_eval.files.exports import history as exported
    from tui_eval.files.history import changes

    if options.schema:
        print(json.dumps(exported.schema(), indent=1))
        return 0
    config = places.load_anywhere(places.required(options.workspace))
    candidates = places.chosen_candidates(config, options.candidate)
    workspace = places.open_workspace(config.folder)
    cache = FileCache()
    try:
        found = {
            name: changes(
                workspace, config, name, readings(workspace, config, name, cache=cache), cache
            )
            for name in candidates
        }
    finally:
        workspace.close()
    if options.json:
        print(json.dumps(exported.as_json(found), ensure_ascii=True, allow_nan=False, indent=1))
    else:
        print(exported.as_text(found, unicode=_unicode()), end="")
    return 0


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
