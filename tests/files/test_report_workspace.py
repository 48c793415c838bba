"""The report of a workspace: what it was made from, who judged, and what stays blind."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests import judgements
from tests.files import made_report
from tests.files.made_rounds import Made
from tui_eval.errors import InputError
from tui_eval.files import report
from tui_eval.files.evidence import FileCache
from tui_eval.files.judging import open_ab
from tui_eval.files.report import writing
from tui_eval.files.report.gather import Material
from tui_eval.files.report.handed_on import shortener
from tui_eval.files.signing import sign
from tui_eval.store import files as lines
from tui_eval.store.workspace import Workspace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    found = made_report.workspace(tmp_path_factory.mktemp("report") / "w")
    made_report.judged(found, "ana", unblind=False)
    made_report.judged(found, "bo", unblind=True)
    return found


@pytest.fixture(scope="module")
def material(place: Made) -> Material:
    return made_report.gathered(place)


def told(material: Material) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report.text(material, "json"))
    return found


def test_data_are_named_by_content_and_rows(place: Made, material: Material) -> None:
    (data,) = [one for one in told(material)["provenance"]["data"] if one["name"] == "validation"]
    path = place.folder / place.config.data.validation  # type: ignore[operator]
    assert data["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (data["rows"], data["used"], data["skipped"]) == (63, 61, 2)
    assert sum(data["reasons"].values()) == 2
    assert [row["row"] for row in data["skipped_rows"]] == [62, 63]


def test_nothing_tells_where_the_workspace_lay(place: Made, material: Material) -> None:
    for kind in ("html", "markdown", "json"):
        assert str(place.folder) not in report.text(material, kind)
    used = material.readings["tuned"]["perplexity"].how
    assert any(f"rows of {place.config.data.validation}." in one for one in used)
    assert told(material)["folder"] == place.folder.name


def test_paths_are_named_from_the_workspace_and_from_home() -> None:
    short = shortener(Path("/home/ana/w"), Path("/home/ana"))
    assert short("Read from /home/ana/w/runs/a.json.") == "Read from runs/a.json."
    assert short("/home/ana/w") == "~/w"
    assert short("/home/ana/models/x and /home/anabel/y") == "~/models/x and /home/anabel/y"
    assert short("/home/ana/w-2/x") == "~/w-2/x"
    assert short("/mnt/home/ana/w/x") == "/mnt/home/ana/w/x"
    outside = shortener(Path("/data/w"), Path("/"))
    assert (outside("/data/w"), outside("/data/v")) == ("w", "/data/v")


def test_settings_in_force_say_where_they_were_set(material: Material) -> None:
    settings = {one["name"]: one for one in told(material)["provenance"]["settings"]}
    assert settings["blind_ab.pairs"]["value"] == 20
    assert settings["blind_ab.pairs"]["line"]
    assert settings["scoring.seed"] == {"name": "scoring.seed", "value": 0, "line": None}
    assert settings["models.base.path"]["value"] == "org/Zephyrine-1B"


def test_judges_their_rounds_and_journals_are_named(place: Made, material: Material) -> None:
    found = told(material)["provenance"]
    assert {one["judge"] for one in found["judges"]} == {"ana", "bo"}
    for one in found["judges"]:
        content = (place.folder / "judgements" / one["file"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["events"] == len(content.splitlines())
    rounds = {one["step"]: one for one in found["rounds"]}
    assert rounds["review"]["models"] == ["tuned"]
    assert rounds["blind_ab"]["models"] == ["tuned", "base"]
    assert [judge["done"] for judge in rounds["review"]["judges"]] == [10, 10]
    assert rounds["blind_ab"]["unblinded_by"] == "bo"


def test_what_was_judged_is_repeated_from_files_that_are_named(
    place: Made, material: Material
) -> None:
    told_ = told(material)["provenance"]["commands"]
    said = "\n".join(told_)
    facts = place.folder / ".tui-eval" / "facts"
    needed = [*(place.folder / "judgements").glob("*.jsonl"), *facts.glob("*-judged-*.jsonl")]
    assert len(needed) == 3
    for path in needed:
        assert f"#   {path.relative_to(place.folder)}" in told_
    assert "import" not in said


def test_the_whole_template_and_system_prompt_are_there(tmp_path: Path) -> None:
    place = made_report.workspace(tmp_path / "w", "Be brief.\nAnd kind.")
    template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    (place.folder / "t.jinja").write_text(template)
    path = place.folder / "eval.toml"
    path.write_text(path.read_text().replace("[prompt]\n", '[prompt]\ntemplate = "t.jinja"\n'))
    material = made_report.gathered(
        Made(place.folder, made_report.settings.load(path, files=False))
    )
    prompt = told(material)["provenance"]["prompts"]["tuned"]
    assert prompt["template"] == template
    assert prompt["sha256"] == hashlib.sha256(template.encode()).hexdigest()
    assert prompt["system"] == {"tuned": "Be brief.\nAnd kind.", "base": "Be brief.\nAnd kind."}
    page = report.text(material, "html")
    assert "&lt;{{ m.role }}&gt;{{ m.content }}" in page
    assert template in report.text(material, "markdown")


def test_a_password_in_an_address_stays_at_home(tmp_path: Path) -> None:
    place = made_report.workspace(tmp_path / "w")
    path = place.folder / "eval.toml"
    server = '[models.vendor]\nurl = "https://me:secret@host/v1"\nserved_model = "m"\n\n[data]'
    path.write_text(path.read_text().replace("[data]", server))
    material = made_report.gathered(
        Made(place.folder, made_report.settings.load(path, files=False))
    )
    for format in report.FORMATS:
        text = report.text(material, format)
        assert "secret" not in text
        assert "@host" in text.replace("\u2060", "")


def test_the_decision_is_told_with_who_and_what_changed(tmp_path: Path) -> None:
    place = made_report.workspace(tmp_path / "w")
    opened = Workspace.open(place.folder)
    opened.catch_up()
    sign(opened, place.config, "tuned", "ana", "hold", "not yet", {}, FileCache())
    opened.close()
    text = report.text(made_report.gathered(place), "markdown")
    assert "> **hold**. Signed by ana" in text
    assert "> not yet" in text
    data = place.folder / place.config.data.validation  # type: ignore[operator]
    data.write_text(data.read_text() + '{"prompt": "new", "answer": "new"}\n')
    material = made_report.gathered(place)
    assert "> **hold, out of date**." in report.text(material, "markdown")
    assert told(material)["decisions"]["tuned"]["stale"] is True


# Blindness.


def test_an_open_comparison_gives_no_direction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchanging every vote changes nothing but the journals' own hashes; once unblinded it
    does, so that the test would see a direction."""
    texts, opened = [], []
    for turn in (False, True):
        # How long a judge takes is told, and must not tell the two apart.
        clock = count()
        monkeypatch.setattr(lines, "now", lambda clock=clock: moment(next(clock)))
        place = made_report.workspace(tmp_path / str(turn) / "w")
        vote(place, turn)
        material = made_report.gathered(place)
        assert told(material)["readings"]["candidates"]["tuned"]["steps"]["blind_ab"][
            "verdict"
        ] == ("waiting")
        texts.append([plain(report.text(material, name)) for name in report.FORMATS])
        judgements.compare(place.folder, judge="ana", most=0, unblind=True)
        opened.append(plain(report.text(made_report.gathered(place), "html")))
    assert texts[0] == texts[1]
    assert opened[0] != opened[1]


