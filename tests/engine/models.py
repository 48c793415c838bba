"""Random-initialised models of real architectures, and tokenizers trained on the spot.

Small enough for a test, true in shape: learned positions (GPT-2), sliding windows
(Mistral), soft-capped logits (Gemma), grouped heads, tied and untied embeddings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    CohereConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GraniteConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from tui_eval.core.records import Message, Sample
from tui_eval.engine.backends.transformers_scorer import Loaded

# Tests share the machine; these models are too small to gain from more.
torch.set_num_threads(1)

VOCABULARY = 400
CORPUS = (
    "The harbour master counts the ships at noon. Apples, coal and slate lie on the quay.",
    "Can I return a gift card that was bought abroad? Yes, within thirty days of purchase.",
    "def add(a, b): return a + b  # 0123456789",
    "Grüße aus Köln, 東京, Москва: naïve café, ½ price — “quoted”…",
)
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    # Wide enough that a random model's predictions are not flat.
    "initializer_range": 0.3,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 2,
}
CONFIGS: dict[str, Any] = {
    "llama": lambda: LlamaConfig(**_SHAPE),
    "qwen2": lambda: Qwen2Config(**_SHAPE, tie_word_embeddings=True),
    "qwen3": lambda: Qwen3Config(**_SHAPE, head_dim=16),
    "mistral": lambda: MistralConfig(**_SHAPE, sliding_window=24),
    "gemma2": lambda: Gemma2Config(
        **_SHAPE,
        head_dim=16,
        sliding_window=24,
        final_logit_softcapping=5.0,
        attn_logit_softcapping=8.0,
    ),
    "gemma3": lambda: Gemma3TextConfig(
        **_SHAPE, head_dim=16, sliding_window=24, final_logit_softcapping=5.0
    ),
    "cohere": lambda: CohereConfig(**_SHAPE, logit_scale=0.25),
    "granite": lambda: GraniteConfig(**_SHAPE, logits_scaling=4.0),
    "gpt2": lambda: GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=256,
        n_embd=32,
        n_layer=3,
        n_head=4,
        initializer_range=0.3,
        bos_token_id=1,
        eos_token_id=1,
    ),
}


def tokenizer(*, bos: bool = True, template: str | None = CHATML) -> Any:
    """Byte-level BPE; with ``bos`` it adds one to plain texts by itself, as Llama's does,
    else none, as GPT-2's doesn't."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(CORPUS, trainer)
    if bos:
        core.post_processor = processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=False),
                processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 0)]),
            ]
        )
    else:
        core.post_processor = processors.ByteLevel(trim_offsets=False)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>" if bos else None,
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )
    fast.chat_template = template
    return fast


def model(kind: str, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(CONFIGS[kind]()).eval()


def loaded(kind: str, *, bos: bool = True, seed: int = 0) -> Loaded:
    made = model(kind, seed)
    return Loaded(
        name=kind,
        model=made,
        tokenizer=tokenizer(bos=bos),
        device="cpu",
        dtype="float32",
        positions=made.config.max_position_embeddings,
        vocabulary=made.config.vocab_size,
    )


def with_lora(base: Loaded, seed: int = 1, **settings: Any) -> Loaded:
    """A LoRA adapter whose second matrix is not zero, so that it has an effect."""
    from dataclasses import replace

    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=settings.pop("target_modules", "all-linear"),
        task_type="CAUSAL_LM",
        init_lora_weights=settings.pop("init_lora_weights", False),
        **settings,
    )
    return replace(base, model=get_peft_model(base.model, config).eval(), has_adapter=True)


def save(folder: Path, made: Loaded) -> Path:
    """As a trainer would leave it."""
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


def chat(name: str, *turns: str, **fields: Any) -> Sample:
    """A conversation, user first."""
    roles = ("user", "assistant")
    messages = tuple(Message(roles[at % 2], turn) for at, turn in enumerate(turns))
    return Sample(name, name, name, messages=messages, **fields)


def text(name: str, words: str) -> Sample:
    return Sample(name, name, name, text=words)
