"""How well this machine can confine model-written code, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    ISOLATED = "isolated"
    CONFINED = "confined"
    RESTRICTED = "restricted"
    NONE = "none"

    @property
    def safe(self) -> bool:
        """Used without being asked for."""
        return self in (Level.ISOLATED, Level.CONFINED)

    @property
    def label(self) -> str:
        return {Level.NONE: "Unprotected"}.get(self, self.value.capitalize())

    @property
    def words(self) -> str:
        return {
            Level.ISOLATED: "own file system, processes and network; limits; self-tested",
            Level.CONFINED: "no files of yours, no network, no processes; limits; self-tested",
            Level.RESTRICTED: "no writes, no network, no processes, but it can read your files",
            Level.NONE: "limits on time and memory only: the code can do what you can do",
        }[self]


BEST_FIRST = (Level.ISOLATED, Level.CONFINED, Level.RESTRICTED)

REMEDY = (
    "Model-written code needs Linux 5.13 or later with Landlock switched on (its name in "
    "/sys/kernel/security/lsm, else the boot option lsm=landlock,…) and seccomp, on x86-64 or "
    "aarch64. In a container, its seccomp profile must allow landlock_* and seccomp, as "
    "Docker's own does. Or opt in to a weaker level explicitly, in eval.toml: "
    '[task_metrics] sandbox = "restricted"'
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the self-test found: the level, what it is built of, and why not a higher one."""

    level: Level
    landlock_abi: int
    refused: tuple[tuple[Level, str], ...] = ()
    """Each higher level, with the first thing that failed there."""

    def lines(self) -> list[str]:
        """For a screen, a report or ``doctor``."""
        abi = f", Landlock ABI {self.landlock_abi}" if self.landlock_abi else ", no Landlock"
        head = f"{self.level.label}: {self.level.words}{abi}"
        return [head, *(f"not {level.label}: {why}" for level, why in self.refused)]
