"""The tokenizer: byte-level BPE over the small world, with a chat template."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from .general import instruction
from .plain import copying_text, plain_text
from .tasks import rows_for

VOCABULARY = 2048
END, PAD, USER, ASSISTANT = "<|endoftext|>", "<|pad|>", "<|user|>", "<|assistant|>"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")

# Nothing is written after the end token: whatever stood there would be scored with the answer.
TEMPLATE = (
    "{% for m in messages %}"
    "{% if m['role'] == 'assistant' %}<|assistant|>\n{{ m['content'] }}<|endoftext|>"
    "{% else %}<|user|>\n{{ m['content'] | trim }}\n{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def chat_text(prompt: str, answer: str | None = None) -> str:
    """What the template renders, without its cost."""
    head = f"{USER}\n{prompt.strip()}\n{ASSISTANT}\n"
    return head if answer is None else f"{head}{answer}{END}"


def make_tokenizer(out: Path, documents: int = 12_000) -> PreTrainedTokenizerFast:
    rng = random.Random("tokenizer")
    texts = [plain_text(rng) for _ in range(documents)] + [copying_text(rng) for _ in range(2_000)]
    for _ in range(documents):
        texts += instruction(rng)
    for row in rows_for(rng, "train", 1_000, set()):  # so that the label words are whole tokens
        texts += [row.prompt, row.answer]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[END, PAD, USER, ASSISTANT],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        bos_token=None,
        unk_token=None,
        additional_special_tokens=[USER, ASSISTANT],
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = TEMPLATE
    save_tokenizer(made, out)
    return made


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """The config is written by hand in the form that transformers 4 and 5 both read."""
    tokenizer.save_pretrained(out)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": None,
        "eos_token": END,
        "pad_token": PAD,
        "additional_special_tokens": [USER, ASSISTANT],
        "clean_up_tokenization_spaces": False,
        "model_max_length": 512,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
