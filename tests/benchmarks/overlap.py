"""Copies and nearest prompts: 50,000 training rows against 500 answers, and many rows.

    python -m tests.benchmarks.overlap [rows] [peer's Python]
    python -m tests.benchmarks.overlap stream [rows]

The first makes Zipf text (150 words an answer, 25 a prompt) with 50 answers that copy a whole
row, 50 with a span of 60 words and 400 fresh ones, and 100 prompts that paraphrase a row's.
Each program then reads the same file in a process of its own; CPU seconds and peak memory
count that whole process, reading included. Beside it datasketch's MinHash-LSH (5-word
shingles, 128 permutations, threshold 0.3) on the answers alone, from the extra ``bench`` or
from another environment's Python.

The second streams 5 million short rows through both indexes and prints the peak memory on
the way.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROWS, ANSWERS, EXACT, SPANS, NEAR = 50_000, 500, 50, 50, 100
STREAMED = 5_000_000
ANSWER_WORDS, PROMPT_WORDS, SPAN_WORDS = 150, 25, 60

PEER = """
import json, sys, time
from datasketch import MinHash, MinHashLSH
def minhash(text):
    words = text.split()
    made = MinHash(num_perm=128)
    made.update_batch([" ".join(words[i:i + 5]).encode() for i in range(len(words) - 4)])
    return made
begun = time.process_time()
lsh = MinHashLSH(threshold=0.3, num_perm=128)
for name, (_, answer) in json.load(open(sys.argv[1])).items():
    lsh.insert(name, minhash(answer))
found = {}
for row, line in enumerate(open(sys.argv[2])):
    for name in lsh.query(minhash(line.rstrip("\\n").split("\\t")[1])):
        found.setdefault(name, row)
peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps({"cpu": time.process_time() - begun, "peak": peak, "copies": found}))
"""


def make(folder: Path, rows: int) -> dict[str, int]:
    """Writes both files; returns the row that each planted answer and prompt is from."""
    import numpy as np

    rng = np.random.default_rng(7)
    letters = np.array(list("etaoinshrdlcumwfgypbvk"))
    sizes = np.minimum(3 + (np.log2(np.arange(1, 40_001)) / 2).astype(int), 11)
    vocabulary = np.array(["".join(rng.choice(letters, size)) for size in sizes])
    weights = 1 / np.arange(3, 40_003)
    weights /= weights.sum()

    def texts(count: int, length: int) -> list[list[str]]:
        drawn = rng.choice(vocabulary, size=(count, length), p=weights)
        return [list(map(str, row)) for row in drawn]

    answers, prompts, planted = texts(ANSWERS, ANSWER_WORDS), texts(ANSWERS, PROMPT_WORDS), {}
    sources = rng.choice(rows, size=EXACT + SPANS, replace=False)
    with (folder / "rows.tsv").open("w") as file:
        for start in range(0, rows, 5_000):
            count = min(5_000, rows - start)
            pairs = zip(texts(count, PROMPT_WORDS), texts(count, ANSWER_WORDS), strict=True)
            for row, (prompt, answer) in enumerate(pairs, start):
                for at in np.flatnonzero(sources == row):
                    planted[f"{at}"] = row
                    # One word in five is another.
                    prompts[at][:] = [
                        word if rng.random() > 0.2 else own
                        for word, own in zip(prompt, prompts[at], strict=True)
                    ]
                    if at < EXACT:
                        answers[at][:] = answer
                    else:
                        answers[at][40 : 40 + SPAN_WORDS] = answer[60 : 60 + SPAN_WORDS]
                file.write(f"{' '.join(prompt)}\t{' '.join(answer)}\n")
    asked = {
        f"{at}": (" ".join(prompts[at]), " ".join(answers[at]).capitalize() + ".")
        for at in range(ANSWERS)
    }
    (folder / "answers.json").write_text(json.dumps(asked))
    return planted


def read(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n").split("\t")


def scan(folder: Path) -> None:
    """Our side, in a process of its own."""
    from tui_eval.core.overlap import CopyIndex
    from tui_eval.core.overlap_near import NearIndex

    begun = time.process_time()
    asked = json.loads((folder / "answers.json").read_text())
    copies = CopyIndex({name: answer for name, (_, answer) in asked.items()})
    near = NearIndex({name: prompt for name, (prompt, _) in asked.items()})
    for row, (prompt, answer) in enumerate(read(folder / "rows.tsv")):
        copies.feed(row, answer)
        near.learn(prompt)
    found = {name: overlap for name, overlap in copies.results().items() if overlap.copied}
    middle = time.process_time()
    for row, (prompt, _) in enumerate(read(folder / "rows.tsv")):
        near.feed(row, prompt)
    nearest = near.results()
    runs = {name: overlap.run for name, overlap in found.items()}
    result = {
        "cpu": time.process_time() - begun,
        "second_pass": time.process_time() - middle,
        "peak": peak_mb(),
        "copies": {name: run.row for name, run in runs.items() if run},
        "words": {name: run.words for name, run in runs.items() if run},
        "near": {name: it.row for name, it in nearest.items()},
        "similarity": {name: it.similarity for name, it in nearest.items()},
    }
    print(json.dumps(result))


def peak_mb() -> float:
    """Of this program: what getrusage tells includes the parent's at the time of the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def compare(rows: int, peer: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        planted = make(folder, rows)
        root = Path(__file__).resolve().parents[2]
        ours = [sys.executable, "-m", "tests.benchmarks.overlap", "scan", name]
        done = subprocess.run(ours, capture_output=True, text=True, check=True, cwd=root)
        result = json.loads(done.stdout)
        theirs = [peer, "-c", PEER, str(folder / "answers.json"), str(folder / "rows.tsv")]
        beside = subprocess.run(theirs, capture_output=True, text=True, check=False)
    print(f"{rows:,} rows x {ANSWERS} answers, {rows * ANSWER_WORDS / 1e6:.1f}M answer words\n")
    tell("copies and nearest", result, planted)
    exactly = sum(
        words >= (ANSWER_WORDS if int(name) < EXACT else SPAN_WORDS)
        for name, words in result["words"].items()
    )
    hits = sum(result["near"][name] == row for name, row in planted.items())
    fresh = [value for name, value in result["similarity"].items() if name not in planted]
    print(
        f"  whole runs {exactly} of {len(planted)}; nearest pass {result['second_pass']:.1f} CPU-s"
    )
    print(
        f"  paraphrased prompts found {hits} of {len(planted)}; fresh ones at most {max(fresh):.2f}"
    )
    if beside.returncode:
        print(f"datasketch: not run ({beside.stderr.strip().splitlines()[-1:]})")
    else:
        tell("datasketch MinHash-LSH, answers alone", json.loads(beside.stdout), planted)


