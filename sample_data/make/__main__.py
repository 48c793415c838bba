"""`python -m make OUT`, from the folder above: makes the whole sample run again into OUT."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

STAGES = ("data", "pretrain", "good", "overfitted", "workspace", "check")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m make", description=__doc__)
    parser.add_argument("out", type=Path, help="the folder to write, for example ../sample_data")
    parser.add_argument(
        "--work", type=Path, help="for what is not kept (default: a temporary folder)"
    )
    parser.add_argument("--steps", type=int, default=3_000, help="pretraining steps")
    parser.add_argument("--stages", nargs="+", choices=(*STAGES, "bank"), default=STAGES)
    parser.add_argument("--quick", action="store_true", help="a few steps of everything, to try it")
    parser.add_argument("--threads", type=int, default=2, help="1 where others use the cores")
    parser.add_argument("--seed", type=int, default=0, help="of the bank: another draw of it")
    options = parser.parse_args()
    out = options.out.resolve()
    work = (options.work or Path(tempfile.gettempdir()) / "tui-eval-sample-run").resolve()
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    steps = 20 if options.quick else options.steps
    for stage in options.stages:
        began = time.monotonic()
        run_stage(stage, out, work, steps, options)
        print(f"== {stage}: {time.monotonic() - began:.0f} s", flush=True)


def run_stage(stage: str, out: Path, work: Path, steps: int, options: argparse.Namespace) -> None:
    # Imported where they are used: writing the data takes seconds, loading peft does too.
    if stage == "data":
        from .data import write_data

        write_data(out / "data")
    elif stage == "pretrain":
        from .pretrain import pretrain
        from .tokenizer import make_tokenizer

        pretrain(make_tokenizer(work / "tokenizer"), out / "base", work, steps)
    elif stage in ("good", "overfitted"):
        from .finetune import RECIPES, finetune

        finetune(RECIPES[stage], out, work, options.quick)
    elif stage == "workspace":
        from .workspace import write_workspace

        write_workspace(out)
    elif stage == "bank":
        from .bank import write_bank

        write_bank(out, work, seed=options.seed)
    else:
        from .check import check

        check(out, work)


if __name__ == "__main__":
    main()
