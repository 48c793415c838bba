"""``tui-eval pack``, ``import`` and ``export``: judgements and answers to and from elsewhere."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval import config as configuration
from tui_eval.commands import places
from tui_eval.commands.judge import candidate_of
from tui_eval.core.text import clean
from tui_eval.errors import InputError, TuiEvalError
from tui_eval.store.files import cannot_write

if TYPE_CHECKING:
    from tui_eval.config import Config
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


def _todays(path: Path | None) -> Config | None:
    """For a word of warning alone: a journal comes in though eval.toml can't be read."""
    try:
        return configuration.load(path, files=False) if path is not None else None
    except TuiEvalError:
        return None


def take_in(options: Namespace) -> int:
    from tui_eval.files.exports import sheet
    from tui_eval.files.journals import import_journal

    _refuse_answers(options.file)
    if not options.file.is_file():
        raise InputError(f"There is no file {options.file}.", "import takes a journal or a sheet.")
    path = places.eval_toml(options.workspace)
    if not sheet.is_sheet(options.file):
        folder = path.parent if path is not None else (options.workspace or Path.cwd()).absolute()
        config = _todays(path)
        workspace = places.open_workspace(folder)
        try:
            print(clean(import_journal(workspace, options.file, config)))
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


def _refuse_answers(path: Path) -> None:
    """Answers are read where they lie: a copy would go stale when the file is made anew, and
    which model's they are only eval.toml says."""
    from tui_eval.files.answer_reading import is_answers
    from tui_eval.files.bundle_lines import is_bundle
    from tui_eval.files.exports import sheet

    if path.is_file() and (sheet.is_sheet(path) or is_bundle(path)):
        return
    if is_answers(path):
        raise InputError(
            f"{path} holds answers: they are read where they lie, import takes judgements.",
            f'Name it in eval.toml: [models.NAME] answers = "{path}", or compare two files:'
            " tui-eval ab BASE TUNED",
        )


def export(options: Namespace) -> int:
    from tui_eval.files.exports import EXPORTS, notes

    # A path forgets the slash that says: a folder.
    options.into_folder = bool(options.out) and options.out.endswith(("/", os.sep))
    options.out = Path(options.out) if options.out else None
    if EXPORTS[options.format].of_answers:
        return _export_answers(options)
    if options.task or options.model:
        of = ", ".join(name for name, one in EXPORTS.items() if one.of_answers)
        raise InputError(f"--task and --model go with formats of answers: {of}.")
    if options.into_folder:
        raise InputError(f"{options.out}/ is a folder.", "Name a file: --out FILE")
    _refuse_there(options.out)
    results = _results(options)
    write = _writer(options.format)
    filled = options.format == "sheet" and options.judge
    text: str = write(results, options.judge) if filled else write(results)
    for note in (*notes(options.format, results), CONTAMINATES):
        print(clean(note), file=sys.stderr)
    _put(text, options.out)
    return 0


def _writer(format: str) -> Callable[..., str]:
    from tui_eval.files.exports import EXPORTS

    module, _, function = EXPORTS[format].target.partition(":")
    found: Callable[..., str] = getattr(import_module(module), function)
    return found


def _refuse_there(path: Path | None) -> None:
    if path is not None and path.exists():
        raise InputError(f"{path} is there already.", "Name another file: --out FILE")


def _put(text: str, path: Path | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise cannot_write(path, error) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _export_answers(options: Namespace) -> int:
    """One file for a task; into a folder one for each, called as the harness calls them."""
    from tui_eval.files.evidence import FileCache, WorkspaceEvidence
    from tui_eval.files.exports import EXPORTS
    from tui_eval.files.exports.answered import gather

    out: Path | None = options.out
    folder = out if out is not None and (out.is_dir() or options.into_folder) else None
    if folder is None:
        _refuse_there(out)
    config = places.load_anywhere(places.required(options.workspace))
    candidate = candidate_of(config, options.candidate)
    model = options.model or candidate
    if model not in config.models:
        raise InputError(f"There is no model {model}.", f"Known: {', '.join(config.models)}")
    workspace = places.open_workspace(config.folder)
    try:
        evidence = WorkspaceEvidence(workspace, config, FileCache())
        found = gather(evidence, config, candidate, model, options.task)
    finally:
        workspace.close()
    if len(found) > 1 and folder is None:
        names = ", ".join(one.task.name for one in found)
        raise InputError(
            f"There are answers to {len(found)} tasks: {names}.",
            "Name one: --task NAME, or a folder for all of them: --out FOLDER/",
        )
    write, suffix = _writer(options.format), EXPORTS[options.format].suffix
    if folder is not None:
        _make(folder)
    at = datetime.now().isoformat().replace(":", "-")
    for one in found:
        path = out if folder is None else folder / f"samples_{one.task.name}_{at}{suffix}"
        _refuse_there(path)
        _put(write(one), path)
        for note in one.notes:
            print(clean(note), file=sys.stderr)
    print(CONTAMINATES, file=sys.stderr)
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
