"""What signs somebody in stays at home when a report is handed on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.files import made_report
from tui_eval import config as settings
from tui_eval.core.records import Job
from tui_eval.files import report
from tui_eval.files.report import gather
from tui_eval.files.settings import HIDDEN, secret_name, without_secrets
from tui_eval.store.workspace import Workspace

SERVERS = """
# api_key = "SECRET-7"
[models.vendor]
url = "https://me:SECRET-1@host/v1?api_key=SECRET-2#SECRET-3"
served_model = "m"

[models.other]
url = "https://us\\u0065r:SECRET-4\\u0040other-host/v1\\u003ftoken=SECRET-5"
served_model = "m"

[data]"""


def test_in_every_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made_report.workspace(tmp_path / "w")
    path = place.folder / "eval.toml"
    path.write_text(path.read_text().replace("[data]", SERVERS))
    config = settings.load(path, files=False)
    opened = Workspace.open(place.folder)
    opened.catch_up()
    job = opened.request("score", {})
    tried = replace(job, state="failed", error="https://me:SECRET-6@host/v1 refused")
    last: dict[tuple[str, str], Job] = {("tuned", "perplexity"): tried}
    monkeypatch.setattr(gather, "last_tries", lambda _: last)
    names = ("tuned", "vendor", "other")
    material = gather.gather(opened, config, names, now=made_report.NOW)
    opened.close()
    for format in report.FORMATS:
        text = report.text(material, format).replace("\u2060", "")
        assert "SECRET" not in text
        assert "…@host/v1?…" in text
        assert "…@other-host/v1?…" in text
        assert "refused" in text


@pytest.mark.parametrize(
    "text",
    [
        'url = "https://me:SECRET@host/v1"',
        'url = "https://host/v1?api_key=SECRET"',
        'url = "https://host/v1#SECRET"',
        'url = "https://host/v1\\u003fapi_key=SECRET"',
        'url = "https://me:a\\"SECRET@host"',
        "url = 'https://me:a\"SECRET@host'",
        'url = "https://me:a/SECRET@host/v1"',
        'url = "https://me:a?SECRET@host/v1"',
        "HTTPS://me:SECRET@host",
        r"https:\/\/me:SECRET@host",
        "told of https://host/a?b=SECRET in words",
        '# api_key = "SECRET"',
        'apiKey="SECRET"',
        "HF_TOKEN: SECRET",
        "'api-key' = 'SECRET'",
        'password = """\nSECRET\n"""',
        "client_secret = '''\nSECRET\n'''",
        'headers = { Authorization = "Bearer SECRET", x = 1 }',
        'secrets = ["SECRET",\n "SECRET"]',
    ],
)
def test_a_text_of_settings(text: str) -> None:
    assert "SECRET" in text
    told = without_secrets(text)
    assert "SECRET" not in told
    assert HIDDEN in told


@pytest.mark.parametrize(
    "text",
    [
        "max_new_tokens = 16\n[tokenizer]\nmonkey = 3",
        "https://host:8000/@scope/name",
        'path = "hf://datasets/x"',
        "me@host.org",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_names() -> None:
    assert all(map(secret_name, ("api_key", "apiKey", "HF_TOKEN", "password", "client-secret")))
    assert not any(map(secret_name, ("max_new_tokens", "tokenizer", "monkey", "keyboard")))
