"""Families of small Python functions: what they should do, how it is written, how it is tested."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

LETTERS = "abcdefghiklmnoprstuw"


@dataclass(frozen=True)
class Function:
    """`group` names family and parameters: one group is only ever in one of the data files."""

    group: str
    name: str
    arguments: str
    doc: str
    body: str
    calls: tuple[str, ...]

    @property
    def stub(self) -> str:
        return f'def {self.name}({self.arguments}):\n    """{self.doc}"""\n'

    @property
    def whole(self) -> str:
        return f"def {self.name}({self.arguments}):\n    {self.body}"

    @property
    def documented(self) -> str:
        return f"{self.stub}    {self.body}"

    @property
    def request(self) -> str:
        doc = self.doc[:1].lower() + self.doc[1:].rstrip(".")
        return f"Write a Python function {self.name}({self.arguments}): {doc}."

    def test(self) -> str:
        """HumanEval's form. The expected values are computed by running the solution itself."""
        space: dict[str, object] = {}
        exec(self.whole, space)
        lines = [
            f"    assert candidate({c}) == {eval(f'{self.name}({c})', space)!r}" for c in self.calls
        ]
        return "def check(candidate):\n" + "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Family:
    """`fields` use k, j (numbers) and c, d (letters). `easy`: the base meets it often."""

    key: str
    argument: str
    names: tuple[str, ...]
    docs: tuple[str, ...]
    body: str
    calls: Callable[[random.Random, dict[str, object]], list[str]]
    easy: bool = False


def _ints(rng: random.Random, f: dict[str, object]) -> list[str]:
    k = int(str(f["k"]))
    return [str(v) for v in (0, 1, k - 1, k, k + 1, 2 * k, rng.randint(3, 99), -rng.randint(2, 40))]


def _lists(rng: random.Random, f: dict[str, object]) -> list[str]:
    k = int(str(f["k"]))
    around = [k - 1, k, k + 1, 2 * k, -k]
    long = [rng.randint(-99, 99) for _ in range(9)]
    return ["[]", str(around), str(long), str(long[:3]), str(around + long), str(long * 12)]


def _texts(rng: random.Random, f: dict[str, object]) -> list[str]:
    c = str(f["c"])
    words = [c, c + "x" + c, "x" + c, "", "harbour", "saltmere pier", c * 3 + "yz", "quilt-" + c]
    return [repr(w) for w in words]


def _words(rng: random.Random, f: dict[str, object]) -> list[str]:
    c = str(f["c"])
    return ["[]", repr([c, "pier", c + "ab"]), repr(["wren", "gull", "owl"]), repr(["a" + c])]


