"""The screen of validation splits: the form, what it would give, and what is written."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.apps.panes import Themed
from tests.ui.fake import painted, shows
from tui_eval import ui
from tui_eval.core import splits
from tui_eval.errors import InputError
from tui_eval.files import splitting
from tui_eval.files.found import find_all
from tui_eval.files.splitting_ask import Leakage, leakage, planned, scanned
from tui_eval.files.splitting_write import Made
from tui_eval.ui.app import EvalApp
from tui_eval.ui.aside import Aside, Progress
from tui_eval.ui.screens.split import SplitScreen
from tui_eval.ui.screens.split_form import (
    KEYS,
    OWN,
    Form,
    Row,
    begun,
    changed,
    choices,
    form_rows,
    in_the_form,
)
from tui_eval.ui.screens.split_preview import Preview, drawn, said
from tui_eval.ui.screens.split_taken import taken, taken_choices
from tui_eval.ui.start import Start
from tui_eval.ui.widgets.rows import plain, width_of

HOSTILE = "\x1b[31mevil\u202e"


def tickets(folder: Path, count: int = 40, **more: Any) -> Path:
    path = folder / "tickets.jsonl"
    rows = [
        {"prompt": f"question {n} about a thing", "answer": "yes", "topic": f"t{n % 3}", **more}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def previewed(form: Form) -> Preview:
    wishes = form.wishes
    assert wishes is not None
    found = scanned(wishes)
    plan = planned(found, wishes)
    return Preview(found, plan, leakage(found, plan))


def row(form: Form, key: str, preview: Preview | None = None) -> Row:
    known = preview or Preview()
    return next(one for one in form_rows(form, known.found, known.plan) if one.key == key)


# The form


def test_the_rows_stay_whatever_is_chosen(tmp_path: Path) -> None:
    assert [one.key for one in form_rows(Form(), None, None)] == list(KEYS)
    form = begun(tickets(tmp_path), None, [])
    assert [one.key for one in form_rows(form, None, None)] == list(KEYS)
    seen = previewed(form)
    assert [one.key for one in form_rows(form, seen.found, seen.plan)] == list(KEYS)
    assert row(form, "file", seen).remark == "40 rows"
    assert row(form, "size", seen).remark == "4 rows"


def test_without_a_time_field_the_files_order_is_said(tmp_path: Path) -> None:
    form = changed(begun(tickets(tmp_path), None, []), "strategy", "temporal")
    assert row(form, "strategy", previewed(form)).remark == (
        "the last rows by file order: no time field"
    )
    assert row(form, "seed").idle
    dated = changed(begun(tickets(tmp_path, date="2025-01-02"), None, []), "strategy", "temporal")
    assert dated.wishes is not None
    assert (
        row(dated, "strategy", Preview(scanned(dated.wishes))).remark == "the latest rows by time"
    )


def test_choices_change_what_they_name(tmp_path: Path) -> None:
    path = tickets(tmp_path)
    form = begun(path, path, [])
    for key, value in (
        ("strategy", "category"), ("size", "200 rows"), ("seed", "7"), ("category", "topic"),
        ("prompt", "prompt"), ("group", OWN + "none"), ("leave out", "both"),
        ("late rows", "allowed"), ("time", OWN + "file order"), ("to", str(tmp_path / "x")),
    ):  # fmt: skip
        form = changed(form, key, value)
    wishes = form.wishes
    assert wishes is not None
    assert (wishes.strategy, wishes.size.count, wishes.seed) == ("category", 200, 7)
    assert (wishes.fields.category, wishes.fields.prompt, wishes.group) == (
        "topic",
        "prompt",
        False,
    )
    assert (wishes.exclude_seen, wishes.exclude_near, wishes.allow_late) == (True, True, True)
    assert wishes.file_order
    assert form.out == tmp_path / "x"
    # Without the training file nothing of it can be left out.
    assert not changed(form, "trained", OWN + "none").wishes.exclude_seen  # type: ignore[union-attr]
    # Fields are those of one file.
    (tmp_path / "other.jsonl").touch()
    other = changed(form, "file", str(tmp_path / "other.jsonl"))
    assert other.wishes is not None
    assert other.wishes.fields.category is None
    assert other.out == tmp_path / "other-split"


@pytest.mark.parametrize(("key", "value"), [("size", "1.5"), ("seed", "x"), ("leave out", "both")])
def test_what_is_no_value_is_refused(key: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        changed(begun(tickets(tmp_path), None, []), key, value)


@pytest.mark.parametrize("key", KEYS)
def test_every_row_can_be_changed_by_choosing_or_typing(key: str, tmp_path: Path) -> None:
    path = tickets(tmp_path)
    form = begun(path, path, [path])
    offered = choices(form, previewed(form).found, key)
    assert offered.offered or offered.hint is not None
    for name, _ in offered.offered:
        changed(form, key, name)


def test_a_field_called_like_an_answer_of_ours_is_a_field(tmp_path: Path) -> None:
    form = begun(tickets(tmp_path, usual="a", none="b"), None, [])
    found = previewed(form).found
    names = [name for name, _ in choices(form, found, "group").offered]
    assert {"usual", "none", OWN + "usual", OWN + "none"} <= set(names)
    assert changed(form, "group", "none").wishes.fields.group == "none"  # type: ignore[union-attr]


def test_no_option_of_the_command_line_is_named_on_the_screen() -> None:
    core, files = Path(splits.__file__).parent, Path(splitting.__file__).parent
    text = "".join(path.read_text() for path in (*core.glob("*.py"), *files.glob("splitting*.py")))
    options = set(re.findall(r"--[a-z-]+(?: [A-Z]+)?", text))
    assert "--no-group" in options
    # What would replace a split is asked about, and never told so.
    for option in options - {"--overwrite"}:
        assert "--" not in in_the_form(f"Try {option}"), option


# The preview


def test_sizes_and_leaks_come_first_and_everything_fits(tmp_path: Path) -> None:
    path = tickets(tmp_path, category=HOSTILE)
    form = begun(path, path, [])
    preview = previewed(form)
    texts = [words for words, _ in said(preview)]
    assert texts[0] == "train 36 rows   validation 4 rows, 10.0% of 40"
    assert texts[1] == "same prompt: 0 of 4 validation rows"
    assert any("a model trained on it has seen them" in text for text in texts)
    for width in (60, 80):
        lines = drawn(preview, width)
        assert all(width_of(line) <= width for line in lines)
    assert "\x1b" not in "".join(plain(line) for line in drawn(preview, 80))
    assert {role for line in drawn(preview, 80, stale=True) for _, role in line} == {"text", "dim"}


def test_before_the_leaks_are_known_nothing_is_ready(tmp_path: Path) -> None:
    preview = previewed(begun(tickets(tmp_path), None, []))
    assert preview.ready
    assert not Preview(preview.found, preview.plan).ready
    assert not Preview(preview.found, preview.plan, preview.leaks, "no").ready


# What "what I found" takes


def test_the_training_file_taken_is_what_the_model_has_seen(tmp_path: Path) -> None:
    path = tickets(tmp_path)
    whole = begun(path, path, []).wishes
    assert whole is not None
    made = Made(tmp_path / "out", 36, 4, Leakage(0, (), 4))
    assert next(name for name, _ in taken_choices(whole)) == "whole"
    assert taken("whole", whole, made) == {
        "validation": str(tmp_path / "out" / "validation.jsonl"), "training": str(path),
    }  # fmt: skip
    assert taken("train", whole, made)["training"] == str(tmp_path / "out" / "train.jsonl")
    other = begun(path, tmp_path / "other.jsonl", []).wishes
    assert other is not None
    assert next(name for name, _ in taken_choices(other)) == "as it is"
    assert taken("as it is", other, made)["training"] == str(tmp_path / "other.jsonl")


# The screen


async def holds(pilot: Pilot[Any], state: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not state():
        assert time.monotonic() < deadline, painted(pilot.app)
        await pilot.pause(0.02)


class OneScreen(Themed):
    CSS_PATH = Path(ui.__file__).with_name("app.tcss")

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self.took: dict[str, str] = {}

    def on_mount(self) -> None:
        async def take(files: dict[str, str]) -> None:
            self.took = files

        self.push_screen(SplitScreen(self.form, take))


def test_choosing_previewing_writing_and_taking(tmp_path: Path) -> None:
    path = tickets(tmp_path)

    async def walk() -> None:
        app = OneScreen(begun(path, path, []))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "near duplicate: 0 of 4", 20)
            await pilot.press("j", "j", "enter")
            await shows(pilot, "how much for validation", 20)
            await pilot.press(*"10", "enter")
            await shows(pilot, "near duplicate: 0 of 10", 20)
            assert not (tmp_path / "tickets-split").exists()
            await pilot.press("w")
            await shows(pilot, "what was the model trained with?", 20)
            assert len((tmp_path / "tickets-split/validation.jsonl").read_text().splitlines()) == 10
            await pilot.press("enter")
            await holds(pilot, lambda: bool(app.took))
            assert app.took["training"] == str(path)

    asyncio.run(walk())


def test_nothing_is_replaced_without_asking(tmp_path: Path) -> None:
    path = tickets(tmp_path)
    there = tmp_path / "tickets-split" / "train.jsonl"
    there.parent.mkdir()
    there.write_text("mine")

    async def walk() -> None:
        app = OneScreen(begun(path, None, []))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "near duplicate: 0 of 4", 20)
            await pilot.press("w")
            await shows(pilot, "Replace the split that is there?", 20)
            await pilot.press("n")
            await shows(pilot, "preview", 20)
            assert there.read_text() == "mine"
            await pilot.press("w")
            await shows(pilot, "Replace the split that is there?", 20)
            await pilot.press("y")
            await shows(pilot, "written to", 20)
            assert there.read_text() != "mine"

    asyncio.run(walk())


def test_what_i_found_takes_the_new_validation_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tickets(tmp_path).rename(tmp_path / "train.jsonl")
    adapter = {"peft_type": "LORA", "r": 8, "base_model_name_or_path": "base"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(adapter))
    found = find_all(tmp_path)
    assert found.train is not None
    assert found.validation is None

    async def walk() -> None:
        app = EvalApp(Start(tmp_path, found=found))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "H split", 20)
            await pilot.press("H")
            await shows(pilot, "near duplicate: 0 of 4", 20)
            await pilot.press("w")
            await shows(pilot, "all of train.jsonl: it has seen these rows", 20)
            await pilot.press("enter")
            screen = await shows(pilot, "validation.jsonl, 4 rows", 20)
            assert "train.jsonl, rows of" in screen

    asyncio.run(walk())


class Heard(Themed):
    """Hears what comes of work beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.aside = Aside(self)
        self.heard: list[tuple[str, str, bool]] = []

    def on_aside_done(self, event: Aside.Done) -> None:
        self.heard.append(("done", event.kind, event.stale))

    def on_aside_failed(self, event: Aside.Failed) -> None:
        self.heard.append(("failed", event.words, event.stale))

    def on_aside_ended(self, event: Aside.Ended) -> None:
        self.heard.append(("ended", event.kind, event.stale))


def test_work_aside_is_replaced_cancelled_and_its_errors_told() -> None:
    async def walk() -> None:
        app = Heard()

        def endless(progress: Progress) -> object:
            while True:
                progress("reading", 1)

        def faulty(progress: Progress) -> object:
            raise InputError("No \x1b.", "Do.")

        async with app.run_test() as pilot:
            app.aside.begin("first", endless)
            app.aside.begin("second", lambda progress: 1)
            await holds(pilot, lambda: app.heard == [("done", "second", False)])
            app.aside.begin("third", endless)
            app.aside.cancel()
            await holds(pilot, lambda: app.heard[1:] == [("ended", "third", False)])
            app.aside.begin("fourth", faulty)
            await holds(pilot, lambda: app.heard[2:] == [("failed", "No ␛. Do.", False)])
            assert app.aside.kind == ""

    asyncio.run(walk())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture(
    size: tuple[int, int], snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tickets(tmp_path)

    async def ready(pilot: Pilot[Any]) -> None:
        await shows(pilot, "near duplicate: 0 of 4", 20)
        assert "tickets-split" in painted(pilot.app)

    app = OneScreen(begun(Path("tickets.jsonl"), None, []))
    assert snap_compare(app, terminal_size=size, run_before=ready)
