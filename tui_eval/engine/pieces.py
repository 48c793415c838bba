"""Single tokens as the text that they stand for, to the byte."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")
_REPLACED = "\ufffd"


class Pieces:
    """Token texts of one tokenizer. Bytes that are not a whole character come as lone
    surrogates (``surrogateescape``), so that nothing is lost."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, str] = {}
        anchors = tokenizer("a", add_special_tokens=False, verbose=False)["input_ids"]
        self._anchor = [int(anchors[-1])] if anchors else []
        self._lead = self._decode(self._anchor)

    def text(self, token: int) -> str:
        if token not in self._known:
            self._known[token] = self._text(token)
        return self._known[token]

    def _text(self, token: int) -> str:
        written = self._tokenizer.convert_ids_to_tokens(token)
        if written is None:
            # A row of the head beyond the tokenizer's own tokens.
            return f"<token {token}>"
        # Alone, many decoders drop the space that a token begins with: after another they don't.
        shown = self._decode([*self._anchor, token])
        text = shown[len(self._lead) :] if shown.startswith(self._lead) else self._decode([token])
        if _REPLACED not in text:
            return text
        held = _bytes_of(str(written))
        return text if held is None else held.decode("utf-8", "surrogateescape")

    def _decode(self, tokens: list[int]) -> str:
        return str(
            self._tokenizer.decode(
                tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
        )


def _bytes_of(written: str) -> bytes | None:
    """The bytes of a byte-level token as a vocabulary writes it: ``<0xE6>``, or GPT-2's
    stand-in characters; None for a token of another kind."""
    single = _BYTE.fullmatch(written)
    if single is not None:
        return bytes([int(single[1], 16)])
    table = _stand_ins()
    if all(character in table for character in written):
        return bytes(table[character] for character in written)
    return None


@cache
def _stand_ins() -> dict[str, int]:
    """Character to byte as GPT-2's vocabulary has them: printable Latin-1 stands for itself,
    the other bytes for the characters from U+0100 on, in order."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in own]
    return {chr(byte): byte for byte in own} | {
        chr(0x100 + place): byte for place, byte in enumerate(others)
    }
