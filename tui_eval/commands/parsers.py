"""What each subcommand takes: one parser each, with an example."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tui_eval.errors import InputError


class Parser(argparse.ArgumentParser):
    """argparse, with our error form and exit code."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, f"See: {self.prog} --help")


def parser_for(name: str, example: str, description: str) -> Parser:
    prog = f"tui-eval {name}".strip()
    parser = Parser(
        prog=prog,
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-w", "--workspace", metavar="DIR", type=Path, help="the workspace")
    return parser


def _found_options(parser: Parser) -> None:
    parser.add_argument("--base", metavar="M", help="base model: a folder or a cached hub name")
    parser.add_argument("--train", metavar="F", help="training data")
    parser.add_argument("--validation", metavar="F", help="validation data")


def open_parser() -> Parser:
    parser = parser_for(
        "", "tui-eval runs/support-bot/checkpoint-1500 --validation val.jsonl", "Open the app."
    )
    parser.add_argument("path", nargs="?", type=Path, help="a checkpoint or a workspace")
    _found_options(parser)
    return parser


def _demo_parser() -> Parser:
    parser = parser_for(
        "demo",
        "tui-eval demo /tmp/look --run",
        "Copy the sample run (a small base model, a good and an overfitted fine-tune) and open it.",
    )
    parser.add_argument(
        "dir", nargs="?", type=Path, default=Path("tui-eval-demo"), help="default: ./tui-eval-demo"
    )
    parser.add_argument("--run", action="store_true", help="start computing right away")
    return parser


def _init_parser() -> Parser:
    parser = parser_for(
        "init",
        "tui-eval init runs/support-bot/checkpoint-1500 --validation val.jsonl",
        "Write a commented eval.toml into the workspace from what is found.",
    )
    parser.add_argument("checkpoint", type=Path)
    _found_options(parser)
    return parser


def _run_parser() -> Parser:
    parser = parser_for(
        "run", "tui-eval run perplexity", "Compute what is missing, with progress on stderr."
    )
    _step_options(parser)
    parser.add_argument(
        "--checkpoints",
        action="store_true",
        help="instead of steps: score every checkpoint of the run on the validation set",
    )
    parser.add_argument(
        "--against",
        metavar="NAME",
        help="instead of steps: let this model answer the candidate's prompts too, for a blind A/B",
    )
    return parser


def _show_parser() -> Parser:
    parser = parser_for(
        "show", "tui-eval show perplexity --json", "Print the readings; computes nothing."
    )
    _step_options(parser)
    parser.add_argument(
        "--checkpoints",
        action="store_true",
        help="instead of steps: every checkpoint of the run on the validation set",
    )
    parser.add_argument(
        "--comparisons",
        action="store_true",
        help="instead of steps: the blind A/B of any two models, who was compared with whom",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of --json and leave"
    )
    parser.add_argument(
        "--history",
        action="store_true",
        help="what was said before models, data or prompt were others, against now",
    )
    return parser


def _step_options(parser: Parser) -> None:
    parser.add_argument("step", nargs="*", help="curves, perplexity, ... (default: all)")
    parser.add_argument(
        "--candidate", action="append", metavar="NAME", help="only this [models.NAME]"
    )


def _judging_options(parser: Parser) -> None:
    parser.add_argument("--judge", metavar="NAME", help="who judges (default: the login name)")
    parser.add_argument(
        "--plain", action="store_true", help="line by line, for screen readers and simple terminals"
    )
    parser.add_argument("--candidate", metavar="NAME", help="this [models.NAME]")


def _review_parser() -> Parser:
    parser = parser_for(
        "review", "tui-eval review --judge ana", "Read answers and score them, four digits each."
    )
    _judging_options(parser)
    parser.add_argument("bundle", nargs="?", type=Path, help="a bundle made by tui-eval pack")
    return parser


def _ab_parser() -> Parser:
    parser = parser_for(
        "ab",
        "tui-eval ab base.jsonl tuned.jsonl --judge ana",
        "Blind A/B of the workspace's models, of two files of answers, or of a bundle.",
    )
    _judging_options(parser)
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="BASE.jsonl TUNED.jsonl, or a bundle"
    )
    parser.add_argument("--against", metavar="NAME", help="compare with this model, not base")
    parser.add_argument("--pairs", metavar="N", type=int, help="judge at most N pairs (two files)")
    parser.add_argument("--close", metavar="NAME", help="end NAME's judging, and say so")
    parser.add_argument(
        "--end", metavar="ROUND", help="close and unblind a comparison that can't be opened"
    )
    parser.add_argument("--yes", action="store_true", help="with --end: do not ask first")
    return parser


def _pack_parser() -> Parser:
    parser = parser_for(
        "pack",
        "tui-eval pack --judge bo",
        "Write prompts and answers under opaque ids into one file, for a judge elsewhere.",
    )
    parser.add_argument("--judge", metavar="NAME", required=True, help="who will judge it")
    parser.add_argument("--step", choices=("ab", "review"), default="ab", help="default: ab")
    parser.add_argument("--candidate", metavar="NAME", help="this [models.NAME]")
    parser.add_argument("--against", metavar="NAME", help="compare with this model, not base")
    parser.add_argument("--out", metavar="FILE", type=Path, help="default: NAME.bundle.jsonl")
    return parser


