"""The HTML report in a real browser: it asks for nothing, complains of nothing, and what
means harm is text. Skipped where there is no Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, needs_chromium
from tests.files import made_report
from tests.files.made_report import HOSTILE
from tui_eval.core.text import clean
from tui_eval.files import report

pytestmark = needs_chromium

CONTRAST = """
(() => {
  const light = (c) => {
    const part = c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * part[0] + .7152 * part[1] + .0722 * part[2];
  };
  const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const back = light(rgb(getComputedStyle(document.body).backgroundColor));
  const found = {};
  for (const one of document.querySelectorAll(".tone, .quiet, p, dt, a, th, code, summary")) {
    const l = light(rgb(getComputedStyle(one).color));
    const ratio = (Math.max(l, back) + .05) / (Math.min(l, back) + .05);
    const name = one.className || one.tagName;
    found[name] = Math.min(found[name] || 99, ratio);
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = made_report.workspace(tmp_path_factory.mktemp("page") / "w", HOSTILE)
    made_report.judged(place, judge="Bo <i>|`x`</i>")
    material = made_report.with_readings(made_report.gathered(place), HOSTILE)
    path = place.folder / "report.html"
    path.write_text(report.text(material, "html"))
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="module")
def opened(browser: Browser, page: Path) -> Browser:
    browser.look()
    browser.open(page)
    return browser


def test_nothing_is_asked_for_and_nothing_complained_of(opened: Browser, page: Path) -> None:
    assert opened.run("document.readyState") == "complete"
    assert opened.requests() == [page.as_uri()]
    assert opened.complaints() == []


def test_what_means_harm_is_text(opened: Browser) -> None:
    strange = "img, iframe, object, embed, link, base, form, input, textarea, video, audio, b, i"
    assert opened.run(f"document.querySelectorAll('{strange}').length") == 0
    assert opened.run("document.scripts.length") == 1
    handlers = (
        "[...document.querySelectorAll('*')].filter(e => [...e.attributes]"
        ".some(a => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value))).length"
    )
    assert opened.run(handlers) == 0
    shown = opened.run("document.querySelector('.decision blockquote').textContent")
    assert shown == clean(HOSTILE.strip(), newlines=True)


def test_the_policy_holds_against_what_would_be_added(opened: Browser) -> None:
    """Also were something not escaped, nothing would run or leave."""
    before = len(opened.requests())
    opened.run(
        "document.body.insertAdjacentHTML('beforeend',"
        ' \'<img id=evil src="http://127.0.0.1:9/x.png" onerror="window.harmed = 1">\')'
    )
    opened.run("new Promise(done => setTimeout(done, 200))")
    assert opened.run("window.harmed === undefined")
    sent = [one for one in opened.requests()[before:] if not one.startswith("file:")]
    refused = [one for one in opened.events if one.get("method") == "Network.loadingFailed"]
    assert len(refused) >= len(sent), "what is asked for is blocked before it leaves"
    assert all(one["params"].get("blockedReason") == "csp" for one in refused)
    opened.run("document.getElementById('evil').remove()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(opened: Browser, scheme: str) -> None:
    opened.look(scheme=scheme)  # type: ignore[arg-type]
    found = opened.run(CONTRAST)
    assert {"quiet", "tone caution", "P"} <= found.keys()
    assert min(found.values()) >= 4.5, found
    bright = opened.run("getComputedStyle(document.body).backgroundColor")
    assert (bright == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("width", [320, 390, 1100])
def test_no_page_is_wider_than_its_screen(opened: Browser, width: int) -> None:
    opened.look(width)
    assert opened.run("document.documentElement.scrollWidth") <= width
    small = opened.run(
        "[...document.querySelectorAll('svg')].every(s => s.getBoundingClientRect().right <="
        " innerWidth)"
    )
    assert small


def test_a_head_sorts_its_table(opened: Browser) -> None:
    opened.look()
    values = (
        "(() => { const t = [...document.querySelectorAll('table')]"
        ".find(t => t.tHead && [...t.tHead.rows[0].cells].some(c => c.textContent === 'value')"
        " && t.tBodies[0].rows.length === 4);"
        " const at = [...t.tHead.rows[0].cells].findIndex(c => c.textContent === 'value');"
        " const read = () => [...t.tBodies[0].rows].map(r => r.cells[at].textContent.trim());"
        " const head = t.tHead.rows[0].cells[at], before = read();"
        " head.querySelector('button').click(); const up = read();"
        " head.querySelector('button').click(); const down = read();"
        " return [before, up, down, head.getAttribute('aria-sort')]; })()"
    )
    before, up, down, said = opened.run(values)
    assert up == before
    assert down == before[::-1]
    assert said == "descending"


def test_printed_everything_is_open(opened: Browser) -> None:
    opened.look(media="print")
    opened.run("dispatchEvent(new Event('beforeprint'))")
    assert opened.run("document.querySelectorAll('details:not([open])').length") == 0
    assert opened.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    opened.run("dispatchEvent(new Event('afterprint'))")
    assert opened.run("document.querySelectorAll('details[open]').length") == 0
    opened.look()
