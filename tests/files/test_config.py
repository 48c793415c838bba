"""eval.toml: what is right is typed, what is wrong is told all at once, by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval import config
from tui_eval.config_lines import key_lines
from tui_eval.core import defaults
from tui_eval.errors import ConfigError, InputError


def write(folder: Path, text: str) -> Path:
    path = folder / "eval.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.load(write(folder, text))
    return caught.value.problems


def test_an_empty_file_has_every_default(tmp_path: Path) -> None:
    read = config.load(write(tmp_path, ""))
    assert read.scoring.max_length == 4096
    assert read.scoring.stride is None
    assert read.engine.linger == 120.0
    assert read.candidates == ()
    assert read.curves == defaults.CURVES
    assert read.perplexity == defaults.PERPLEXITY


def test_models_keep_their_order_and_base_is_no_candidate(tmp_path: Path) -> None:
    read = config.load(
        write(
            tmp_path,
            '[models.z]\npath = "org/z"\n[models.base]\npath = "org/b"\n'
            '[models.a-1_x]\npath = "gpt2"\nobjective = "preference"\n',
        )
    )
    assert read.candidates == ("z", "a-1_x")
    assert read.models["a-1_x"].objective == "preference"


def test_every_problem_is_told_with_line_key_and_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "val.jsonl").write_text("{}")
    found = problems(
        tmp_path,
        """
