"""Renders a chat template that nobody has vouched for, in a process of its own.

Run as a file by ``template_guard``; imports Jinja alone. It limits itself before it reads
the template: a template may loop for years or fill the memory.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import datetime
from typing import Any

CPU_SECONDS = 2
MEMORY = 2**30
LONGEST = 20_000_000
"""Characters; a conversation that renders to more is no conversation."""


def limit() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def environment() -> Any:
    """As transformers renders templates."""
    import jinja2
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        tags = {"generation"}  # noqa: RUF012  as Jinja declares it

        def parse(self, parser: Any) -> Any:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, **kwargs: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **kwargs)

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = refuse
    made.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return made


def render(request: dict[str, Any]) -> dict[str, Any]:
    template = environment().from_string(request["template"])
    longest = 0
    for conversation in request["conversations"]:
        size = 0
        try:
            for part in template.generate(**conversation, **request["variables"]):
                size += len(part)
                if size > LONGEST:
                    return {"error": f"it writes more than {LONGEST:,} characters"}
        except MemoryError:
            return {"error": "it takes more than 1 GiB of memory"}
        except Exception as error:
            # A template may refuse a row, which is told for the row, not for the template.
            if type(error).__name__ in ("TemplateSyntaxError", "SecurityError"):
                return {"error": f"{type(error).__name__}: {error}"}
        longest = max(longest, size)
    return {"longest": longest}


if __name__ == "__main__":
    environment()
    request = json.load(sys.stdin)
    limit()
    try:
        answer = render(request)
    except MemoryError:
        answer = {"error": "it takes more than 1 GiB of memory"}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)
