from __future__ import annotations

import pytest

from tui_eval.ui import keys


def test_no_key_has_two_meanings_on_one_screen() -> None:
    for one in keys.ACTIONS:
        for other in keys.ACTIONS:
            if one.id < other.id and keys.together(one.place, other.place):
                assert not set(one.keys) & set(other.keys), (one.id, other.id)


def test_keys_of_the_terminal_stay_free() -> None:
    used = {key for action in keys.ACTIONS for key in action.keys}
    assert not used & set(keys.FORBIDDEN)


def test_ids_are_unique_and_places_known() -> None:
    assert len(keys.BY_ID) == len(keys.ACTIONS)
    assert {action.place for action in keys.ACTIONS} <= set(keys.PLACES)


def test_every_action_is_told_on_the_help_page_or_by_its_neighbour() -> None:
    told = {words for _, _, words in keys.help_lines({})}
    for action in keys.ACTIONS:
        assert action.hidden or action.help in told
        assert action.hidden or action.help, action.id


@pytest.mark.parametrize(
    ("name", "wish", "words"),
    [
        ("jump", "x", "no action is called jump"),
        ("run", "ctrl+b", "kept free"),
        ("run", "R", "R is again on the same screen"),
        ("run", "?", "? is help on the same screen"),
        ("run", "", "write a key"),
        ("run", 7, "write a key"),
    ],
)
def test_a_wish_that_cannot_be_is_left_out_with_its_reason(
    name: str, wish: object, words: str
) -> None:
    accepted, problems = keys.remap({name: wish}, "settings.json")
    assert accepted == {}
    assert len(problems) == 1
    assert words in problems[0]
    assert problems[0].startswith("settings.json: ")


def test_keys_can_change_places() -> None:
    accepted, problems = keys.remap({"run": "f5", "again": "r"}, "settings.json")
    assert problems == []
    assert accepted == {"run": ("f5",), "again": ("r",)}


def test_a_remapped_key_is_the_one_that_is_named() -> None:
    keymap = {"run": ("f5",)}
    assert ("f5", "run what is missing") in keys.footer(["run", "help"], keymap)
    assert any(written == "f5" for _, written, _ in keys.help_lines(keymap))


def test_the_readme_table_names_every_place() -> None:
    table = keys.markdown()
    for heading in keys.PLACES.values():
        assert f"| {heading} |" in table