FAMILIES = (
    Family(
        "add",
        "n",
        ("add_{k}", "plus_{k}"),
        ("Return n plus {k}.", "Add {k} to n."),
        "return n + {k}",
        _ints,
        True,
    ),
    Family(
        "subtract",
        "n",
        ("minus_{k}", "take_{k}"),
        ("Return n minus {k}.", "Take {k} from n."),
        "return n - {k}",
        _ints,
        True,
    ),
    Family(
        "times",
        "n",
        ("times_{k}",),
        ("Return n times {k}.", "Multiply n by {k}."),
        "return n * {k}",
        _ints,
        True,
    ),
    Family(
        "first",
        "items",
        ("first_{k}",),
        ("Return the first {k} items.",),
        "return items[:{k}]",
        _lists,
        True,
    ),
    Family(
        "last",
        "items",
        ("last_{k}",),
        ("Return the last {k} items.",),
        "return items[-{k}:]",
        _lists,
    ),
    Family(
        "skip",
        "items",
        ("skip_{k}", "after_{k}"),
        ("Leave out the first {k} items.",),
        "return items[{k}:]",
        _lists,
    ),
    Family(
        "every",
        "items",
        ("every_{k}",),
        ("Return every item whose place divides by {k}.",),
        "return items[::{k}]",
        _lists,
    ),
    Family(
        "step",
        "n",
        ("step_{k}_{j}",),
        ("Subtract {k} from n, then multiply by {j}.",),
        "return (n - {k}) * {j}",
        _ints,
    ),
    Family(
        "mix",
        "n",
        ("mix_{k}_{j}",),
        ("Multiply n by {k}, then add {j}.",),
        "return n * {k} + {j}",
        _ints,
    ),
    Family(
        "above",
        "items",
        ("above_{k}",),
        ("Keep the items greater than {k}.",),
        "return [x for x in items if x > {k}]",
        _lists,
    ),
    Family(
        "below",
        "items",
        ("below_{k}",),
        ("Keep the items less than {k}.",),
        "return [x for x in items if x < {k}]",
        _lists,
    ),
    Family(
        "count",
        "items",
        ("count_{k}",),
        ("Count the items equal to {k}.",),
        "return items.count({k})",
        _lists,
    ),
    Family(
        "grow",
        "items",
        ("grow_{k}",),
        ("Add {k} to each item.",),
        "return [x + {k} for x in items]",
        _lists,
    ),
    Family(
        "scale",
        "items",
        ("scale_{k}",),
        ("Multiply each item by {k}.",),
        "return [x * {k} for x in items]",
        _lists,
    ),
    Family(
        "divides",
        "n",
        ("divides_{k}",),
        ("Tell whether n divides by {k}.",),
        "return n % {k} == 0",
        _ints,
    ),
    Family(
        "least",
        "n",
        ("at_least_{k}",),
        ("Return n, but never less than {k}.",),
        "return max(n, {k})",
        _ints,
    ),
    Family(
        "most",
        "n",
        ("at_most_{k}",),
        ("Return n, but never more than {k}.",),
        "return min(n, {k})",
        _ints,
    ),
    Family(
        "total",
        "items",
        ("total_{k}",),
        ("Sum the items greater than {k}.",),
        "return sum(x for x in items if x > {k})",
        _lists,
    ),
    Family(
        "starts",
        "text",
        ("starts_{c}",),
        ("Tell whether the text starts with '{c}'.",),
        "return text.startswith('{c}')",
        _texts,
        True,
    ),
    Family(
        "ends",
        "text",
        ("ends_{c}",),
        ("Tell whether the text ends with '{c}'.",),
        "return text.endswith('{c}')",
        _texts,
    ),
    Family(
        "letters",
        "text",
        ("letters_{c}",),
        ("Count the letter '{c}' in the text.",),
        "return text.count('{c}')",
        _texts,
    ),
    Family(
        "swap",
        "text",
        ("swap_{c}_{d}",),
        ("Replace each '{c}' in the text by '{d}'.",),
        "return text.replace('{c}', '{d}')",
        _texts,
    ),
    Family(
        "without",
        "text",
        ("without_{c}",),
        ("Remove each '{c}' from the text.",),
        "return text.replace('{c}', '')",
        _texts,
    ),
    Family(
        "having",
        "words",
        ("having_{c}",),
        ("Keep the words that hold '{c}'.",),
        "return [w for w in words if '{c}' in w]",
        _words,
    ),
)


def split_of(group: str) -> str:
    """Which file a fact or function belongs to, by its name alone: 60, 15 and 25 in a hundred."""
    at = int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100
    return "train" if at < 60 else "validation" if at < 75 else "test"


def _any_function(rng: random.Random, easy_only: bool) -> Function:
    family = rng.choice([f for f in FAMILIES if f.easy or not easy_only])
    c, d = rng.sample(LETTERS, 2)
    fields: dict[str, object] = {"k": rng.randint(2, 40), "j": rng.randint(2, 12), "c": c, "d": d}
    used = [x for x in "kjcd" if "{" + x + "}" in family.body]
    group = "-".join(["code", family.key, *(str(fields[x]) for x in used)])
    return Function(
        group,
        rng.choice(family.names).format(**fields),
        family.argument,
        rng.choice(family.docs).format(**fields),
        family.body.format(**fields),
        tuple(family.calls(rng, fields)),
    )


def sample_function(rng: random.Random, easy_only: bool = False, split: str = "train") -> Function:
    """The base is trained on functions of the training split only."""
    while True:
        found = _any_function(rng, easy_only)
        if split_of(found.group) == split:
            return found
