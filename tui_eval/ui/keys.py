"""Every key of the app, once: bindings, key line, help page and README are made from it.

A widget or screen says which ``places`` it serves (``BINDINGS = keys.bindings("step",
"plot")``) and has a method ``action_ID`` for each of their actions. Whatever has the focus
may also have an attribute ``footer``, a tuple of action ids in order of weight: those are
what the key line names while it has the focus.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_eval.ui.spelling import spelled_keys

if TYPE_CHECKING:
    from textual.binding import Binding

FORBIDDEN = ("ctrl+a", "ctrl+b", "ctrl+j", "ctrl+o", "ctrl+s")
"""Prefix keys of tmux and screen, flow control, and what some terminals keep for
themselves: a key that never arrives is worse than none."""

PLACES: Mapping[str, str] = {
    "everywhere": "everywhere",
    "found": "what I found",
    "split": "splits",
    "main": "checklist and steps",
    "compare": "all candidates side by side",
    "history": "what changed since",
    "checklist": "checklist",
    "hint": "checklist, first hint",
    "sign_off": "sign-off",
    "step": "steps",
    "plot": "plots",
    "matrix": "confusion matrix",
    "tokens": "a sample's tokens",
    "pair": "copies of training text, a task's items",
    "answers": "a task's items",
    "judging": "review and A/B",
    "before": "before the first one",
    "review": "manual review",
    "review_list": "list of what is reviewed",
    "ab": "A/B",
    "guess": "A/B, guesses at the end",
    "note": "notes",
    "scroll": "lists and texts",
    "list": "lists and texts",
    "dialog": "choices",
    "ask": "questions",
}
"""Where a key works, in the help page's order, with its heading."""


@dataclass(frozen=True, slots=True)
class Action:
    """``words`` stand on the key line, ``help`` on the help page. ``shown`` is how the keys
    are written where that is not just the keys in a row."""

    id: str
    keys: tuple[str, ...]
    words: str
    help: str
    place: str
    shown: str = ""
    hidden: bool = False
    """Described by a neighbour's line on the help page."""


def _steps() -> tuple[Action, ...]:
    first = Action("step_1", ("1",), "step", "go to that step", "main", "1-6")
    rest = (Action(f"step_{n}", (str(n),), "", "", "main", hidden=True) for n in range(2, 7))
    return (first, *rest)


def _scores() -> tuple[Action, ...]:
    """Digits, and what the same keys give on AZERTY without shift."""
    first = Action("score_1", ("1", "&"), "score",
                   "score the criterion; after the fourth comes the next answer",
                   "review", "1-5")  # fmt: skip
    others = zip("2345", ("é", '"', "'", "("), strict=True)
    rest = (Action(f"score_{n}", (n, key), "", "", "review", hidden=True) for n, key in others)
    return (first, *rest)


