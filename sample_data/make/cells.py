"""A terminal's cells as SVG: text, and lines, blocks and braille as shapes, so that no font
of whoever looks decides how they meet.

Every distinct line is drawn once; a picture is a column of references to lines, and a film
is a strip of such columns that moves behind a window in steps, by CSS alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from rich.segment import Segment
from rich.style import Style

WIDTH, HEIGHT, BASE = 8, 17, 12.5
"""One cell in pixels, and the baseline in it."""
MARGIN, CAPTION = 12, 34
FONT = (
    "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',"
    "'Noto Sans Mono',monospace"
)

_ARMS = {"─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "udr",
         "┤": "udl", "┬": "lrd", "┴": "lru", "┼": "lrud", "━": "LR", "┃": "UD"}  # fmt: skip
"""Which edges of its cell a line reaches from the middle; capitals are heavy."""
_LOWER = "▁▂▃▄▅▆▇█"
_LEFT = "▏▎▍▌▋▊▉"
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
_PIECE = re.compile(
    r"(?P<shape>[\u2500-\u259f\u2800-\u28ff]+)|(?P<sign>[^\x20-\u02ff\u2010-\u2026])"
    r"|(?P<text>(?:[\x21-\u02ff\u2010-\u2026] ?)+)"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What was on the screen for ``seconds``, with the key that led there and some words."""

    rows: tuple[tuple[Segment, ...], ...]
    seconds: float = 1.0
    key: str = ""
    words: str = ""


@dataclass
class Sheet:
    """Lines and colours of one SVG, each written once."""

    background: str
    text: str
    _lines: dict[str, str] = field(default_factory=dict)
    _colours: dict[str, str] = field(default_factory=dict)

    def line(self, row: Sequence[Segment]) -> str:
        """The name of a line, empty where nothing is to be seen in it."""
        drawn = "".join(self._runs(row))
        return self._lines.setdefault(drawn, f"l{len(self._lines)}") if drawn else ""

    def definitions(self) -> str:
        return "".join(f'<g id="{name}">{drawn}</g>' for drawn, name in self._lines.items())

    def styles(self) -> str:
        rules = (
            f".{name}{{fill:{colour};stroke:{colour}}}" for colour, name in self._colours.items()
        )
        return "".join(rules)

    def colour(self, value: str) -> str:
        return self._colours.setdefault(value, f"c{len(self._colours)}")

    def _runs(self, row: Sequence[Segment]) -> Iterator[str]:
        column = 0
        for segment in row:
            width = segment.cell_length
            style = segment.style or Style.null()
            front, back = self._painted(style)
            if back != self.background:
                yield (
                    f'<path class="{self.colour(back)} s" '
                    f'd="M{column * WIDTH} 0h{width * WIDTH}v{HEIGHT}h-{width * WIDTH}z"/>'
                )
            yield from self._pieces(segment.text, column, front, style)
            if style.underline:
                yield (
                    f'<path class="{self.colour(front)} s" '
                    f'd="M{column * WIDTH} 14h{width * WIDTH}v1h-{width * WIDTH}z"/>'
                )
            column += width

    def _painted(self, style: Style) -> tuple[str, str]:
        front = _hex(style, "color") or self.text
        back = _hex(style, "bgcolor") or self.background
        return (back, front) if style.reverse else (front, back)

    def _pieces(self, text: str, column: int, colour: str, style: Style) -> Iterator[str]:
        name = self.colour(colour)
        weight = " b" if style.bold else ""
        for piece in _PIECE.finditer(text):
            at = (column + _cells(text[: piece.start()])) * WIDTH
            found = piece[0].rstrip()
            if piece["shape"]:
                yield from _shapes(found, at, name)
            elif piece["sign"] and found.strip():
                middle = at + _cells(found) * WIDTH / 2
                yield (
                    f'<text class="{name} s m{weight}" x="{middle:g}" y="{BASE}">'
                    f"{escape(found)}</text>"
                )
            elif found:
                yield (
                    f'<text class="{name} s{weight}" x="{at}" y="{BASE}" '
                    f'textLength="{_cells(found) * WIDTH}">{escape(found)}</text>'
                )


def still(frame: Frame, background: str, text: str) -> str:
    """One screen."""
    sheet = Sheet(background, text)
    column = _column(sheet, frame, 0)
    width, height = _size(frame)
    return _svg(
        sheet, width, height, "", f'<g transform="translate({MARGIN} {MARGIN})">{column}</g>'
    )


