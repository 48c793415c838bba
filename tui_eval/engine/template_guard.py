"""Try an untrusted chat template where it can do no harm, before the engine renders it.

Jinja's sandbox keeps a template from files and code, not from time and memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui_eval.core.records import Sample
from tui_eval.engine.prompts import with_system
from tui_eval.errors import EngineError

CHILD = Path(__file__).with_name("template_child.py")
WALL_SECONDS = 30.0
"""For a machine that gives the child no time; the child's own limit is 2 CPU seconds."""


def check_template(
    template: str, samples: Sequence[Sample], special_tokens: dict[str, Any], system: str | None
) -> None:
    """Render a few rows, the longest among them, in a limited process; EngineError where
    the template hangs, overflows or is broken."""
    chats = [sample for sample in samples if sample.messages]
    if not chats:
        return
    longest = max(chats, key=lambda one: (len(one.messages), _size(one)))
    chosen = list({one.id: one for one in (*chats[:3], longest)}.values())
    request = {
        "template": template,
        "conversations": [
            _conversation(one, system, prompt) for one in chosen for prompt in (False, True)
        ],
        "variables": {key: str(value) for key, value in special_tokens.items()},
    }
    fault = _fault(json.dumps(request, default=str))
    if fault:
        raise EngineError(
            f"The chat template is refused: {fault}.",
            'Look at the checkpoint\'s chat template, or set [prompt] template = "plain".',
        )


def _fault(request: str) -> str:
    try:
        ended = subprocess.run(
            [sys.executable, "-I", str(CHILD)],
            input=request,
            capture_output=True,
            text=True,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {WALL_SECONDS:.0f} seconds"
    try:
        return str(json.loads(ended.stdout).get("error", ""))
    except ValueError:
        return "it did not end within 2 seconds of computing, or took more than 1 GiB"


def _conversation(sample: Sample, system: str | None, prompt: bool) -> dict[str, Any]:
    messages = [message.as_dict() for message in with_system(sample.messages, system)]
    return {
        "messages": messages[:-1] if prompt and _is_answered(messages) else messages,
        "tools": [dict(tool) for tool in sample.tools] or None,
        "documents": None,
        "add_generation_prompt": prompt,
    }


def _is_answered(messages: Sequence[dict[str, Any]]) -> bool:
    return len(messages) > 1 and messages[-1]["role"] == "assistant"


def _size(sample: Sample) -> int:
    return sum(len(message.content) for message in sample.messages)
