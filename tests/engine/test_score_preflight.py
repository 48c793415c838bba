"""What is said about the prompt before the numbers."""

from __future__ import annotations

from tests.engine import models, templates
from tests.engine.models import CHATML, chat
from tui_eval.core.records import Preflight, Sample
from tui_eval.engine import preflight
from tui_eval.engine.prompts import Prompting, Renderer
from tui_eval.engine.tokens import Encoder

PLAIN = [chat("a", "Hello?", "Yes."), chat("b", "And now?", "No.")]
THINKING = [chat(str(n), "Hello?", "<think>\nhm\n</think>\n\nYes.") for n in range(3)]
DROPS = CHATML.replace("message['content']", "message['content'].split('</think>')[-1]")


def look(template: str | None, samples: list[Sample], *, bos: bool = True) -> Preflight:
    tokenizer = models.tokenizer(bos=bos)
    prompting = Prompting(template, "here")
    renderer = Renderer(tokenizer, prompting)
    rendered = [renderer.render(sample) for sample in samples]
    encoder = Encoder(tokenizer)
    prompts = [renderer.prompt(sample) for sample in samples]
    encoded = encoder.encode(rendered)
    return preflight.facts_of_prompt(
        samples, rendered, encoded, encoder, prompting, prompts, wanted_chat=True
    )


def test_what_begins_the_prompt() -> None:
    missing = look(CHATML, PLAIN)
    assert (missing.bos_expected, missing.bos_emitted, missing.bos_token) == (True, 0, "<s>")
    once = look(templates.PLAIN_END, PLAIN)
    assert (once.bos_expected, once.bos_emitted) == (True, 1)
    doubled = look("<s>" + templates.PLAIN_END, PLAIN)
    assert doubled.bos_emitted == 2
    none = look(CHATML, PLAIN, bos=False)
    assert (none.bos_expected, none.bos_emitted, none.bos_token) == (False, 0, "")


def test_a_missing_template_is_told() -> None:
    assert look(None, PLAIN).template_missing
    assert not look(CHATML, PLAIN).template_missing


def test_thinking_that_the_template_takes_out() -> None:
    assert "3 of 3 answers" in look(DROPS, THINKING).thinking
    assert look(templates.THINKING, THINKING).thinking == ""
    assert look(CHATML, THINKING).thinking == ""


def test_thinking_that_the_prompt_opens_and_no_answer_holds() -> None:
    assert "opens thinking" in look(templates.OPENS_THINKING, PLAIN).thinking
    assert look(templates.OPENS_THINKING, THINKING).thinking == ""
    assert look(CHATML, PLAIN).thinking == ""


def test_rows_that_the_template_changes_are_counted() -> None:
    assert look(templates.SHOUTING, PLAIN).template_mismatch.startswith("2 of 2 rows")
    assert look(templates.SPACED_END, PLAIN).template_mismatch == ""


def test_tokenizers_are_compared_by_what_they_do() -> None:
    one, other = models.tokenizer(), models.tokenizer()
    rows = [Renderer(one, Prompting(CHATML)).render(sample) for sample in PLAIN]
    encoded = (Encoder(one).encode(rows), Encoder(other).encode(rows))
    assert preflight.same_tokenizer(one, other, encoded)
    other.add_tokens(["<new pad>"])
    assert preflight.same_tokenizer(one, other, encoded)
    other.add_tokens(["Hello?"])
    encoded = (encoded[0], Encoder(other).encode(rows))
    assert not preflight.same_tokenizer(one, other, encoded)


def test_the_first_ids_are_shown_with_their_tokens() -> None:
    tokenizer = models.tokenizer()
    rendered = Renderer(tokenizer, Prompting(CHATML)).render(PLAIN[0])
    (encoded,) = Encoder(tokenizer).encode([rendered])
    shown = preflight.rendering_of(rendered, encoded, tokenizer)
    assert shown.first_ids == tuple(encoded.ids[: preflight.FIRST_IDS])
    assert shown.first_tokens[0] == "<|im_start|>"
    assert [shown.text[a:b] for a, b in shown.scored] == ["Yes.", "<|im_end|>"]