def film(frames: Sequence[Frame], background: str, text: str, dim: str, accent: str) -> str:
    """Frames one after the other, again and again. Where nothing may move, the first."""
    sheet = Sheet(background, text)
    width, height = _size(frames[0])
    total = sum(frame.seconds for frame in frames)
    step = height + CAPTION
    columns, moves, begun = [], [], 0.0
    for place, frame in enumerate(frames):
        top = place * step
        columns.append(_column(sheet, frame, top))
        columns.append(
            _caption(frame, top + height - 2 * MARGIN, sheet.colour(accent), sheet.colour(dim))
        )
        moves.append(f"{100 * begun / total:.3f}%{{transform:translateY(-{top}px)}}")
        begun += frame.seconds
    style = (
        f".reel{{animation:reel {total:.1f}s step-end infinite}}"
        f"@keyframes reel{{{''.join(moves)}}}"
        "@media (prefers-reduced-motion:reduce){.reel{animation:none}}"
    )
    inner = width - 2 * MARGIN, height + CAPTION - 2 * MARGIN
    body = (
        f'<svg x="{MARGIN}" y="{MARGIN}" width="{inner[0]}" height="{inner[1]}">'
        f'<g class="reel">{"".join(columns)}</g></svg>'
    )
    return _svg(sheet, width, height + CAPTION, style, body)


def _svg(sheet: Sheet, width: int, height: int, style: str, body: str) -> str:
    common = (
        f"text{{font:13.3px {FONT};white-space:pre}}.s{{stroke:none}}.b{{font-weight:700}}"
        ".m{text-anchor:middle}.d{stroke-width:2.3;stroke-linecap:round;fill:none}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><style>{sheet.styles()}{common}{style}</style>'
        f"<defs>{sheet.definitions()}</defs>"
        f'<rect width="{width}" height="{height}" rx="8" fill="{sheet.background}"/>{body}</svg>\n'
    )


def _size(frame: Frame) -> tuple[int, int]:
    columns = max(sum(one.cell_length for one in row) for row in frame.rows)
    return columns * WIDTH + 2 * MARGIN, len(frame.rows) * HEIGHT + 2 * MARGIN


def _column(sheet: Sheet, frame: Frame, top: int) -> str:
    uses = []
    for y, row in enumerate(frame.rows):
        name = sheet.line(row)
        if name:
            uses.append(f'<use href="#{name}" y="{top + y * HEIGHT}"/>')
    return "".join(uses)


def _caption(frame: Frame, top: int, accent: str, dim: str) -> str:
    y = top + CAPTION - 10
    key = f'<text class="{accent} s b" x="{WIDTH}" y="{y}">{escape(frame.key)}</text>'
    at = (_cells(frame.key) + 3) * WIDTH if frame.key else WIDTH
    return f'{key}<text class="{dim} s" x="{at}" y="{y}">{escape(frame.words)}</text>'


def _shapes(text: str, at: int, name: str) -> Iterator[str]:
    filled, dotted = [], []
    for place, sign in enumerate(text):
        x = at + place * WIDTH
        if sign in _ARMS:
            filled += _arms(_ARMS[sign], x)
        elif sign in _SHADES:
            whole = _box(x, 0, WIDTH, HEIGHT)
            yield f'<path class="{name} s" opacity="{_SHADES[sign]}" d="{whole}"/>'
        elif "\u2800" <= sign <= "\u28ff":
            dotted += _dots(ord(sign) - 0x2800, x)
        else:
            filled += _block(sign, x)
    if filled:
        yield f'<path class="{name} s" d="{"".join(filled)}"/>'
    if dotted:
        yield f'<path class="{name} d" d="{"".join(dotted)}"/>'


def _arms(arms: str, x: int) -> Iterable[str]:
    thick = 2 if arms.isupper() else 1
    low = arms.lower()
    middle, half = x + WIDTH // 2, HEIGHT // 2
    if "l" in low or "r" in low:
        start = x if "l" in low else middle
        end = x + WIDTH if "r" in low else middle + 1
        yield _box(start, half, end - start, thick)
    if "u" in low or "d" in low:
        start = 0 if "u" in low else half
        end = HEIGHT if "d" in low else half + 1
        yield _box(middle, start, thick, end - start)


def _block(sign: str, x: int) -> Iterable[str]:
    if sign in _LOWER:
        tall = HEIGHT * (_LOWER.index(sign) + 1) / 8
        yield _box(x, HEIGHT - tall, WIDTH, tall)
    elif sign in _LEFT:
        yield _box(x, 0, WIDTH * (_LEFT.index(sign) + 1) / 8, HEIGHT)
    elif sign == "▀":
        yield _box(x, 0, WIDTH, HEIGHT / 2)
    elif sign == "▐":
        yield _box(x + WIDTH / 2, 0, WIDTH / 2, HEIGHT)
    else:
        raise ValueError(f"nothing says how {sign!r} is drawn")


def _dots(bits: int, x: int) -> Iterable[str]:
    return (
        f"M{x + 2 + 4 * column} {2 + row * 4.3:.3g}h0"
        for bit, (column, row) in enumerate(_DOTS)
        if bits >> bit & 1
    )


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z"


def _cells(text: str) -> int:
    return Segment(text).cell_length


def _hex(style: Style, which: str) -> str:
    colour = getattr(style, which)
    if colour is None or colour.is_default:
        return ""
    return str(colour.get_truecolor().hex)
