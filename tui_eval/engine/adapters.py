"""An adapter on its base: one copy of the weights, the adapter switched on and off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_eval.engine.backends.transformers_scorer import Loaded
from tui_eval.errors import EngineError

_PREFIX = "base_model.model."
_TABLES = ("embed_tokens.weight", "lm_head.weight", "wte.weight", "embed_out.weight")

Shapes = Mapping[str, tuple[int, ...]]


def shapes_of(folder: Path, allow_pickle: bool = False) -> Shapes:
    """The adapter's tensors by name, from the file's header."""
    path = folder / "adapter_model.safetensors"
    if path.is_file():
        from safetensors import safe_open

        try:
            with safe_open(str(path), framework="pt") as file:
                keys = list(file.keys())
                return {key: tuple(file.get_slice(key).get_shape()) for key in keys}
        except Exception as error:
            raise EngineError(
                f"The adapter {path} can't be read: {error}", "Copy the checkpoint again."
            ) from error
    pickle = folder / "adapter_model.bin"
    if not pickle.is_file():
        raise EngineError(
            f"{folder} has no adapter weights (adapter_model.safetensors).",
            "Point [models.NAME] path at the checkpoint folder that holds them.",
        )
    if not allow_pickle:
        raise EngineError(
            f"{pickle} is a pickle, which can run code of its maker's when it is read.",
            "Save it as safetensors, or set scoring.allow_pickle = true if you trust it.",
        )
    import torch

    tensors = torch.load(str(pickle), map_location="cpu", weights_only=True)
    return {key: tuple(tensor.shape) for key, tensor in tensors.items()}


def changes_base(folder: Path, shapes: Shapes, rows: int) -> bool:
    """Whether loading the adapter changes the base itself: whole embedding tables that
    PEFT keeps no original of, or a vocabulary that was widened. The base then needs
    weights of its own."""
    apart = tuple(f".{name}.weight" for name in _config(folder).get("modules_to_save") or ())
    tables = [key for key in shapes if _is_table(key) and not key.endswith(apart)]
    return bool(tables) or widened_rows(shapes, rows) is not None


def _is_table(key: str) -> bool:
    return key.replace(".base_layer.", ".").endswith(_TABLES)


def widened_rows(shapes: Shapes, rows: int) -> int | None:
    """The vocabulary that the adapter was trained with, where it is larger than the base's."""
    sizes = [shape[0] for key, shape in shapes.items() if _is_table(key)]
    sizes += [shape[1] for key, shape in shapes.items() if key.endswith("lora_embedding_A")]
    sizes += [shape[0] for key, shape in shapes.items() if key.endswith("lm_head.lora_B.weight")]
    return max(sizes) if sizes and max(sizes) > rows else None


def attach(base: Loaded, folder: Path, name: str, tokenizer: Any, shapes: Shapes) -> Loaded:
    """The base with the adapter on it. A base that it was not made for is refused."""
    from peft import PeftModel, get_peft_model_state_dict

    rows = widened_rows(shapes, base.vocabulary)
    if rows is not None:
        base.model.resize_token_embeddings(rows, mean_resizing=False)
    _refuse_wrong_base(base, folder, name, shapes)
    try:
        model = PeftModel.from_pretrained(
            base.model, str(folder), is_trainable=False, local_files_only=True
        )
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise EngineError(
            f"The adapter {name} can't be put on the base {base.name}: "
            f"{type(error).__name__}: {first[:300]}",
            f"It was trained on {trained_on(folder)}: set [models.base] path to that.",
        ) from error
    expected = set(get_peft_model_state_dict(model, save_embedding_layers=False))
    missing = sorted(expected - set(shapes))
    if missing:
        raise EngineError(
            f"The adapter {name} lacks {len(missing)} of its weights, the first is {missing[0]}; "
            "they would be random numbers.",
            "The checkpoint is not complete: copy it again.",
        )
    model.eval().requires_grad_(False)
    return replace(
        base,
        name=name,
        model=model,
        tokenizer=tokenizer,
        has_adapter=True,
        vocabulary=int(model.get_input_embeddings().weight.shape[0]),
    )


def detachable(folder: Path) -> bool:
    """Whether the base is itself again once the adapter is taken off: plain LoRA, which adds
    layers and replaces none. PEFT leaves whole saved modules and trained biases in their place,
    and some ways of initialising change the base's own weights."""
    config = _config(folder)
    replaced = ("modules_to_save", "trainable_token_indices", "target_parameters")
    return (
        config.get("peft_type") == "LORA"
        and config.get("bias", "none") == "none"
        and config.get("init_lora_weights", True) in (True, False, "gaussian")
        and not any(config.get(name) for name in replaced)
    )


def detached(loaded: Loaded) -> Loaded:
    """The base without the adapter that was put on it, which is of no use any more. Only for
    an adapter that is ``detachable`` and doesn't change the base (``changes_base``)."""
    return replace(loaded, model=loaded.model.unload(), has_adapter=False)


def trained_on(folder: Path) -> str:
    return str(_config(folder).get("base_model_name_or_path") or "another model")


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _refuse_wrong_base(base: Loaded, folder: Path, name: str, shapes: Shapes) -> None:
    """Modules that the base has not, or of another shape: both names are said."""
    modules = dict(base.model.named_modules())
    for key, shape in shapes.items():
        fault = _fault(modules, key, shape)
        if fault:
            raise EngineError(
                f"The adapter {name} does not fit the base {base.name}: {fault}. "
                f"It was trained on {trained_on(folder)}.",
                "Set [models.base] path to the model that it was trained on.",
            )


def _fault(modules: Mapping[str, Any], key: str, shape: tuple[int, ...]) -> str:
    path, _, kind = key.removeprefix(_PREFIX).partition(".lora_")
    if not kind or not key.startswith(_PREFIX):
        return ""
    module = modules.get(path)
    if module is None:
        return f"it has no {path}"
    weight = getattr(module, "weight", None)
    if weight is None or weight.dim() != 2:
        return ""
    out_size, in_size = (int(side) for side in weight.shape)
    if type(module).__name__ == "Conv1D":
        out_size, in_size = in_size, out_size
    sides = {
        "A.weight": (shape[-1], in_size),
        "B.weight": (shape[0], out_size),
        # An embedding's adapter reads a row and writes a column.
        "embedding_A": (shape[-1], out_size),
        "embedding_B": (shape[0], in_size),
    }
    wants, has = sides.get(kind, (0, 0))
    return f"{path} is {has} wide there, the adapter needs {wants}" if wants != has else ""
