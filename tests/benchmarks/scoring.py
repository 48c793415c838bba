"""How fast and how lean scoring is, against other ways of scoring the same texts.

    python -m tests.benchmarks.scoring --model small --rounds 3
    python -m tests.benchmarks.scoring --memory
    python -m tests.benchmarks.scoring --growth

Every round runs all variants one after the other on the same texts; what counts is the
ratio of CPU seconds within a round, median over the rounds, so that a busy machine
slows all alike. Models are random-initialised: the arithmetic is the same, and their
heads are scaled so that the predictions are not flat. The lm-eval package comes with the
extra ``bench``.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

# A thread that waits for its siblings is to sleep, not to spin: on a busy machine the CPU
# time of whoever shares a matrix product among threads would be mostly waiting.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tests.benchmarks.peers import PEERS, Subject

POSITIONS = 1024
SHAPES: dict[str, dict[str, int]] = {
    # 57.5M parameters; the head is two fifths of the matrix work.
    "small": {
        "vocab_size": 32_000,
        "hidden_size": 512,
        "intermediate_size": 1_504,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
    },
    # 1.9M parameters: what a call costs besides arithmetic matters most.
    "tiny": {
        "vocab_size": 4_096,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
    },
}
TARGETS = {
    "lm-eval rolling, batch 8": {"small": 3.0, "tiny": 3.8},
    "best of lm-eval": {"small": 1.15, "tiny": 1.4},
    "tutorial loop": {"small": 1.15, "tiny": 1.5},
    "share of the matmul floor": {"small": 0.70},
}
MEMORY_TARGETS = {"lm-eval rolling, batch 8": 0.16, "tutorial loop": 0.75}


def tokenizer(vocabulary: int) -> Any:
    """One word, one token, so that a text's length in tokens is chosen."""
    words = {"<s>": 0, "</s>": 1, "<unk>": 2}
    words.update({f"w{at}": at for at in range(3, vocabulary)})
    core = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="</s>",
        model_max_length=POSITIONS,
    )


def texts(count: int, vocabulary: int, *, median: int = 140, seed: int = 0) -> list[str]:
    """Log-normal lengths of 20 to 1,000 tokens."""
    chosen = random.Random(seed)
    sizes = [min(1000, max(20, int(median * chosen.lognormvariate(0, 0.9)))) for _ in range(count)]
    return [" ".join(f"w{chosen.randrange(3, vocabulary)}" for _ in range(size)) for size in sizes]


