"""What is found around a checkpoint: shown, corrected, then written as eval.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval import config as settings
from tui_eval.config import FILE_NAME, Config, DataConfig
from tui_eval.core.records import Sample, SkippedRow, Split
from tui_eval.core.steps.run import eval_keys
from tui_eval.errors import InputError, TuiEvalError
from tui_eval.files import hub_cache, nearby
from tui_eval.files.checkpoint import Checkpoint, expanded, look, resolve_model, template_of
from tui_eval.files.datasets.reader import Tally, check, preview, to_sample, usable_rows
from tui_eval.files.logs import read_log
from tui_eval.files.need import free_memory, gigabytes, weight_bytes
from tui_eval.files.raw import entries, is_file, is_folder, no_file, relative, why

if TYPE_CHECKING:
    from tui_eval.files.found_tasks import FoundTask

MOST_ROWS = 20_000
"""Rows of the validation file that are looked at before the first screen."""
EXAMPLES = 5
_PROBED = 50


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A line of the opening screen. ``value`` is empty where nothing was found; ``source``
    says where from. All texts are raw."""

    key: str
    value: str
    source: str = ""
    problem: str = ""
    choices: tuple[str, ...] = ()
    missing: bool = False
    """Has to be asked for: a step cannot do without it."""


@dataclass(frozen=True, slots=True)
class Found:
    checkpoint: Checkpoint
    rows: tuple[FoundRow, ...]
    given: Mapping[str, str] = field(default_factory=dict)
    """What a person chose, by row."""
    base: str | None = None
    """The base as eval.toml will name it: an absolute path or a hub name."""
    log: Path | None = None
    validation: Path | None = None
    train: Path | None = None
    test: Path | None = None
    off_task: Path | None = None
    tasks: tuple[FoundTask, ...] = ()
    template: str = "chat"
    usable_rows: int = 0
    bad_rows: int = 0
    skipped: tuple[SkippedRow, ...] = ()
    examples: tuple[Sample, ...] = ()
    """The first usable validation rows."""
    most_rows: int = MOST_ROWS

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(row.key for row in self.rows if row.missing)

    @property
    def example(self) -> str:
        return rendered(self.examples[0]) if self.examples else ""

    def row(self, key: str) -> FoundRow:
        return next(row for row in self.rows if row.key == key)

    def with_choice(self, key: str, value: str) -> Found:
        """The same with a row corrected: a path (from the current folder), for ``base``
        also a hub name, for ``prompt`` chat or plain; an empty value undoes a choice."""
        if key not in _KEYS:
            raise InputError(
                f"There is nothing called {key} to choose.", settings.nearest(key, tuple(_KEYS))
            )
        given = {**self.given, key: value}
        start = Path.cwd() / expanded(value) if key == "tuned" and value else self.checkpoint.path
        return _find(start, {name: text for name, text in given.items() if text}, self.most_rows)

    def to_toml(self, folder: Path | None = None) -> str:
        """A commented eval.toml for ``folder`` (default: the current one)."""
        from tui_eval.files.found_toml import to_toml

        return to_toml(self, (folder or Path.cwd()).absolute())

    def to_config(self, folder: Path) -> Config:
        return settings.parse(self.to_toml(folder), folder.absolute(), files=False)

    def write(self, folder: Path) -> Path:
        """Write eval.toml; one that is there is never replaced."""
        path = folder.absolute() / FILE_NAME
        text = self.to_toml(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError as error:
            raise InputError(
                f"{path} exists already.", "Edit it, or name another folder with -w DIR."
            ) from error
        except OSError as error:
            raise InputError(
                f"{path} can't be written: {why(error)}.", "Name another folder with -w DIR."
            ) from error
        return path


_SPLITS: dict[str, Split] = {"validation": "validation", "training": "train"}
_KEYS = ("tuned", "base", "log", "validation", "training", "tasks", "prompt", "memory")
NO_TASKS, TASKS_FOUND = "none", "as found"


def find_all(
    checkpoint: Path,
    *,
    base: str | None = None,
    train: Path | str | None = None,
    validation: Path | str | None = None,
    most_rows: int = MOST_ROWS,
) -> Found:
    """Everything that lies around a checkpoint. Raises InputError where a path that was
    given names nothing; what is merely not found is a row that says so.

    At most ``most_rows`` of the validation rows are looked at; 0: all.
    """
    given = {"base": base, "training": train, "validation": validation}
    chosen = {key: str(value) for key, value in given.items() if value}
    for key in ("training", "validation"):
        if key in chosen:
            _refuse_absent(key, chosen[key])
    return _find(checkpoint, chosen, most_rows)


def rendered(sample: Sample) -> str:
    """A sample in words: each turn's role, then its text."""
    if sample.text is not None:
        return sample.text
    return "\n\n".join(f"{turn.role}\n{turn.content}" for turn in sample.messages)


def _find(start: Path, given: Mapping[str, str], most_rows: int) -> Found:
    checkpoint = look(start)
    found = Found(checkpoint=checkpoint, rows=(), given=given, most_rows=most_rows)
    for add in (_tuned, _base, _log, _validation, _training, _others, _tasks, _prompt, _memory):
        found = add(found)
    return found


def _with(found: Found, row: FoundRow, **values: object) -> Found:
    return replace(found, rows=(*found.rows, row), **values)  # type: ignore[arg-type]


def _judges_model(found: Found) -> bool:
    return found.checkpoint.kind in ("adapter", "full")


def _tuned(found: Found) -> Found:
    checkpoint = found.checkpoint
    choices = tuple(_shown(path) for path in checkpoint.siblings)
    if not _judges_model(found):
        problem = {
            "log_only": "no model here: the training log alone can be judged",
            "empty": "nothing to judge in this folder: no model, no checkpoint, no log",
        }[checkpoint.kind]
        row = FoundRow("tuned", "", checkpoint.path.name, problem, choices)
        return _with(found, replace(row, missing=checkpoint.kind == "empty"))
    parts = ["full model"]
    if checkpoint.kind == "adapter":
        parts = ["LoRA adapter" if checkpoint.rank else "adapter"]
        parts += [f"r {checkpoint.rank}"] if checkpoint.rank else []
    if checkpoint.epochs:
        parts.append(f"{checkpoint.epochs:.3g} epoch{'s' if checkpoint.epochs > 1 else ''}")
    if checkpoint.global_step is not None:
        parts.append(f"step {checkpoint.global_step}")
    problems = list(checkpoint.notes)
    if checkpoint.pickle_only:
        problems.append("its weights are pickles, which may run code: refused unless allowed")
    if checkpoint.remote_code:
        problems.append("it asks for code of its own, which is never run")
    source = "adapter_config.json" if checkpoint.kind == "adapter" else "config.json"
    row = FoundRow("tuned", ", ".join(parts), source, "; ".join(problems), choices)
    return _with(found, row)


def _base(found: Found) -> Found:
    checkpoint = found.checkpoint
    if not _judges_model(found):
        return _with(found, FoundRow("base", "", problem="nothing to compare without a model"))
    named, source = found.given.get("base"), "given"
    path = resolve_model(named, Path.cwd()) if named else checkpoint.base_path
    if not named:
        named, source = checkpoint.base, checkpoint.base_source
    choices = (
        *(_shown(folder) for folder in nearby.model_folders(checkpoint.path)),
        *hub_cache.names(),
    )
    if path is None:
        problem = "not found on this machine: download it, or choose a folder"
        problem = problem if named else "not found: name the model that it was trained on"
        row = FoundRow("base", named or "", source, problem, choices, missing=True)
        return _with(found, row, base=named)
    is_name = not is_folder(Path.cwd() / expanded(named or "")) and hub_cache.is_name(named or "")
    cached = is_name and hub_cache.snapshot(named or "") == path
    value = f"{named}, in the cache" if cached else _shown(path)
    problem = "" if look(path).kind == "full" else "no full model lies there"
    row = FoundRow("base", value, source, problem, choices)
    return _with(found, row, base=named if cached else str(path.absolute()))


def _log(found: Found) -> Found:
    given = found.given.get("log")
    path = Path.cwd() / expanded(given) if given else found.checkpoint.trainer_state
    choices = tuple(_shown(log) for log in nearby.logs(found.checkpoint.path))
    beside = None if path is not None else nearby.captured_beside(found.checkpoint.path)
    path = path or beside
    if path is None:
        problem = "not found: step 1 needs it"
        return _with(found, FoundRow("log", "", "", problem, choices, missing=True))
    try:
        log = read_log(path, judged_step=found.checkpoint.global_step)
    except TuiEvalError as error:
        row = FoundRow("log", "", _shown(path), error.message, choices, missing=True)
        return _with(found, row)
    points = len(log.series.get("loss", ()))
    evals = [len(log.series[key]) for key in eval_keys(log)]
    value = f"{path.name}, {_count(points, 'point')}, {_count(max(evals, default=0), 'eval')}"
    source = "given" if given else "beside the run" if beside else path.absolute().parent.name
    row = FoundRow("log", value, source, "; ".join(log.notes), choices)
    return _with(found, row, log=path.absolute())


def _validation(found: Found) -> Found:
    path, source, choices = _data_file(found, "validation")
    if path is None:
        problem = "not found: step 2 needs it"
        needed = _judges_model(found)
        return _with(found, FoundRow("validation", "", "", problem, choices, missing=needed))
    tally = Tally()
    examples: list[Sample] = []
    problem = ""
    try:
        for usable in usable_rows(path, "validation", DataConfig(), tally):
            if len(examples) < EXAMPLES:
                examples.append(to_sample(usable, "validation", path.name))
            if tally.rows == found.most_rows:
                break
        check(path, "validation", DataConfig(), tally)
    except TuiEvalError as error:
        problem = error.message.split("\n")[0]
        if tally.skipped:
            first = tally.skipped[0]
            problem = f"{problem} row {first.row}, {first.reason}"
    usable_count = tally.rows - tally.bad
    more = "the first " if tally.rows == found.most_rows else ""
    value = f"{path.name}, {more}{_count(usable_count, 'row')} of {tally.shape}" if examples else ""
    if examples and tally.bad:
        problem = f"{_count(tally.bad, 'bad row')} skipped, first in line {tally.skipped[0].row}"
    row = FoundRow("validation", value, source, problem, choices, missing=not examples)
    return _with(
        found,
        row,
        validation=path if examples else None,
        usable_rows=usable_count,
        bad_rows=tally.bad,
        skipped=tuple(tally.skipped),
        examples=tuple(examples),
    )


def _training(found: Found) -> Found:
    path, source, choices = _data_file(found, "training")
    if path is None:
        problem = "not found: step 3 needs it"
        needed = _judges_model(found)
        return _with(found, FoundRow("training", "", "", problem, choices, missing=needed))
    try:
        shape = preview(path, DataConfig(), split="train", rows=_PROBED).shape
    except TuiEvalError as error:
        said = error.message.split("\n")[0].rstrip(":")
        row = FoundRow("training", "", source, said, choices, missing=True)
        return _with(found, row)
    same = found.validation is not None and path.resolve() == found.validation.resolve()
    problem = "this is the validation file" if same else ""
    row = FoundRow("training", f"{path.name}, rows of {shape}", source, problem, choices)
    return _with(found, row, train=path)


def _others(found: Found) -> Found:
    """Test and off-task files, where their names leave no doubt."""
    files = nearby.data_files(found.checkpoint.path)
    plain = {
        purpose: next((p for p in files if nearby.stem(p) in nearby.WORDS[purpose]), None)
        for purpose in ("test", "off_task")
    }
    return replace(found, test=plain["test"], off_task=plain["off_task"])


def _tasks(found: Found) -> Found:
    """No row where no file looks like a task: there is nothing to confirm."""
    if not _judges_model(found):
        return found
    if found.given.get("tasks") == NO_TASKS:
        row = FoundRow("tasks", "", "", f"{NO_TASKS}, as chosen", (TASKS_FOUND, NO_TASKS))
        return _with(found, row)
    # Only where there is data: it imports what knows metrics.
    from tui_eval.files import found_tasks

    chosen = [path for path in (found.test or found.validation,) if path is not None]
    besides = [path for path in (found.train, found.off_task) if path is not None]
    tasks = found_tasks.tasks_near(found.checkpoint.path, chosen, besides)
    found = replace(found, tasks=tasks)
    on = [one for one in tasks if not one.off]
    code = [one for one in tasks if one.off == found_tasks.RUNS_CODE]
    if not on and not code:
        return found
    problem = f"{found_tasks.in_words(code)}: off, it runs what the models write" if code else ""
    choices = (TASKS_FOUND, NO_TASKS)
    return _with(found, FoundRow("tasks", found_tasks.in_words(on), "", problem, choices))


def _data_file(found: Found, purpose: str) -> tuple[Path | None, str, tuple[str, ...]]:
    """The file, where it is from, and what else could be chosen."""
    files = nearby.data_files(found.checkpoint.path)
    choices = tuple(_shown(path) for path in files)
    given = found.given.get(purpose)
    if given:
        return (Path.cwd() / expanded(given)).absolute(), "given", choices
    if not _judges_model(found):
        return None, "", choices
    for path in nearby.named(files, purpose):
        try:
            preview(path, DataConfig(), split=_SPLITS[purpose], rows=_PROBED)
        except TuiEvalError:
            continue
        beside = path.parent in (found.checkpoint.path.absolute(), *found.checkpoint.siblings)
        return path, "beside it" if beside else relative(path.parent, Path.cwd()), choices
    return None, "", choices


def _prompt(found: Found) -> Found:
    chosen = found.given.get("prompt")
    own = found.checkpoint.chat_template
    base = resolve_model(found.base, Path.cwd()) if found.base else None
    theirs = template_of(base) if base is not None and own is None else None
    unknown = found.base is not None and base is None and not found.checkpoint.has_tokenizer
    can_chat = own is not None or theirs is not None or unknown
    problem = ""
    if chosen in ("chat", "plain"):
        value, template, source = f"{chosen}, as chosen", chosen, "given"
        if chosen == "chat" and not can_chat:
            problem = "there is no chat template: choose plain, or a Jinja file"
    elif chosen:
        value, template, source = chosen, str((Path.cwd() / expanded(chosen)).absolute()), "given"
        if not is_file(Path(template)):
            fault = no_file(Path(template))
            problem = f"{chosen} {fault}" if fault else f"there is no file {chosen}"
    elif own is not None:
        value, template, source = "the checkpoint's chat template", "chat", "tokenizer"
    elif theirs is not None:
        value, template, source = "the base model's chat template", "chat", "base"
    elif unknown:
        value, template, source = "the base model's chat template, if it has one", "chat", ""
    else:
        value, template, source = "plain (there is no chat template)", "plain", ""
    choices = ("chat", "plain") if can_chat else ("plain",)
    row = FoundRow("prompt", f"{value}, no system prompt", source, problem, choices)
    return _with(found, row, template=template)


def _memory(found: Found) -> Found:
    if not _judges_model(found):
        return found
    base = resolve_model(found.base, Path.cwd()) if found.base else None
    weights = list(found.checkpoint.weights)
    if found.checkpoint.kind == "adapter" and base is not None:
        weights += look(base).weights
    free = free_memory()
    need = weight_bytes(weights, gpu=free.gpu)
    known = found.checkpoint.kind == "full" or base is not None
    told = f"needs {gigabytes(need)} for the weights" if known else "unknown without the base"
    has = f"; {free.name} has {gigabytes(free.bytes)} free" if free.bytes is not None else ""
    problem = "more than is free" if known and free.bytes and need > free.bytes else ""
    return _with(found, FoundRow("memory", told + has, "", problem))


def _refuse_absent(key: str, value: str) -> None:
    """Raises InputError where a given path names nothing that rows could be read from, with
    the nearest name that does in the same folder."""
    path = Path.cwd() / expanded(value)
    if is_file(path) or is_folder(path):
        return
    fault = no_file(path)
    if fault:
        raise InputError(f"The {key} file {value} {fault}.", "Name a file of rows.")
    beside = (p for p in entries(path.parent) if is_file(p) or (is_folder(p) and nearby.is_data(p)))
    names = tuple(p.name for p in beside)
    near = settings.nearest(path.name, names)
    remedy = near if near.startswith("did") else "Name a file of rows."
    raise InputError(f"There is no {key} file {value}.", remedy)


def _shown(path: Path) -> str:
    return relative(path, Path.cwd())


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
