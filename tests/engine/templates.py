"""Chat templates of the kinds that published models use, written for the tests."""

from __future__ import annotations

from tests.engine.models import CHATML

PLAIN_END = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{{ m.content }}"
    "{{ eos_token }}{% else %}[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}"
)
"""No line breaks, no generation prompt of its own; the next turn follows at once."""

SPACED_END = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content"
    " | trim + ' [/INST]' }}{% elif m.role == 'assistant' %}{{ ' ' + m.content | trim + ' '"
    " + eos_token }}{% endif %}{% endfor %}"
)
"""Trims, and writes a space on both sides of the answer; a BOS before every turn."""

THINKING = (
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' %}"
    "{% set parts = m.content.split('</think>') %}"
    "{% set thought = m.reasoning_content if m.reasoning_content else "
    "(parts[0].split('<think>')[-1].strip('\\n') if parts | length > 1 else '') %}"
    "{% set answer = parts[-1].lstrip('\\n') %}"
    "{% if loop.index0 > ns.last %}<think>\n{{ thought }}\n</think>\n\n{% endif %}{{ answer }}"
    "{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Keeps thinking in the last turn only, and writes an empty one where there is none."""

OPENS_THINKING = CHATML.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}")
"""The generation prompt says more than the conversation does."""

TOOLS = (
    "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}"
    "<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "{% for call in m.tool_calls or [] %}<tool_call>\n{{ call.function | tojson }}\n</tool_call>"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

MARKED = (
    "{% for m in messages %}{% if m.role == 'assistant' %}A: {% generation %}"
    "{{ m.content | upper }}{{ eos_token }}{% endgeneration %}{% else %}Q: {{ m.content }}"
    "{% endif %}\n{% endfor %}{% if add_generation_prompt %}unlike the rest{% endif %}"
)
"""Changes the answers, and its generation prompt is not in the conversation."""

SHOUTING = MARKED.replace("{% generation %}", "").replace("{% endgeneration %}", "")
"""The same without marks: nothing tells where the answer is."""

NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    + CHATML
)

ENDLESS = (
    "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
    "{% endfor %}{% endfor %}{% endfor %}"
)
HUGE = "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}"
FAT = "{% set x = 'x' * 9999999999 %}{{ x | length }}"
BROKEN = "{% for m in messages %}{{ m.content }"
ESCAPE = "{{ messages.__class__.__mro__ }}"
