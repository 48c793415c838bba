"""``tui-eval pack``, ``import`` and ``export``: judgements to and from elsewhere."""

from __future__ import annotations

import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval.commands import places
from tui_eval.commands.judge import candidate_of
from tui_eval.core.text import clean
from tui_eval.errors import InputError

if TYPE_CHECKING:
    from tui_eval.files.exports.results import Results

CONTAMINATES = (
    "These are evaluation data: a model that is trained on them can't be judged by them again."
)


def pack(options: Namespace) -> int:
    from tui_eval.files import bundle
    from tui_eval.store.layout import slug

    config = places.load_anywhere(places.required(options.workspace))
    candidate = candidate_of(config, options.candidate)
    out = options.out or Path(f"{slug(options.judge) or 'judge'}.bundle.jsonl")
    if out.exists():
        raise InputError(f"{out} is there already.", "Name another file: --out FILE")
    workspace = places.open_workspace(config.folder)
    try:
        step = "blind_ab" if options.step == "ab" else "review"
        packed = bundle.pack(
            workspace, config, candidate, judge=options.judge, step=step, against=options.against,
            out=out,
        )  # fmt: skip
    finally:
        workspace.close()
    command = "ab" if options.step == "ab" else "review"
    print(f"{out}: {packed} for {clean(options.judge)}. Judge it with: tui-eval {command} {out}")
    return 0


def take_in(options: Namespace) -> int:
    from tui_eval.files.exports import sheet
    from tui_eval.files.journals import import_journal

    if not options.file.is_file():
        raise InputError(f"There is no file {options.file}.", "import takes a journal or a sheet.")
    path = places.eval_toml(options.workspace)
    if not sheet.is_sheet(options.file):
        folder = path.parent if path is not None else (options.workspace or Path.cwd()).absolute()
        workspace = places.open_workspace(folder)
        try:
            print(clean(import_journal(workspace, options.file)))
        finally:
            workspace.close()
        return 0
    from tui_eval.files import judging

    if not options.judge:
        raise InputError("A sheet does not say who filled it in.", "Name the judge: --judge NAME")
    config = places.load_anywhere(places.required(options.workspace))
    candidate = candidate_of(config, options.candidate)
    workspace = places.open_workspace(config.folder)
    try:
        session = judging.open_review(workspace, config, candidate, judge=options.judge)
        try:
            taken = sheet.take_in(session, options.file)
        finally:
            session.close()
    finally:
        workspace.close()
    for problem in taken.problems:
        print(clean(problem), file=sys.stderr)
    print(clean(taken.words))
    return 1 if taken.problems else 0


def export(options: Namespace) -> int:
    from tui_eval.files.exports import EXPORTS, notes

    module, _, function = EXPORTS[options.format].target.partition(":")
    if options.out is not None and options.out.exists():
        raise InputError(f"{options.out} is there already.", "Name another file: --out FILE")
    results = _results(options)
    write = getattr(import_module(module), function)
    filled = options.format == "sheet" and options.judge
    text: str = write(results, options.judge) if filled else write(results)
    for note in (*notes(options.format, results), CONTAMINATES):
        print(clean(note), file=sys.stderr)
    if options.out is None:
        sys.stdout.write(text)
    else:
        options.out.write_text(text, encoding="utf-8", newline="")
    return 0


def _results(options: Namespace) -> Results:
    """What was judged in the workspace, or of two files in a folder without eval.toml."""
    from tui_eval.files.evidence import FileCache, WorkspaceEvidence
    from tui_eval.files.exports.results import gather, gather_recorded

    path = places.eval_toml(options.workspace)
    if path is None:
        workspace = places.open_workspace((options.workspace or Path.cwd()).absolute())
        try:
            if not workspace.journals():
                places.required(options.workspace)
            return gather_recorded(workspace)
        finally:
            workspace.close()
    config = places.load_anywhere(path)
    candidate = candidate_of(config, options.candidate)
    workspace = places.open_workspace(config.folder)
    try:
        evidence = WorkspaceEvidence(workspace, config, FileCache())
        return gather(workspace, evidence, candidate, against=options.against)
    finally:
        workspace.close()
