"""Models and tokenizers from a person's disk: which device, which precision, and what is
refused. Nothing here downloads, and nothing runs code that came with a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tui_eval.engine.backends.transformers_scorer import Loaded
from tui_eval.engine.memory import free_bytes
from tui_eval.errors import EngineError, TuiEvalError

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the settings ask for; ``auto`` leaves it to the machine."""

    device: str = "auto"
    dtype: str = "auto"
    device_map: str | None = None
    allow_pickle: bool = False


def device_of(wanted: str) -> str:
    """``auto`` is the GPU with most free memory, else the CPU."""
    import torch

    if wanted == "auto":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            return "cpu"
        free = [torch.cuda.mem_get_info(at)[0] for at in range(count)]
        return f"cuda:{free.index(max(free))}"
    kind, _, number = wanted.partition(":")
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number or 0) >= count:
            raise EngineError(
                f"scoring.device is {wanted}, but this machine offers {count} GPUs to torch.",
                "Set it to auto or cpu, or look at CUDA_VISIBLE_DEVICES.",
            )
        return f"cuda:{int(number or 0)}"
    try:
        return str(torch.device(wanted))
    except RuntimeError as error:
        raise EngineError(
            f"scoring.device = {wanted!r} is not a device.", "Set it to auto, cpu or cuda:0."
        ) from error


def dtype_of(wanted: str, device: str) -> str:
    """``auto``: bfloat16 on a GPU that has it; float32 on a CPU whatever the file holds,
    for half precision is slower there."""
    import torch

    if wanted != "auto":
        return wanted
    if not device.startswith("cuda"):
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def weights_size(folder: Path, dtype: str) -> int:
    """Bytes that the weights will take, from the files' headers; 0 where they don't tell."""
    from safetensors import safe_open

    count = 0
    for path in sorted(folder.glob("*.safetensors")):
        if path.name.startswith("adapter"):
            continue
        with _in_words(folder), safe_open(str(path), framework="pt") as file:
            for key in list(file.keys()):
                size = 1
                for side in file.get_slice(key).get_shape():
                    size *= side
                count += size
    return count * _BYTES[dtype]


def quiet() -> None:
    """transformers draws progress bars, which are noise in a log."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    quiet()
    with _in_words(folder):
        tokenizer = AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    # A limit of the tokenizer's own would cut texts in silence.
    tokenizer.model_max_length = int(1e30)
    return tokenizer


def load_model(folder: Path, name: str, choice: Choice, tokenizer: Any | None = None) -> Loaded:
    """A full model, ready to score."""
    from transformers import AutoModelForCausalLM

    device = device_of(choice.device)
    dtype = dtype_of(choice.dtype, device)
    _refuse_remote_code(folder, name)
    pickled = _refuse_pickle(folder, name, choice.allow_pickle)
    _refuse_too_large(folder, name, device, dtype, choice.device_map)
    kwargs: dict[str, Any] = {"device_map": choice.device_map} if choice.device_map else {}
    with _in_words(folder):
        model, info = AutoModelForCausalLM.from_pretrained(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=not pickled,
            output_loading_info=True,
            **_dtype_argument(dtype),
            **kwargs,
        )
    _refuse_incomplete(name, folder, info)
    if not choice.device_map:
        with _in_words(folder):
            model.to(device)
    model.eval().requires_grad_(False)
    return Loaded(
        name=name,
        model=model,
        tokenizer=tokenizer if tokenizer is not None else load_tokenizer(folder),
        device=device,
        dtype=dtype,
        positions=positions_of(model.config),
        vocabulary=int(model.get_input_embeddings().weight.shape[0]),
    )


def renamed(loaded: Loaded, name: str, tokenizer: Any) -> Loaded:
    return replace(loaded, name=name, tokenizer=tokenizer)


def positions_of(config: Any) -> int | None:
    """How many positions the model knows; None where its kind has no limit of its own."""
    text = getattr(config, "text_config", None) or config
    for key in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        value = getattr(text, key, None)
        if isinstance(value, int) and value > 0:
            return value
    return None


def bad_weights(model: Any, most: int = 3) -> tuple[str, ...]:
    """Names of the first tensors that hold a NaN or an infinity."""
    import torch

    found = []
    for name, tensor in model.named_parameters():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            found.append(str(name))
            if len(found) == most:
                break
    return tuple(found)


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    """What goes wrong while files are read, as something that a person can act on."""
    try:
        yield
    except TuiEvalError:
        raise
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise EngineError(
            f"{folder} can't be loaded: {type(error).__name__}: {first[:300]}",
            "The folder may be incomplete or made by a newer transformers; "
            "the engine log (L) has the whole message.",
        ) from error


def _dtype_argument(dtype: str) -> dict[str, Any]:
    """transformers renamed the argument in 4.56."""
    import torch
    from transformers import __version__

    major, minor = (int(part) for part in __version__.split(".")[:2])
    return {"dtype" if (major, minor) >= (4, 56) else "torch_dtype": getattr(torch, dtype)}


def read_config(folder: Path) -> dict[str, Any]:
    """A model's config.json as it stands there, read without transformers."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{path} can't be read: {error}",
            "A model's folder holds config.json beside its weights.",
        ) from error
    if not isinstance(config, dict):
        raise EngineError(f"{path} is no table of settings.", "It may be damaged: copy it again.")
    return config