def moment(seconds: int) -> str:
    return f"2026-01-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000Z"


def vote(place: Made, turn: bool) -> None:
    opened = place.workspace()
    opened.catch_up()
    session = open_ab(opened, place.config, "tuned", judge="ana")
    other = {"left": "right", "right": "left", "tie": "tie", "both_bad": "both_bad"}
    for token in tuple(session.order):
        side = judgements.preferred(session.pair(token))
        session.vote(token, other[side] if turn else side)  # type: ignore[arg-type]
    session.close()
    opened.close()


def plain(text: str) -> str:
    """Without what names a journal, and the folder."""
    text = re.sub(r"\b[0-9a-f]{8,64}\b", "HEX", text)
    return re.sub(r"/[^\s\"<]*/(False|True)\b", "FOLDER", text)


def test_seeds_of_an_open_comparison_are_not_told(tmp_path: Path) -> None:
    place = made_report.workspace(tmp_path / "w")
    made_report.judged(place, unblind=False)
    rounds = {one["step"]: one for one in told(made_report.gathered(place))["provenance"]["rounds"]}
    assert rounds["blind_ab"]["judges"][0]["seed"] is None
    assert rounds["review"]["judges"][0]["seed"] == 0
    judgements.compare(place.folder, judge="bo", unblind=True)
    rounds = {one["step"]: one for one in told(made_report.gathered(place))["provenance"]["rounds"]}
    assert rounds["blind_ab"]["judges"][0]["seed"] == 0


# On the disk.


def test_all_three_are_written_and_written_again(material: Material, tmp_path: Path) -> None:
    first = writing.write_all(material, tmp_path)
    assert [path.name for path in first] == ["report.html", "report.md", "report.json"]
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(path.name for path in first)
    for path in first:
        path.chmod(0o640)
    writing.write_all(material, tmp_path)
    assert all(path.stat().st_mode & 0o777 == 0o640 for path in first)
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(path.name for path in first)


@pytest.mark.parametrize("name", ["report.html", "report.md", "report.json"])
def test_a_file_that_is_no_report_stays(name: str, material: Material, tmp_path: Path) -> None:
    other = tmp_path / name
    other.write_text("a person's own work")
    with pytest.raises(InputError, match="no report of tui-eval's"):
        writing.write_all(material, tmp_path)
    assert other.read_text() == "a person's own work"
    assert [one.name for one in tmp_path.iterdir()] == [name], "nothing half written"


def test_a_link_to_another_file_is_not_written_through(material: Material, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    (tmp_path / "report.html").symlink_to(other)
    with pytest.raises(InputError):
        writing.write(tmp_path / "report.html", report.text(material, "html"))
    assert other.read_text() == "mine"