ACTIONS: tuple[Action, ...] = (
    Action("help", ("?",), "help", "every key, and what the marks mean", "everywhere"),
    Action("back", ("escape",), "back", "close the innermost, then the checklist", "everywhere"),
    Action("commands", (":", "ctrl+p"), "commands", "every command by name", "everywhere"),
    Action("engine_log", ("L",), "engine log", "what the engine wrote", "everywhere"),
    Action("theme", ("T",), "theme", "choose the colours", "everywhere"),
    Action("leave", ("q",), "leave", "leave; the engine goes on with its work", "everywhere"),
    Action("edit", ("enter",), "change", "choose another, or type a path", "found", "↵"),
    Action("example", ("space",), "next row", "show the next example row", "found"),
    Action("accept", ("r",), "right: write eval.toml, start", "it is right: start", "found"),
    Action("change", ("enter",), "change", "choose another, or type it", "split", "↵"),
    Action("write_split", ("w",), "write", "write the files that the preview shows", "split"),
    *_steps(),
    Action("previous_step", ("[", "<"), "steps", "previous and next step", "main", "[ ]"),
    Action("next_step", ("]", ">"), "", "", "main", hidden=True),
    Action("run", ("r",), "run what is missing", "compute what is missing here", "main"),
    Action("again", ("R",), "compute again", "compute it anew: asks, with its cost", "main"),
    Action("cancel", ("C",), "cancel", "finish the batch and stop; twice: end the engine", "main"),
    Action("judge", ("J",), "judge", "read and judge answers: review, or blind A/B", "main"),
    Action("how", ("i",), "how computed", "how this was computed", "main"),
    Action("candidate", (",",), "next model", "judge the next candidate", "main"),
    Action("side_by_side", ("m",), "all models", "all candidates side by side, and who was"
           " compared with whom", "main"),
    Action("along", ("K",), "checkpoints", "the checkpoints along the run", "main"),
    Action("hold_out", ("H",), "split", "hold rows out for validation; what I found has it too",
           "main"),
    Action("sign_off", ("D",), "sign off", "decide: deploy, hold or more work", "main"),
    Action("history", ("e",), "what changed since", "evaluations before models or data were others",
           "main"),
    Action("report", ("w",), "report", "write report.html, .md and .json beside eval.toml", "main"),
    Action("settings", ("c",), "settings", "what is set, and where", "main"),
    Action("open_cell", ("enter",), "go there", "judge this candidate, at that step; a"
           " comparison's result", "compare", "↵"),
    Action("column_left", ("left",), "step", "the step before, the next one", "compare", "← →"),
    Action("column_right", ("right",), "", "", "compare", hidden=True),
    Action("mark", ("space",), "mark", "mark it to be compared with another", "compare"),
    Action("judge_pair", ("J",), "judge blind", "blind A/B between the two that are marked",
           "compare"),
    Action("run_everything", ("r",), "run missing", "compute what is missing for all"
           " candidates: asks, with its cost", "compare"),
    Action("other_table", ("v",), "other table", "candidates, or who was compared with whom",
           "compare", "v V"),
    Action("table_before", ("V",), "", "", "compare", hidden=True),
    Action("row_down", ("j", "down"), "line", "next, previous line", "compare", "j k ↑ ↓"),
    Action("row_up", ("k", "up"), "", "", "compare", hidden=True),
    Action("rows_down", ("pagedown",), "page", "next, previous page", "compare", "PgDn PgUp"),
    Action("rows_up", ("pageup",), "", "", "compare", hidden=True),
    Action("first_row", ("g", "home"), "ends", "first, last line", "compare", "g G"),
    Action("last_row", ("G", "end"), "", "", "compare", hidden=True),
    Action("open_earlier", ("enter",), "open", "the whole of an earlier evaluation", "history",
           "↵"),
    Action("open", ("enter",), "open", "open the row under the cursor", "checklist", "↵"),
    Action("close_hint", ("x",), "close the first hint", "close it for ever", "hint"),
    Action("sign", ("enter",), "sign", "sign the decision under the cursor; asks", "sign_off", "↵"),
    Action("sign_note", ("n",), "note", "write a note that is signed with it", "sign_off"),
    Action("enter", ("enter",), "open", "open the row under the cursor", "step", "↵"),
    Action("next_view", ("v",), "view", "next, previous view of the step", "step", "v V"),
    Action("previous_view", ("V",), "", "", "step", hidden=True),
    Action("cursor_left", ("left",), "cursor", "move the cursor", "plot", "← →"),
    Action("cursor_right", ("right",), "", "", "plot", hidden=True),
    Action("jump_left", ("shift+left",), "jump", "move it by ten columns", "plot",
           "shift ← →"),
    Action("jump_right", ("shift+right",), "", "", "plot", hidden=True),
    Action("zoom_in", ("+", "="), "zoom", "zoom in, out", "plot", "+ -"),
    Action("zoom_out", ("-",), "", "", "plot", hidden=True),
    Action("smooth_more", ("s",), "smooth", "smooth more, less", "plot", "s S"),
    Action("smooth_less", ("S",), "", "", "plot", hidden=True),
    Action("log_axis", ("l",), "log", "logarithmic axis", "plot"),
    Action("x_axis", ("x",), "x axis", "by step, epoch or time", "plot"),
    Action("next_event", ("n",), "event", "next, previous event; in a matrix the next confusion",
           "plot", "n N"),
    Action("previous_event", ("N",), "", "", "plot", hidden=True),
    Action("follow", ("f",), "follow", "follow the log while it grows; once more: stop", "plot"),
    Action("overlay", ("o",), "overlay", "draw the next other run or log beside this one", "plot"),
    Action("other_model", ("tab",), "base, tuned", "the other model's answers", "matrix"),
    Action("next_pair", ("n", "]", ">"), "next", "the next, previous one", "pair", "n N"),
    Action("previous_pair", ("N", "[", "<"), "", "", "pair", hidden=True),
    Action("whole_prompt", ("p",), "prompt", "the whole prompt, or the answers again", "answers"),
    Action("alternatives", ("a",), "likeliest", "compute what was likeliest at each token",
           "tokens"),
    Action("other_answer", ("tab",), "other answer", "the expected answer, or the model's own",
           "tokens"),
    Action("signs", ("m",), "signs", "show, hide whole nats under the tokens", "tokens"),
    *_scores(),
    Action("score_0", ("0", "à"), "n/a", "the criterion is not applicable here", "review", "0"),
    Action("clear", ("backspace",), "clear", "take back this answer's last score", "review"),
    Action("levels", ("i",), "levels", "what the levels of each criterion mean", "review"),
    Action("tokens", ("t",), "tokens", "the answer token by token, under both models", "review"),
    Action("other_text", ("tab",), "other", "scroll the expected answer, or the answer again",
           "review"),
    Action("go_on", ("enter",), "go on", "to the next answer, without a score", "review", "↵"),
    Action("go_there", ("enter",), "go there", "score the answer under the cursor", "review_list",
           "↵"),
    Action("next_kind", ("v",), "which", "all, not scored, flagged, with a note", "review_list",
           "v V"),
    Action("previous_kind", ("V",), "", "", "review_list", hidden=True),
    Action("begin", ("enter",), "begin", "begin, when that was read", "before", "↵"),
    Action("undo", ("u",), "undo", "take back the last, as far as you like", "judging"),
    Action("skip", ("s",), "skip", "put it to the end", "judging"),
    Action("flag", ("f",), "flag", "mark it to be looked at again; once more: unmark", "judging"),
    Action("note", ("n",), "note", "write a note, with #tags", "judging"),
    Action("note_editor", ("N",), "note in editor", "write the note in $EDITOR", "judging"),
    Action("expected", ("e",), "expected", "show, hide the expected answer", "judging"),
    Action("thinking", ("h",), "thinking", "show, hide what the model thought before", "judging"),
    Action("prompt", ("p",), "prompt", "the whole prompt, with earlier turns", "judging"),
    Action("rendered", ("m",), "rendered", "Markdown as it is, or rendered", "judging"),
    Action("items", ("/",), "list", "all of them: find one and go there", "judging"),
    Action("retry", ("r",), "save again", "try to save what could not be saved", "judging"),
    Action("vote_a", ("a",), "better", "A is better, B is better", "ab", "a b"),
    Action("vote_b", ("b",), "", "", "ab", hidden=True),
    Action("vote_tie", ("t",), "tie", "neither is better", "ab"),
    Action("vote_bad", ("x",), "both bad", "neither will do: a tie, counted apart", "ab"),
    Action("strong", ("!",), "it was clear", "the vote just made was a clear one", "ab"),
    Action("zoom", ("z",), "zoom", "one answer over the whole width, or both", "ab"),
    Action("other_pane", ("tab",), "other", "the other answer", "ab"),
    Action("pane_down", ("J",), "scroll one", "scroll one answer alone", "ab", "J K"),
    Action("pane_up", ("K",), "", "", "ab", hidden=True),
    Action("diff", ("d",), "diff", "stress the words that differ", "ab"),
    Action("finish", ("F",), "finish", "end your judging of this comparison", "ab"),
    Action("guess_a", ("a",), "A or B", "that one is the candidate's", "guess", "a b"),
    Action("guess_b", ("b",), "", "", "guess", hidden=True),
    Action("guess_skip", ("s",), "can't tell", "no guess at this pair", "guess"),
    Action("save_note", ("enter",), "save", "save the note", "note", "↵"),
    Action("complete", ("tab",), "take the #tag", "take the #tag that is offered; → too", "note"),
    Action("keep_draft", ("escape",), "later", "close; saved when one goes on or leaves", "note"),
    Action("down", ("j", "down"), "line", "next, previous line", "scroll", "j k ↑ ↓"),
    Action("up", ("k", "up"), "", "", "scroll", hidden=True),
    Action("page_down", ("space", "pagedown"), "page", "next, previous page", "scroll",
           "space PgDn PgUp"),
    Action("page_up", ("pageup",), "", "", "scroll", hidden=True),
    Action("first", ("g", "home"), "ends", "first, last line", "scroll", "g G"),
    Action("last", ("G", "end"), "", "", "scroll", hidden=True),
    Action("filter", ("/",), "filter", "show only lines that hold some words", "list"),
    Action("copy", ("y",), "copy", "copy the line to your terminal's clipboard", "list"),
    Action("choose", ("enter",), "choose", "take the line under the cursor", "dialog", "↵"),
    Action("choice_down", ("down",), "line", "next, previous line", "dialog", "↑ ↓"),
    Action("choice_up", ("up",), "", "", "dialog", hidden=True),
    Action("close", ("escape",), "not now", "leave everything as it is", "dialog"),
    Action("yes", ("y",), "yes", "do it", "ask"),
    Action("no", ("n",), "no", "leave everything as it is", "ask"),
)  # fmt: skip

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

