"""What is recorded of the machine that computes."""

from __future__ import annotations

import json
import platform

from tui_eval import __version__
from tui_eval.engine.machine import machine


def test_the_machine_and_its_software_are_told() -> None:
    told = machine("cpu")
    assert told["device"] == "cpu"
    assert told["python"] == platform.python_version()
    assert told["tui_eval"] == __version__
    assert {"torch", "transformers", "host", "device_name"} <= told.keys()
    assert all(told.values())
    json.dumps(told)
