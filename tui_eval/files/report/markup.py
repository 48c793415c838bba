"""HTML that is escaped by its type: a plain text in it is text, whatever it holds."""

from __future__ import annotations

from html import escape as _escape

from tui_eval.core.text import clean

VOID = frozenset({"meta", "circle", "line", "path", "rect", "polyline", "br", "hr"})
"""Elements that hold nothing."""


class Markup(str):
    """Text that is markup already. Only ``tag`` and ``join`` make it."""

    __slots__ = ()


def safe(text: str, *, newlines: bool = False) -> Markup:
    """Foreign text as text, also within an attribute's quotes."""
    if isinstance(text, Markup):
        return text
    return Markup(_escape(clean(text, newlines=newlines), quote=True))


def tag(
    name: str, /, *inside: str, newlines: bool = False, **attributes: str | float | None
) -> Markup:
    """``<name attributes>inside</name>``. A trailing ``_`` of an attribute's name is dropped,
    another one is a dash; ``None`` leaves it out, an empty text stands for one without value."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + (f'="{_value(value)}"' if value != "" else "")
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(
            f"<{name}{written}>" if name in ("meta", "br", "hr") else f"<{name}{written}/>"
        )
    body = "".join(safe(one, newlines=newlines) for one in inside)
    return Markup(f"<{name}{written}>{body}</{name}>")


def join(*parts: str) -> Markup:
    return Markup("".join(safe(part) for part in parts))


def _value(value: str | float) -> str:
    if isinstance(value, str):
        # Markup too: within quotes it is text.
        return _escape(clean(value), quote=True)
    return short(value)


def short(value: float) -> str:
    """A place on a drawing: a tenth of a unit is finer than any screen."""
    return f"{value:.1f}".removesuffix(".0")