_TOGETHER = (
    frozenset({"everywhere", "main", "checklist", "hint", "scroll", "list"}),
    frozenset({"everywhere", "compare"}),
    frozenset({"everywhere", "main", "step", "plot", "matrix", "scroll", "list"}),
    frozenset({"everywhere", "sign_off", "scroll", "list"}),
    frozenset({"everywhere", "history", "scroll", "list"}),
    frozenset({"everywhere", "tokens", "step", "plot", "scroll", "list"}),
    frozenset({"everywhere", "judging", "ab", "scroll"}),
    frozenset({"everywhere", "guess", "scroll"}),
    frozenset({"everywhere", "judging", "before", "scroll"}),
    frozenset({"everywhere", "judging", "review", "scroll"}),
    frozenset({"everywhere", "review_list", "scroll", "list"}),
    frozenset({"everywhere", "pair", "answers", "scroll", "list"}),
    frozenset({"everywhere", "found"}),
    frozenset({"everywhere", "split", "scroll"}),
    frozenset({"dialog", "ask"}),
)
"""Places that one screen serves at once: within one of these a key has one meaning."""

_SYMBOLS = {"escape": "esc", "enter": "↵", "backspace": "⌫", "pagedown": "PgDn", "pageup": "PgUp",
            "left": "←", "right": "→", "up": "↑", "down": "↓"}  # fmt: skip