def tell(title: str, result: dict[str, object], planted: dict[str, int]) -> None:
    copies = result["copies"]
    assert isinstance(copies, dict)
    exact = sum(copies.get(name) == row for name, row in planted.items() if int(name) < EXACT)
    spans = sum(copies.get(name) == row for name, row in planted.items() if int(name) >= EXACT)
    invented = sum(name not in planted for name in copies)
    print(f"{title}: {result['cpu']:.1f} CPU-s, peak {result['peak']:.0f} MB")
    print(f"  exact {exact} of {EXACT}, spans {spans} of {SPANS}, invented {invented}")


def stream(rows: int) -> None:
    """Short rows, every tenth with a word of its own, so that the vocabulary grows too."""
    import random

    from tui_eval.core.overlap import CopyIndex
    from tui_eval.core.overlap_near import NearIndex

    rng = random.Random(3)
    words = [f"w{int(rng.paretovariate(0.8))}" for _ in range(400_000)]

    def text(row: int, length: int) -> str:
        at = row * 7919 % (len(words) - length)
        own = f" own{row}" if row % 10 == 0 else ""
        return " ".join(words[at : at + length]) + own

    copies = CopyIndex({str(at): text(at * 31 + 5, 30) for at in range(ANSWERS)})
    near = NearIndex(
        {str(at): text(at * 17 + 3, 8) + f" v{at}" for at in range(ANSWERS)}, rows=rows
    )
    begun = time.process_time()
    for row in range(rows):
        copies.feed(row, text(row, 16))
        near.learn(text(row, 8))
        report("copies, frequencies", row, rows, begun)
    for row in range(rows):
        near.feed(row, text(row, 8))
        report("nearest", row, rows, begun)
    copied = sum(overlap.run is not None for overlap in copies.results().values())
    print(f"runs shown for {copied} answers; nearest found for {len(near.results())} prompts")


def report(what: str, row: int, rows: int, begun: float) -> None:
    if (row + 1) % max(1, rows // 5) == 0:
        spent = time.process_time() - begun
        print(f"{what}: {row + 1:,} rows, {spent:.0f} CPU-s, peak {peak_mb():.0f} MB", flush=True)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["scan", folder]:
            scan(Path(folder))
        case ["stream", *rest]:
            stream(int(rest[0]) if rest else STREAMED)
        case _:
            rows = int(arguments[0]) if arguments else ROWS
            compare(rows, arguments[1] if len(arguments) > 1 else sys.executable)


if __name__ == "__main__":
    main(sys.argv[1:])
