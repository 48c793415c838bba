"""What eval.toml is to name after a split."""

from __future__ import annotations

from tui_eval.core.text import clean
from tui_eval.files.splitting_ask import Wishes
from tui_eval.files.splitting_write import TRAIN, VALIDATION, Made


def taken_choices(wishes: Wishes) -> list[tuple[str, str]]:
    """What the model may have been trained with, by name and in words."""
    name = clean(wishes.file.name, limit=40)
    offered = [
        ("whole", f"all of {name}: it has seen these rows, and the steps will say so"),
        ("train", f"the new {TRAIN}: it is trained after this split"),
        ("as it is", "neither: take the validation rows alone"),
    ]
    if wishes.training is not None and wishes.training.resolve() != wishes.file.resolve():
        other = clean(wishes.training.name, limit=40)
        offered[2] = ("as it is", f"{other}, as named above: take the validation rows alone")
        return [offered[2], *offered[:2]]
    return offered


def taken(choice: str, wishes: Wishes, made: Made) -> dict[str, str]:
    """Rows of "what I found" and the files they are to name."""
    files = {"validation": str((made.folder / VALIDATION).absolute())}
    if choice == "whole":
        files["training"] = str(wishes.file.absolute())
    elif choice == "train":
        files["training"] = str((made.folder / TRAIN).absolute())
    elif wishes.training is not None:
        files["training"] = str(wishes.training.absolute())
    return files
