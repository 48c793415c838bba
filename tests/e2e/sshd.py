"""A real OpenSSH server on the loopback interface, with keys and settings of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.e2e.pty_line import descent
from tests.waiting import until

SERVER = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CLIENT = shutil.which("ssh")
KEYGEN = shutil.which("ssh-keygen")

needs_ssh = pytest.mark.skipif(
    not (SERVER and CLIENT and KEYGEN), reason="sshd, ssh or ssh-keygen is not installed"
)
PRIVILEGE_FOLDER = Path("/run/sshd")
"""Where Debian's sshd, run by root, puts the part of itself that has no rights."""


class Sshd:
    """Serves the user who runs the test, by key alone; ``close`` ends it."""

    def __init__(self, folder: Path) -> None:
        assert SERVER is not None
        folder.mkdir(mode=0o700)
        self._folder = folder
        self.port = _free_port()
        for name in ("host", "user"):
            _make_key(folder / name)
        shutil.copyfile(folder / "user.pub", folder / "authorized")
        host_key = (folder / "host.pub").read_text().split()
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {' '.join(host_key[:2])}\n")
        (folder / "config").write_text(self._settings())
        self._log = folder / "log"
        if os.geteuid() == 0:
            PRIVILEGE_FOLDER.mkdir(mode=0o755, exist_ok=True)
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                [SERVER, "-D", "-e", "-f", str(folder / "config")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        until(self._listens, 30, what="sshd to listen")

    def command(
        self, command: Sequence[str], environ: Mapping[str, str], folder: Path
    ) -> list[str]:
        """What runs ``command`` over the line, in a terminal of the client's size."""
        assert CLIENT is not None
        exports = [f"{name}={value}" for name, value in environ.items()]
        remote = f"cd {shlex.quote(str(folder))} && exec {shlex.join(['env', *exports, *command])}"
        options = {
            "UserKnownHostsFile": self._folder / "known",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return [
            CLIENT, "-tt", "-F", "none", "-p", str(self.port), "-i", str(self._folder / "user"),
            *given, f"{getpass.getuser()}@127.0.0.1", remote,
        ]  # fmt: skip

    def cut(self) -> None:
        """End the server's side of every connection as a lost line does: without a word."""
        for pid in self._connections():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        self.cut()
        self._server.kill()
        self._server.wait()

    def _connections(self) -> list[int]:
        """The server's processes of each connection; what runs in the session is not theirs."""
        return [pid for pid in descent(self._server.pid)[1:] if _name(pid).startswith("sshd")]

    def _listens(self) -> bool:
        said = self._log.read_text(errors="replace")
        if self._server.poll() is not None:
            raise AssertionError(f"sshd ended: {said}")
        return "Server listening" in said

    def _settings(self) -> str:
        lines = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self._folder / "host",
            "AuthorizedKeysFile": self._folder / "authorized",
            "PidFile": "none",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
            # The folder of a test may lie below one that others may write.
            "StrictModes": "no",
            "PrintMotd": "no",
            "AllowUsers": pwd.getpwuid(os.geteuid()).pw_name,
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _make_key(path: Path) -> None:
    assert KEYGEN is not None
    subprocess.run(
        [KEYGEN, "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
