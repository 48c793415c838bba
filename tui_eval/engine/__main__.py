"""``python -m tui_eval.engine FOLDER``: the engine of that workspace, until it leaves."""

from __future__ import annotations

import sys

from tui_eval.engine.serve import main

if __name__ == "__main__":
    sys.exit(main())
