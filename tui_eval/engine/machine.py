"""The machine and the software that compute, recorded with what they computed."""

from __future__ import annotations

import platform
from functools import lru_cache
from importlib import metadata
from typing import Any

from tui_eval import __version__
from tui_eval.store.layout import host


@lru_cache
def machine(device: str) -> dict[str, Any]:
    """What a loss or an answer may depend on beyond models and settings: shown, never part of
    a key."""
    import torch
    import transformers

    told = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": _version("peft"),
        "python": platform.python_version(),
        "tui_eval": __version__,
        "host": host(),
        "device": device,
        "device_name": _name(device),
    }
    if device.startswith("cuda") and torch.version.cuda:
        told["cuda"] = torch.version.cuda
    return {name: text for name, text in told.items() if text}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _name(device: str) -> str:
    """Of the GPU; of a CPU what the system calls it."""
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(torch.device(device)))
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, text = line.partition(":")
                if name.strip() == "model name":
                    return text.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