def subject(name: str, count: int, *, median: int = 140) -> Subject:
    shape = SHAPES[name]
    torch.manual_seed(0)
    config = LlamaConfig(
        **shape,
        max_position_embeddings=POSITIONS,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    model.lm_head.weight.data.mul_(10)
    vocabulary = shape["vocab_size"]
    return Subject(model, tokenizer(vocabulary), texts(count, vocabulary, median=median), POSITIONS)


def speed(name: str, count: int, rounds: int) -> None:
    made = subject(name, count)
    tokens = sum(len(text.split()) for text in made.texts)
    parameters = sum(parameter.numel() for parameter in made.model.parameters())
    print(
        f"\n{name}: {parameters / 1e6:.1f}M parameters, {count} texts, {tokens:,} tokens, "
        f"{_padding(made.texts):.2f} times that many with batches of 8 in file order"
    )
    few = Subject(made.model, made.tokenizer, made.texts[:4], POSITIONS)
    for run in PEERS.values():
        run(few)
    seconds: dict[str, list[float]] = {variant: [] for variant in PEERS}
    totals: dict[str, list[float]] = {}
    for number in range(rounds):
        # Each round begins with another variant, so that none always runs on warm caches.
        order = list(PEERS)[number % len(PEERS) :] + list(PEERS)[: number % len(PEERS)]
        for variant in order:
            started = time.process_time()
            totals[variant] = PEERS[variant](made)
            seconds[variant].append(time.process_time() - started)
    _check(totals)
    _table(name, seconds, tokens)


def _padding(some: Sequence[str]) -> float:
    sizes = [len(text.split()) for text in some]
    batches = [sizes[first : first + 8] for first in range(0, len(sizes), 8)]
    return sum(len(batch) * max(batch) for batch in batches) / sum(sizes)


def _check(totals: dict[str, list[float]]) -> None:
    """All variants have to have computed the same thing."""
    for variant, values in totals.items():
        worst = max(
            (abs(a - b) / b for a, b in zip(values, totals["tutorial loop"], strict=False)),
            default=0.0,
        )
        if worst > 1e-4:
            raise SystemExit(f"{variant} computed something else: off by {worst:.1e}")


def _table(name: str, seconds: dict[str, list[float]], tokens: int) -> None:
    print(f"{'variant':32} {'CPU s':>8} {'tokens/CPU s':>13} {'ours is faster by':>18}")
    for variant, values in seconds.items():
        ratios = [value / own for value, own in zip(values, seconds["ours"], strict=True)]
        middle = statistics.median(values)
        print(
            f"{variant:32} {middle:8.2f} {tokens / middle:13,.0f} {statistics.median(ratios):18.2f}"
        )
    print(f"\n{'measure':32} {'measured':>10} {'target':>8}")
    for measure, value in _measures(seconds).items():
        target = TARGETS[measure].get(name)
        said = f"{target:8.2f}" if target else "       -"
        print(f"{measure:32} {value:10.2f} {said}")


def _measures(seconds: dict[str, list[float]]) -> dict[str, float]:
    own = seconds["ours"]

    def ratio(values: list[float]) -> float:
        return statistics.median(value / mine for value, mine in zip(values, own, strict=True))

    harness = [values for variant, values in seconds.items() if variant.startswith("lm-eval")]
    best = [min(values) for values in zip(*harness, strict=True)]
    return {
        "lm-eval rolling, batch 8": ratio(seconds["lm-eval rolling, batch 8"]),
        "best of lm-eval": ratio(best),
        "tutorial loop": ratio(seconds["tutorial loop"]),
        "share of the matmul floor": ratio(seconds["matmul floor"]),
    }


def peak(variant: str, name: str, count: int) -> int:
    """Bytes above the loaded weights that a variant needs at its peak, in this process."""
    made = subject(name, count)
    # The imports of a variant are not its working memory.
    PEERS[variant](Subject(made.model, made.tokenizer, made.texts[:1], POSITIONS))
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = _status("VmRSS")
    PEERS[variant](made)
    return _status("VmHWM") - before


def _status(key: str) -> int:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def memory(name: str, count: int) -> None:
    """One process each: what one variant leaves behind must not help the next."""
    peaks = {}
    for variant in ("ours", *MEMORY_TARGETS):
        command = [sys.executable, "-m", "tests.benchmarks.scoring", "--peak", variant]
        command += ["--model", name, "--texts", str(count)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[variant] = int(ended.stdout.split()[-1])
    print(f"\npeak memory above the weights, {name}, {count} texts")
    for variant, value in peaks.items():
        share = peaks["ours"] / value
        target = MEMORY_TARGETS.get(variant)
        said = f"ours is {share:.2f} of it, target {target:.2f}" if target else ""
        print(f"{variant:32} {value / 1e6:8.0f} MB  {said}")


def growth(count: int) -> None:
    """A hundred times the texts: time in proportion, memory the same."""
    print(f"\n{'texts':>8} {'CPU s':>8} {'ms a text':>10} {'peak MB':>8}")
    for times in (1, 10, 100):
        command = [sys.executable, "-m", "tests.benchmarks.scoring", "--grown", str(count * times)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, size = (float(part) for part in ended.stdout.split()[-2:])
        each = 1000 * seconds / (count * times)
        print(f"{count * times:8,} {seconds:8.1f} {each:10.2f} {size / 1e6:8.0f}")


def grown(count: int) -> None:
    """One size of ``growth``, the texts made as they are asked for."""
    made = subject("tiny", 0)

    class Endless:
        def __len__(self) -> int:
            return count

        def __iter__(self) -> Any:
            for first in range(0, count, 500):
                size = min(500, count - first)
                yield from texts(size, SHAPES["tiny"]["vocab_size"], median=30, seed=first)

    big = Subject(made.model, made.tokenizer, Endless(), POSITIONS)  # type: ignore[arg-type]
    PEERS["ours"](Subject(made.model, made.tokenizer, texts(50, 4_096, median=30), POSITIONS))
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = _status("VmRSS")
    started = time.process_time()
    PEERS["ours"](big)
    print(time.process_time() - started, _status("VmHWM") - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", choices=[*SHAPES, "both"], default="both")
    parser.add_argument("--texts", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--peak", choices=list(PEERS), help=argparse.SUPPRESS)
    parser.add_argument("--grown", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        print(peak(chosen.peak, chosen.model, chosen.texts))
    elif chosen.grown:
        grown(chosen.grown)
    elif chosen.memory:
        memory("small", chosen.texts or 40)
    elif chosen.growth:
        growth(chosen.texts or 400)
    else:
        for name in SHAPES if chosen.model == "both" else (chosen.model,):
            speed(name, chosen.texts or (60 if name == "small" else 200), chosen.rounds)


if __name__ == "__main__":
    main()
