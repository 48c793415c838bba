"""Code out of answers as models write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.code_text import Extracted, cut_completion, defines, extract, program

PROMPT = 'from typing import List\n\n\ndef twice(x: int) -> int:\n    """Two times x."""\n'
WHOLE = "def twice(x):\n    return 2 * x\n"


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        (f"```python\n{WHOLE}```", "fence"),
        (f"Sure! Here it is:\n\n```py\n{WHOLE}```\n\nIt doubles.", "fence"),
        (f"~~~\n{WHOLE}~~~", "fence"),
        (f"````python\n{WHOLE}````", "fence"),
        (f"``` Python \n{WHOLE}```", "fence"),
        (f'```python title="a.py"\n{WHOLE}```', "fence"),
        (f"Run it with\n```bash\npython a.py\n```\nwhere a.py is\n```\n{WHOLE}```", "fence"),
        (f"```python\nfrom x import twice\ntwice(2)\n```\n\n```python\n{WHOLE}```", "fence"),
        (f"```python\n{WHOLE}```\n\nUse it:\n\n```python\nprint(twice(4))\n```", "fence"),
        (
            f"First\n```python\ndef twice(x): return x\n```\nno, better:\n```python\n{WHOLE}```",
            "fence",
        ),
        (f"1. So:\n\n   ```python\n   {WHOLE.replace(chr(10), chr(10) + '   ')}\n   ```", "fence"),
        (f"```python\r\n{WHOLE}".replace("\n", "\r\n") + "```", "fence"),
        (f"Cut off:\n```python\n{WHOLE}", "open fence"),
        (WHOLE, "whole"),
        (f"\n\n{WHOLE}\n\n", "whole"),
        (f"From here on it's easy. Here you go:\n\n{WHOLE}\nThis doubles x.", "chat"),
        (f"Import nothing. Class dismissed.\n{WHOLE}\n\nExplanation: 2 * x.", "chat"),
    ],
)
def test_the_function_is_found(answer: str, how: str) -> None:
    found = extract(answer, "twice")
    assert found.how == how
    names: dict[str, object] = {}
    exec(found.code, names)
    assert names["twice"](21) == 42  # type: ignore[operator]


def test_an_answer_without_code() -> None:
    assert extract("I am sorry, I can't do that.", "twice").how == "none"
    assert extract("", "twice").code == ""


def test_a_fence_in_a_text_within_the_code_doesn_t_end_it() -> None:
    code = 'def twice(x):\n    """\n    ```python\n    twice(1)\n    """\n    return 2 * x\n'
    assert extract(f"```python\n{code}```", "twice").code == code


def test_code_goes_on_over_what_looks_flush_left() -> None:
    code = "import math\n\nN = 2\n\n@cache\ndef twice(\n    x,\n):\n    return N * x\n\n# done\n"
    assert extract(f"Here:\n\n{code}\nThat is all.", "twice").code == code


@pytest.mark.parametrize(
    ("code", "name", "answer"),
    [
        (WHOLE, "twice", True),
        ("async def twice(x): ...", "twice", True),
        ("twice = lambda x: 2 * x", "twice", True),
        ("class twice: ...", "twice", True),
        ("    def twice(self): ...", "twice", False),
        ("def twice2(x): ...", "twice", False),
        ("twice == 3", "twice", False),
        (WHOLE, "", False),
        ("def a.b(x): ...", "a.b", True),
        ("def axb(x): ...", "a.b", False),
    ],
)
def test_what_defines(code: str, name: str, answer: bool) -> None:
    assert defines(code, name) is answer


@pytest.mark.parametrize(
    "code",
    [
        WHOLE,
        "    return 2 * x\n",
        "return 2 * x",
        "    y = x\n    return y + x\n",
        "y = x\n    return y + x\n",
        "y = x\nreturn y + x\n",
        "if x:\n    return 2 * x\nreturn 0\n",
        "    def twice(x):\n        return 2 * x\n",
        "def helper(x):\n    return x\n\ndef twice(x):\n    return helper(x) * 2\n",
        "def twice(x: List) -> int:\n    return 2 * x\n",
    ],
)
def test_a_program_is_made_of_prompt_and_code(code: str) -> None:
    names: dict[str, object] = {}
    exec(program(PROMPT, code, "twice"), names)
    assert names["twice"](21) == 42  # type: ignore[operator]


def test_the_prompts_helpers_stay() -> None:
    prompt = "def half(x):\n    return x / 2\n\n\ndef quarter(x):\n    '''A quarter.'''\n"
    names: dict[str, object] = {}
    exec(program(prompt, "def quarter(x):\n    return half(half(x))", "quarter"), names)
    assert names["quarter"](8) == 2  # type: ignore[operator]


def test_a_completion_ends_where_the_next_thing_begins() -> None:
    body = "    return 2 * x\n"
    for after in ("\ndef main():\n    pass", "\nclass A:", "\n# Test", "\nif True:", "\nprint(1)"):
        assert cut_completion(body + after).strip() == body.strip()
    assert cut_completion(body) == body


@given(st.text(alphabet="`~pydef :(x)\n\t=#\\'\"1", max_size=200), st.text(max_size=5))
def test_no_text_raises(answer: str, entry: str) -> None:
    found = extract(answer, entry)
    program(PROMPT, found.code, entry)
    cut_completion(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "`" * 500_000,
        "def " * 100_000,
        "x " * 300_000,
        "a\n" * 200_000,
        "```\n" * 100_000,
        "a." * 200_000 + "b",
        "    \n" * 100_000,
    ],
)
def test_long_texts_are_read_in_one_pass(answer: str) -> None:
    """Half a million characters each: whatever looks twice at all of it never ends here."""
    found = extract(answer, "twice")
    assert len(found.code) <= len(answer) + 1
    assert not defines(program(PROMPT, found.code, "other"), "nothing")


def test_a_lone_statement_is_a_body() -> None:
    for answer in ("return n+8", "y = x\nreturn y", "if x:\n    return 1\nreturn 2"):
        assert extract(answer, "twice") == Extracted(answer, "whole")
    for prose in ("return to sender", "If you like:\nno", "for the record, no"):
        assert extract(prose, "twice").how == "none", prose


def test_fences_whose_names_the_function_uses_are_joined() -> None:
    helper = "```python\nimport math\n\ndef half(x):\n    return x / 2\n```\n"
    base = "```python\nTWO = 2\n```\n"
    shown = "```python\nx = 3\nprint(twice(x), undefined)\n```\n"
    other = "```python\ndef unused():\n    return nothing\nunused()\n```\n"
    chosen = "```python\ndef twice(x):\n    return int(half(x) * 2 * TWO)\n```\n"
    found = extract(f"First\n{base}\n{shown}{helper}Then\n{chosen}{other}", "twice")
    assert found.how == "fences"
    names: dict[str, object] = {}
    exec(found.code, names)
    assert names["twice"](21) == 42  # type: ignore[operator]
    assert "undefined" not in found.code
    assert "unused" not in found.code
