"""From "what I found" to a checklist that is being filled, by one key."""

from __future__ import annotations

from pathlib import Path

from tests.ui import fake
from tests.ui.fake import shows
from tests.ui.test_pictures import found
from tui_eval.ui.app import EvalApp
from tui_eval.ui.start import Start


async def test_it_is_right_starts_the_engine_too() -> None:
    workspace, config = fake.FakeWorkspace(), fake.start().config
    started: list[bool] = []
    start = Start(
        Path("/work-of-ana"),
        found=found(),
        confirm=lambda _found: (workspace, config),  # type: ignore[arg-type, return-value]
        start_engine=lambda: started.append(True),
    )
    app = EvalApp(start, reader=lambda: fake.FakeReader({"curves": fake.CURVES}))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Is it right?")
        assert not started
        await pilot.press("r")
        for _ in range(200):
            if started:
                break
            await pilot.pause(0.02)
    assert started
    assert "score" in [job.verb for job in workspace.kept]