def bindings(*places: str) -> list[Binding]:
    """Textual's bindings for these places. Remapping goes by their ids."""
    from textual.binding import Binding

    if "list" in places:
        places = (*places, "scroll")
    return [
        Binding(",".join(map(_textual, action.keys)), action.id, show=False, id=action.id)
        for action in ACTIONS
        if action.place in places
    ]


def _textual(key: str) -> str:
    return "comma" if key == "," else key


def shown(action: Action, keymap: Mapping[str, tuple[str, ...]]) -> str:
    """The action's keys as a person reads them, remapped ones as they are now."""
    if action.id in keymap:
        return " ".join(_SYMBOLS.get(key, key) for key in keymap[action.id])
    return action.shown or " ".join(_SYMBOLS.get(key, key) for key in action.keys)


def footer(ids: Sequence[str], keymap: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """``(key, words)`` pairs for the key line; one key of each action is enough."""
    return [(spelled_keys(_brief(BY_ID[name], keymap)), BY_ID[name].words) for name in ids]


def _brief(action: Action, keymap: Mapping[str, tuple[str, ...]]) -> str:
    if action.id not in keymap and action.shown and len(action.shown.split(" ")) <= 2:
        return action.shown
    first = keymap.get(action.id, action.keys)[0]
    return _SYMBOLS.get(first, first)


def remap(
    wishes: Mapping[str, object], source: str
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The keys that a person asked for by action id, and what was wrong with the rest.

    A wish is ``"x"`` or ``"x,f2"``. One that names no action, a key that must stay free, or
    a key that means something else on the same screen is left out with its reason.
    """
    accepted: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for name, wish in wishes.items():
        if name not in BY_ID:
            problems.append(f"{source}: no action is called {name}")
            continue
        keys = _split(wish)
        fault = _fault(name, keys, accepted)
        if fault:
            problems.append(f"{source}: {name} = {wish!r}: {fault}")
        else:
            accepted[name] = keys
    return accepted, problems


def _split(wish: object) -> tuple[str, ...]:
    if not isinstance(wish, str):
        return ()
    if wish.strip() == ",":
        return (",",)
    return tuple(key.strip() for key in wish.split(",") if key.strip())


def _fault(name: str, keys: tuple[str, ...], accepted: Mapping[str, tuple[str, ...]]) -> str:
    if not keys:
        return "write a key, or several with commas between them"
    for key in keys:
        if key in FORBIDDEN:
            return f"{key} is kept free for the terminal"
        other = _owner(key, name, accepted)
        if other:
            return f"{key} is {other} on the same screen"
    return ""


def _owner(key: str, name: str, accepted: Mapping[str, tuple[str, ...]]) -> str:
    """Another action that has this key where ``name`` works too, or nothing."""
    for action in ACTIONS:
        taken = accepted.get(action.id, action.keys)
        if action.id != name and key in taken and together(action.place, BY_ID[name].place):
            return action.id
    return ""


def together(one: str, other: str) -> bool:
    """Whether both places can be served by one screen at once."""
    return any(one in places and other in places for places in _TOGETHER)


def textual_keymap(keymap: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: ",".join(map(_textual, keys)) for name, keys in keymap.items()}


def help_lines(
    keymap: Mapping[str, tuple[str, ...]], places: Iterable[str] = PLACES
) -> list[tuple[str, str, str]]:
    """``(place's heading, keys, help)`` of every action that is not told by a neighbour."""
    return [
        (PLACES[place], shown(action, keymap), action.help)
        for place in places
        for action in ACTIONS
        if action.place == place and (not action.hidden or action.id in keymap)
    ]


def markdown() -> str:
    """The README's table."""
    rows = ["| where | keys | what |", "|---|---|---|"]
    for heading, keys, words in help_lines({}):
        written = " ".join(f"`{key}`" for key in keys.split(" "))
        rows.append(f"| {heading} | {written} | {words} |")
    return "\n".join(rows)