def _refuse_remote_code(folder: Path, name: str) -> None:
    """A model that transformers knows by itself is loaded from its own code, never from
    the checkpoint's; one that needs the checkpoint's code is refused."""
    config = read_config(folder)
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    mapped = config.get("auto_map")
    if not mapped or config.get("model_type") in CONFIG_MAPPING:
        return
    parts = [str(part) for value in mapped.values() for part in _flat(value)]
    files = sorted({part.split("--")[-1].rpartition(".")[0] + ".py" for part in parts})
    raise EngineError(
        f"{name} needs Python code that comes with it ({', '.join(files)}), "
        "which this program never runs.",
        "Use a transformers version that knows this kind of model by itself.",
    )


def _flat(value: Any) -> list[Any]:
    return [part for part in value if part] if isinstance(value, list) else [value]


def _refuse_pickle(folder: Path, name: str, allowed: bool) -> bool:
    """Whether the weights are a pickle that the person allowed."""
    safe = any(
        path.suffix == ".safetensors" and not path.name.startswith("adapter")
        for path in folder.iterdir()
    )
    pickles = sorted(path.name for path in folder.glob("pytorch_model*.bin"))
    if safe or not pickles:
        return False
    if not allowed:
        raise EngineError(
            f"{name} stores its weights as a pickle ({pickles[0]}), "
            "which can run code of its maker's when it is read.",
            "Convert it to safetensors, or set scoring.allow_pickle = true if you trust it.",
        )
    return True


def _refuse_too_large(
    folder: Path, name: str, device: str, dtype: str, device_map: str | None
) -> None:
    """On a CPU nothing is raised when memory runs out: the kernel ends the process."""
    need = weights_size(folder, dtype)
    free = None if device_map else free_bytes(device)
    if free is not None and need > free:
        raise EngineError(
            f"{name} needs {need / 1e9:.1f} GB for its weights in {dtype}; "
            f"{device} has {free / 1e9:.1f} GB free.",
            "Free some memory, choose another scoring.device, or set scoring.dtype or device_map.",
        )


def _refuse_incomplete(name: str, folder: Path, info: dict[str, Any]) -> None:
    missing = sorted(str(key) for key in info.get("missing_keys", ()))
    wrong = [str(entry) for entry in info.get("mismatched_keys", ())]
    if missing or wrong:
        kind = "are missing" if missing else "have another shape"
        keys = missing or wrong
        raise EngineError(
            f"{name}: {len(keys)} weights {kind} in {folder}, the first is {keys[0]}; "
            "they would be random numbers.",
            "The weights are not complete or not those of config.json: copy the folder again.",
        )