def _import_parser() -> Parser:
    parser = parser_for(
        "import",
        "tui-eval import bo.jsonl",
        "Take in a judge's journal, or a filled evaluation sheet (then with --judge).",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--judge", metavar="NAME", help="whose scores a sheet holds")
    parser.add_argument("--candidate", metavar="NAME", help="this [models.NAME]")
    return parser


def _export_parser() -> Parser:
    from tui_eval.files.exports import EXPORTS

    parser = parser_for(
        "export",
        "tui-eval export trl --out preferences.jsonl",
        "Write judgements or answers in a format of other tools.\n\n"
        + "\n".join(f"  {name:<24} {one.about}" for name, one in EXPORTS.items()),
    )
    parser.add_argument("format", choices=tuple(EXPORTS), metavar="FORMAT", help=", ".join(EXPORTS))
    parser.add_argument("--judge", metavar="NAME", help="sheet: filled with NAME's scores")
    parser.add_argument("--task", metavar="NAME", help="answers: this [tasks.NAME], or validation")
    parser.add_argument("--model", metavar="NAME", help="answers: of base, not the candidate")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=str,
        help="default: standard output; answers: a folder (FOLDER/) takes a file for each task",
    )
    parser.add_argument("--candidate", metavar="NAME", help="this [models.NAME]")
    parser.add_argument("--against", metavar="NAME", help="compare with this model, not base")
    return parser


def _split_parser() -> Parser:
    from tui_eval.core.splits import SPLITS

    parser = parser_for(
        "split",
        "tui-eval split tickets.jsonl --strategy category --test-size 200",
        "Hold rows out for validation. Rows of one group, and equal prompts, stay together;"
        " no row is dropped.",
    )
    parser.add_argument("file", type=Path, help="JSON, JSONL, CSV, Parquet, or a saved folder")
    about = "; ".join(f"{name}: {strategy.about}" for name, strategy in SPLITS.items())
    parser.add_argument("--strategy", required=True, choices=tuple(SPLITS), help=about)
    parser.add_argument(
        "--test-size", metavar="N", default="0.1", help="a share (0.1, 10%%) or a count of rows"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="default: 0")
    parser.add_argument("--out", metavar="DIR", type=Path, help="default: FILE-split beside FILE")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier split there")
    for name in ("category", "time", "group", "prompt", "answer"):
        parser.add_argument(f"--{name}", metavar="FIELD", help=f"the field that holds the {name}")
    parser.add_argument("--no-group", action="store_true", help="no field names groups")
    parser.add_argument("--file-order", action="store_true", help="temporal: by the file's order")
    parser.add_argument(
        "--allow-late",
        action="store_true",
        help="temporal: later rows of a group that began earlier may stay in training",
    )
    parser.add_argument(
        "--training",
        metavar="FILE",
        type=Path,
        help="what a model was trained with (default: eval.toml's data.train): its rows are found",
    )
    parser.add_argument(
        "--exclude-seen", action="store_true", help="keep rows of that file out of validation"
    )
    parser.add_argument(
        "--exclude-near",
        action="store_true",
        help="keep near duplicates of training rows out of validation",
    )
    return parser


def _sign_parser() -> Parser:
    from tui_eval.core.sign_off_records import DECISIONS

    parser = parser_for(
        "sign",
        'tui-eval sign --decision hold --note "the gap is too high" --judge ana',
        "Sign a decision about a candidate, as the app's sign-off does. It is kept for ever; a"
        " later one, of anybody, takes its place. deploy needs 20 reviewed items, 10 deciding"
        " pairs and unblinding: exit code 1 where it lacks any of them.",
    )
    choices = tuple(one for one in DECISIONS if one != "none")
    parser.add_argument("--decision", choices=choices, help="what is decided")
    parser.add_argument("--withdraw", action="store_true", help="the last decision counts no more")
    parser.add_argument("--note", metavar="TEXT", help="why; signed with it")
    parser.add_argument("--judge", metavar="NAME", help="who signs (default: the login name)")
    parser.add_argument("--candidate", metavar="NAME", help="this [models.NAME]")
    return parser


def _report_parser() -> Parser:
    from tui_eval.files.report import FORMATS

    parser = parser_for(
        "report",
        "tui-eval report --out report.html",
        "Write what was found and decided, with everything that is needed to repeat it."
        " Computes nothing.",
    )
    parser.add_argument(
        "--format", choices=tuple(FORMATS), help="default: as FILE is called; else markdown"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=str,
        help="default: standard output; a folder (FOLDER/) takes all three formats",
    )
    parser.add_argument(
        "--candidate", action="append", metavar="NAME", help="only this [models.NAME]"
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of --format json and leave"
    )
    return parser


def _gate_parser() -> Parser:
    parser = parser_for(
        "gate",
        "tui-eval gate --require 'perplexity.improvement.low > 0' --require 'overfitting.verdict"
        ' != "bad"\'',
        "Hold the readings against conditions, those of [gate] require in eval.toml and those"
        " given.\nExit code: 0 all met, 1 not met or not measured, 2 no such name, or no"
        " condition.\nComputes nothing.",
    )
    parser.add_argument(
        "--require",
        action="append",
        metavar="COND",
        help='[NAME:]step.number[.low|.high] < <= > >= = != VALUE; step.verdict = "good";'
        ' signoff.decision = "deploy"; signoff.stale = false; contradictions = 0',
    )
    parser.add_argument(
        "--candidate",
        action="append",
        metavar="NAME",
        help="whom conditions without NAME: are about (default: the first of eval.toml)",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _doctor_parser() -> Parser:
    return parser_for("doctor", "tui-eval doctor", "What this machine and terminal offer.")


PARSERS: dict[str, Callable[[], Parser]] = {
    "demo": _demo_parser,
    "init": _init_parser,
    "run": _run_parser,
    "show": _show_parser,
    "review": _review_parser,
    "ab": _ab_parser,
    "pack": _pack_parser,
    "import": _import_parser,
    "export": _export_parser,
    "split": _split_parser,
    "sign": _sign_parser,
    "report": _report_parser,
    "gate": _gate_parser,
    "doctor": _doctor_parser,
}
"""A subcommand's name wins over a folder's: ``tui-eval ./show`` opens a folder."""