[models.tuned]
pth = "x"
path = "./run"
[data]
validation = "vall.jsonl"
format = "alpca"
[scoring]
max_length = "12"
answers = "every"
[curvs]
[curves]
smothing = 1
diverged = true
[blind_ab]
mode = "opn"
[tasks.t]
metrics = "rouge1"
""",
    )
    told = {line.split()[2]: line for line in found}
    assert told["models.tuned.pth"].startswith("line 3: ")
    assert "did you mean path?" in told["models.tuned.pth"]
    assert "./run" in told["models.tuned.path"]
    assert "did you mean val.jsonl?" in told["data.validation"]
    assert told["data.validation"].startswith("line 6: ")
    assert "did you mean alpaca?" in told["data.format"]
    assert "whole number" in told["scoring.max_length"]
    assert "all, last" in told["scoring.answers"]
    assert "did you mean curves?" in told["curvs"]
    assert "did you mean smoothing?" in told["curves.smothing"]
    assert "a number" in told["curves.diverged"]
    assert "planned or open" in told["blind_ab.mode"]
    assert "list of texts" in told["tasks.t.metrics"]
    assert len(found) == 11
    assert [int(line.split()[1][:-1]) for line in found] == sorted(
        int(line.split()[1][:-1]) for line in found
    )


@pytest.mark.parametrize("name", ["a:b", "a.b", "a b", ""])
def test_a_models_name_is_letters_digits_dash_and_underscore(tmp_path: Path, name: str) -> None:
    (found,) = problems(tmp_path, f'[models."{name}"]\npath = "org/x"\n')
    assert "letters, digits, - and _" in found


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "[data]\nvalidation = val.jsonl\n")
    assert found.startswith("line 2, ")


def test_a_file_that_is_not_utf8_or_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "eval.toml"
    path.write_bytes(b"[data]\n# \xff\n")
    with pytest.raises(ConfigError, match="line 2"):
        config.load(path)
    with pytest.raises(ConfigError, match="can't be read"):
        config.load(tmp_path / "no.toml")


def test_a_bom_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "eval.toml"
    path.write_bytes(b'\xef\xbb\xbf[models.base]\r\npath = "gpt2"\r\n')
    assert config.load(path).models["base"].path == "gpt2"


def test_code_from_a_checkpoint_is_not_offered(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "[scoring]\ntrust_remote_code = true\n")
    assert "never run" in found


def test_a_hub_name_needs_no_folder_but_a_slip_in_a_path_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs" / "checkpoint-10").mkdir(parents=True)
    assert config.load(write(tmp_path, '[models.base]\npath = "Qwen/Qwen2.5-7B"\n'))
    (found,) = problems(tmp_path, '[models.base]\npath = "runs/checkpoint-100"\n')
    assert "did you mean checkpoint-10?" in found


def test_only_names_of_the_same_folder_are_suggested_and_never_its_own(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "absent").symlink_to("nowhere")
    (tmp_path / "dat").mkdir()
    told = problems(
        tmp_path,
        '[data]\ntrain = "/nope"\nvalidation = "loop"\n'
        'test = "absent"\noff_task = "data/x.jsonl"\n',
    )
    assert len(told) == 4
    assert not any("did you mean" in line for line in told)
    assert "can't be followed" in next(line for line in told if "loop" in line)


def test_missing_files_can_be_left_to_the_machine_that_computes(tmp_path: Path) -> None:
    path = write(tmp_path, '[data]\nvalidation = "gone.jsonl"\n')
    with pytest.raises(ConfigError):
        config.load(path)
    assert config.load(path, files=False).data.validation == "gone.jsonl"


def test_a_model_without_a_path_is_told(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, '[models.tuned]\nobjective = "auto"\n')
    assert "names no model" in found


@pytest.mark.parametrize(
    "text",
    [
        "[scoring]\nmax_length = 0\n",
        "[scoring]\nmax_length = 16\nstride = 17\n",
        '[scoring]\ndevice = "gpu0"\n',
        "[scoring]\nlimit = -1\n",
        "[scoring]\nallow_pickle = 1\n",
        "[engine]\nlinger = nan\n",
        "[curves]\ndiverged = -1.0\n",
        "[curves]\ndiverged = inf\n",
        "data = 3\n",
        "models = 3\n",
        "[models]\nbase = 'gpt2'\n",
        "[gate]\nrequire = [1]\n",
        "[generation]\ntop_p = 1.5\n",
    ],
)
def test_values_out_of_bounds_are_told(tmp_path: Path, text: str) -> None:
    assert len(problems(tmp_path, text)) == 1


def test_settings_by_dotted_name(tmp_path: Path) -> None:
    read = config.load(write(tmp_path, "[curves]\nsmoothing = 0.9\n"))
    assert read.setting("curves.smoothing") == 0.9
    assert read.setting("scoring.answers") == "all"
    with pytest.raises(InputError, match="did you mean smoothing"):
        read.setting("curves.smothing")


def test_the_hash_follows_what_is_set_not_how_it_is_written(tmp_path: Path) -> None:
    one = config.parse("[scoring]\nlimit = 5\nseed = 1\n", tmp_path).hash
    other = config.parse("# words\n\n[scoring]\nseed = 1\nlimit = 5\n", tmp_path).hash
    assert one == other
    assert one != config.parse("[scoring]\nlimit = 6\nseed = 1\n", tmp_path).hash


def test_data_fields_know_their_line(tmp_path: Path) -> None:
    read = config.load(write(tmp_path, '[data]\n\nanswer = "reply"\n'))
    assert read.data.place("answer") == "eval.toml line 3, data.answer"
    assert read.data.place("prompt") == "data.prompt"


def test_find_looks_upwards(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = write(tmp_path, "")
    assert config.find(inner) == path
    assert config.load(path).resolve("x/y") == tmp_path / "x" / "y"


def test_lines_survive_strings_comments_and_lists() -> None:
    text = '''# [no]
a = """
[not.a.table]
b = 1
"""
c = [ # ]
  "x = 1", [2],
]
[t] # = "
d = { e = 1, f = "}" }
"quoted key" = 'x # y'
[[many]]
g.h = 1
'''
    lines = key_lines(text)
    assert lines[("a",)] == 2
    assert lines[("c",)] == 6
    assert lines[("t", "d")] == 10
    assert lines[("t", "quoted key")] == 11
    assert lines[("many", "g", "h")] == 13
    assert ("not", "a", "table") not in lines
    assert ("b",) not in lines


def read_or_refused(text: str) -> config.Config | ConfigError:
    try:
        return config.parse(text, Path("/nowhere"), files=False)
    except ConfigError as error:
        return error


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    outcome = read_or_refused(text)
    assert isinstance(outcome, config.Config) or outcome.problems


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), min_size=1, max_size=4))
def test_hostile_keys_are_refused_by_name(entries: dict[str, str]) -> None:
    body = "".join(f"{json.dumps(k)} = {json.dumps(v)}\n" for k, v in entries.items())
    outcome = read_or_refused("[scoring]\n" + body)
    known = {"device", "device_map", "dtype", "answers"}
    assert isinstance(outcome, ConfigError) or set(entries) <= known


def test_a_team_rewords_the_levels_of_a_criterion() -> None:
    text = '[review]\nsamples = 30\n[review.anchors]\nformat = ["a", "b", "c", "d", "e"]\n'
    read = config.parse(text, Path("/nowhere"), files=False)
    assert read.anchors == {"format": ("a", "b", "c", "d", "e")}
    assert read.review["samples"] == 30


def test_anchors_that_are_no_five_texts_are_told_with_their_line() -> None:
    text = '[review.anchors]\nacuracy = ["a"]\nformat = ["a", "b"]\n'
    with pytest.raises(ConfigError) as caught:
        config.parse(text, Path("/nowhere"), files=False)
    told = str(caught.value)
    assert "line 2: review.anchors.acuracy is not a known criterion; did you mean accuracy?" in told
    assert "line 3: review.anchors.format has to be a list of five texts" in told


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("[overfitting]\ngap_some = 0.6", "line 2: overfitting.gap_some puts gap_some (0.6) above"),
        ("[overfitting]\ngap_high = 0.1", "line 2: overfitting.gap_high puts gap_some (0.2) above"),
        ("[overfitting]\nnear_duplicate = 0.0", "line 2: overfitting.near_duplicate is 0.0, but"),
        ("[overfitting]\nnear_duplicate = 1.5", "above 0 and at most 1"),
        ("[overfitting]\ncopy_run = 7", "line 2: overfitting.copy_run is 7, but has to be at"),
        ("[overfitting]\n\nrows = -1", "line 3: overfitting.rows is -1, but has to be at least 0"),
        ("[overfitting]\nleak_bad = 5", "overfitting.leak_bad is 5, but has to be at least 0 and"),
        ("[overfitting]\nlow_diversity = nan", "low_diversity is nan"),
        ("[overfitting]\ngap_high = inf", "is inf, but has to be a finite number, at least 0"),
        (
            "[curves]\nsmoothing = 1.0",
            "curves.smoothing is 1.0, but has to be at least 0",
        ),
        ("[curves]\nnot_decreased_p = 0", "has to be above 0 and below 1"),
        ("[perplexity]\ntruncated_caution = 1.1", "perplexity.truncated_caution is 1.1"),
        ("[review]\nlow_mean = 4.5", "puts low_mean (4.5) above good_mean (4.0)"),
        ("[review]\ngood_score = 6", "has to be at least 1 and at most 5"),
        ("[blind_ab]\nsignificance = 5.0", "blind_ab.significance is 5.0"),
        ("[blind_ab]\nrepeats = 2.0", "blind_ab.repeats is 2.0"),
    ],
)
def test_absurd_thresholds_are_told_with_their_line(lines: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(lines + "\n", tmp_path)
    assert told in " ".join(caught.value.problems)


def test_every_range_is_of_a_setting_and_holds_its_default() -> None:
    from tui_eval import config_ranges
    from tui_eval.core.overlap import SEED

    for section, ranges in config_ranges.RANGES.items():
        for key, allowed in ranges.items():
            value = config.THRESHOLDS[section][key]
            assert allowed.fault(float(value)) == "", (section, key)
    for section, low, high in config_ranges.ORDERED:
        found = config.THRESHOLDS[section]
        assert float(found[low]) <= float(found[high])
    assert config_ranges.RANGES["overfitting"]["copy_run"].least == SEED
