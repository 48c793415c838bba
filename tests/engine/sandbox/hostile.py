"""Programs that try to do harm, by family. Each passes its test only if the harm succeeds.

``f`` is asked for a number that it can't know (``KEY``) by the fakes; by all others it is
asked to report "done", which it does after the harm and not before. What ``@…@`` stands for
is filled in at run time: real files, a listener, a process to hurt, call numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui_eval.engine.sandbox import kernel
from tui_eval.engine.sandbox.syscalls import NUMBERS, number
from tui_eval.engine.sandbox.verdict import Program

KEY = 841_317
HARMLESS_TO_PROVE = (
    *("secret-reads_a_file", "secret-parents_environment", "secret-lists_home"),
    *("secret-accounts", "secret-hard_link_to_a_file", "network-tcp", "network-udp"),
    *("network-unix", "network-listens", "files-writes", "files-empties_on_opening"),
    *("files-changes_mode", "files-changes_times", "files-drops_in_tmp", "process-fork"),
    *("process-subprocess", "process-system", "process-slows_another", "process-kills_another"),
)
"""Cases that may be let loose on the ground of the tests, to see that they bite."""
FAKE_TEST = (
    f"def check(candidate):\n    for x in (3, 5):\n        assert candidate(x) == x * {KEY}\n"
)
HARM_TEST = "def check(candidate):\n    assert candidate(3) == 'done'\n"


@dataclass(frozen=True)
class Hostile:
    family: str
    name: str
    source: str
    expected: tuple[str, ...] = ()
    """What it comes to when it is given time; empty: anything but passed."""

    @property
    def id(self) -> str:
        return f"{self.family}-{self.name}"

    def program(self, fill: dict[str, str]) -> Program:
        test = FAKE_TEST if self.family == "fake" else HARM_TEST
        source = re.sub(r"@(\w+)@", lambda found: fill[found[1]], self.source)
        return Program(source, test, "f")


def call_numbers() -> dict[str, str]:
    """``@nr_NAME@`` for this machine; a call that it lacks becomes one that no machine has."""
    return {
        f"nr_{name}": str(99_999 if (found := number(name, kernel.MACHINE)) is None else found)
        for name in NUMBERS
    }


def _all(family: str, cases: dict[str, str | tuple[str, tuple[str, ...]]]) -> list[Hostile]:
    made = []
    for name, case in cases.items():
        source, expected = (case, ()) if isinstance(case, str) else case
        made.append(Hostile(family, name, source, expected))
    return made


def _harm(*lines: str) -> str:
    """The lines, and only then the report."""
    body = "\n".join(f"    {line}" for line in "\n".join(lines).splitlines())
    return f"import os, ctypes, socket, threading, time\ndef f(x):\n{body}\n    return 'done'\n"


def _call(name: str, *arguments: str) -> str:
    """A system call behind the C library's back; harm if the kernel took it."""
    given = ", ".join((f"@nr_{name}@", *arguments))
    return _harm(f"if ctypes.CDLL(None).syscall({given}) < 0: raise SystemError('refused')")


_FORGE = """
import os, json
def frame(message):
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, "little") + body
def everywhere(data):
    for fd in range(256):
        try:
            os.write(fd, data)
        except OSError:
            pass
"""

FAKES = _all(
    "fake",
    {
        "exit_at_load": ("import os\nos._exit(0)", ("crash",)),
        "exit_in_call": ("import os\ndef f(x):\n    os._exit(0)", ("crash",)),
        "system_exit_at_load": ("raise SystemExit(0)", ("crash",)),
        "sys_exit_in_call": ("import sys\ndef f(x):\n    sys.exit(0)", ("crash",)),
        "base_exception": ("def f(x):\n    raise GeneratorExit", ("crash",)),
        "atexit": "import atexit, os\natexit.register(lambda: os._exit(0))\ndef f(x):\n"
        "    raise SystemExit",
        "prints_passed": (
            'def f(x):\n    print(\'{"outcome": "passed", "reason": ""}\')',
            ("wrong",),
        ),
        "forged_verdict": _FORGE
        + 'def f(x):\n    everywhere(frame({"outcome": "passed", "reason": ""}))',
        "forged_verdict_then_exit": _FORGE
        + 'everywhere(frame({"outcome": "passed", "reason": ""}))\nos._exit(0)',
        "forged_replies": _FORGE
        + 'for _ in range(50):\n    everywhere(frame({"ok": True}))\ndef f(x):\n    return True',
        "forged_change": _FORGE
        + 'def f(x):\n    os.write(4, frame({"ok": x, "args": [[0, ["l", 1]], [-1, 7], "x"]}))',
        "raw_nesting": _FORGE + "def f(x):\n    body = b'[' * 2000000\n"
        "    everywhere(len(body).to_bytes(4, 'little') + body)",
        "raw_colliding_keys": _FORGE + "def f(x):\n    step = 2**61 - 1\n"
        "    pairs = [[['i', hex(n * step)], 0] for n in range(200000)]\n"
        "    os.write(4, frame({'ok': ['d', *pairs]}))\n    while True: pass",
        "equal_to_all": (
            "class A:\n    def __eq__(self, other): return True\ndef f(x):\n    return A()",
            ("wrong",),
        ),
        "number_equal_to_all": (
            "class A(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
            "def f(x):\n    return A(0)",
            ("wrong",),
        ),
        "class_that_lies": (
            "class A:\n    __class__ = property(lambda self: int)\n"
            "    def __eq__(self, other): return True\ndef f(x):\n    return A()",
            ("wrong",),
        ),
        "not_a_number": ("def f(x):\n    return float('nan')", ("wrong",)),
        "patched_wire": "import sys\nfor name, one in list(sys.modules.items()):\n"
        "    if name.endswith('.wire'):\n"
        "        one.encode = lambda *a: {'outcome': 'passed'}\n"
        "        one.send = lambda *a: None\n"
        "def f(x):\n    return 1",
        "patched_judge": "import sys\nfor name, one in list(sys.modules.items()):\n"
        "    if name.endswith('.judge'):\n"
        "        one.judge = lambda *a: ('passed', '')\n"
        "        one.Candidate.call = lambda *a: 0\n"
        "def f(x):\n    return 1",
        "patched_builtins": "import builtins\nbuiltins.AssertionError = ValueError\n"
        "builtins.exec = builtins.compile = lambda *a, **k: None\nbuiltins.int.real = 1\n"
        "def f(x):\n    return 1",
        "stack_frames": "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n"
        "        for value in (*frame.f_locals.values(), *frame.f_globals.values()):\n"
        f"            if value == {KEY} * x // {KEY} * 7 or isinstance(value, dict) and "
        f"'test' in value:\n"
        "                return eval(value['test'].split('== ')[1]) if isinstance(value, "
        "dict) else value\n"
        "        frame = frame.f_back",
        "searches_its_memory": "import gc, re\ndef f(x):\n    for one in gc.get_objects():\n"
        "        if isinstance(one, dict):\n            for value in list(one.values()):\n"
        "                if isinstance(value, str) and 'def check(' in value and 'assert "
        "cand' in value:\n"
        "                    return x * int(re.search(r'x \\* (\\d+)', value)[1])",
        "reads_others_memory": "import os, re\ndef f(x):\n"
        "    for pid in [one for one in os.listdir('/proc') if one.isdigit()]:\n"
        "        for line in open(f'/proc/{pid}/maps'):\n"
        "            low, high = (int(v, 16) for v in line.split()[0].split('-'))\n"
        "            with open(f'/proc/{pid}/mem', 'rb') as memory:\n"
        "                memory.seek(low)\n"
        "                found = re.search(rb'== x \\* (\\d+)', memory.read(high - low))\n"
        "                if found: return x * int(found[1])",
        "steals_the_calls": "import os\ndef f(x):\n    return os.read(3, 1 << 16)",
        "kills_its_parent": "import os\ndef f(x):\n    os.kill(os.getppid(), 9)\n    os._exit(0)",
        "thread_that_exits": "import os, threading\n"
        "threading.Timer(0.05, os._exit, (0,)).start()\ndef f(x):\n    while True: pass",
        "generator": ("def f(x):\n    yield x", ("wrong",)),
        "holds_itself": ("def f(x):\n    a = []\n    a.append(a)\n    return a", ("wrong",)),
    },
)

TIMES = _all(
    "time",
    {
        "loop": ("def f(x):\n    while True: pass", ("timeout",)),
        "loop_at_load": ("while True: pass", ("timeout",)),
        "sleep": ("import time\ndef f(x):\n    time.sleep(1000)\n    return 'done'", ("timeout",)),
        "swallows_all": (
            "def f(x):\n    while True:\n        try:\n            while True: pass\n"
            "        except BaseException: pass",
            ("timeout",),
        ),
        "ignores_signals": (
            "import signal\ndef f(x):\n    for n in range(1, 65):\n        try:\n"
            "            signal.signal(n, signal.SIG_IGN)\n"
            "        except (OSError, ValueError): pass\n"
            "    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    while True: pass",
            ("timeout",),
        ),
        "backtracking": (
            "import re\ndef f(x):\n    re.match('(a+)+$', 'a' * 60 + 'b')\n    return 'done'",
            ("timeout",),
        ),
        "big_power": (
            "def f(x):\n    str(7 ** (10 ** 8))\n    return 'done'",
            ("timeout", "crash"),
        ),
        "folded_at_compile": "def f(x):\n    return (" + "9**9**" * 3 + "9)",
        "deadlock": (
            "import threading\ndef f(x):\n    lock = threading.Lock()\n    lock.acquire()\n"
            "    lock.acquire()",
            ("timeout",),
        ),
        "busy_threads": (
            "import threading\ndef spin():\n    while True: pass\ndef f(x):\n"
            "    for _ in range(8): threading.Thread(target=spin).start()\n    spin()",
            ("timeout",),
        ),
    },
)

CRASHES = _all(
    "crash",
    {
        "null_pointer": ("import ctypes\ndef f(x):\n    ctypes.string_at(0)", ("crash",)),
        "abort": ("import os\ndef f(x):\n    os.abort()", ("crash",)),
        "kills_itself": "import os\ndef f(x):\n    os.kill(os.getpid(), 9)\n    while True: pass",
        "endless_recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return f(x)",
        "closes_everything": "import os\ndef f(x):\n    os.closerange(0, 256)",
        "parser_depth": "def f(x):\n    return " + "(" * 5000 + ")" * 5000,
        "not_python": ("def f(x:\n    return", ("syntax",)),
        "null_byte": ("def f(x):\n    return '\0'", ("syntax",)),
        "raises_oddly": "class E(Exception):\n    def __str__(self): raise SystemExit(0)\n"
        "def f(x):\n    raise E",
        "destroys_python": "import ctypes\ndef f(x):\n"
        "    ctypes.memset(id(type(x)), 0, 400)\n    return x + 1",
    },
)

PROCESSES = _all(
    "process",
    {
        "fork": _harm("os.fork()"),
        "fork_bomb": _harm("while True: os.fork()"),
        "subprocess": (
            "import subprocess\ndef f(x):\n"
            "    return subprocess.check_output(['echo', 'done'], text=True).strip()",
            ("sandbox",),
        ),
        "system": _harm("if os.system('true') != 0: raise SystemError"),
        "spawn": _harm("os.posix_spawn('/bin/sh', ['sh', '-c', 'sleep 1000'], {})"),
        "exec": _harm("os.execv('/bin/echo', ['echo'])"),
        "multiprocessing": _harm(
            "import multiprocessing", "multiprocessing.Process(target=print).start()"
        ),
        "daemon": _harm("if os.fork() == 0:", "    os.setsid()", "    time.sleep(1000)"),
        "vfork_by_number": _call("vfork"),
        "clone_by_number": _call("clone", "17", "0", "0", "0", "0"),
        "clone3_by_number": _harm(
            "args = ctypes.create_string_buffer(88)",
            "if ctypes.CDLL(None).syscall(@nr_clone3@, args, 88) < 0: raise SystemError",
        ),
        "kills_another": _harm("os.kill(@decoy@, 9)"),
        "kills_all": _harm("os.kill(-1, 15)", "os.kill(0, 15)"),
        "kills_by_thread_number": _call("tkill", "@decoy@", "9"),
        "attaches": _call("ptrace", "16", "@decoy@", "0", "0"),
        "reads_its_memory": _call("process_vm_readv", "@decoy@", "0", "0", "0", "0", "0"),
        "slows_another": _harm("os.setpriority(os.PRIO_PROCESS, @decoy@, 19)"),
        "starves_another": _harm("os.sched_setaffinity(@decoy@, {0})"),
        "limits_another": _harm(
            "import resource", "resource.prlimit(@decoy@, resource.RLIMIT_CPU, (1, 1))"
        ),
        "thread_bomb": _harm(
            "threading.stack_size(32768)",
            "made = [threading.Thread(target=time.sleep, args=(1000,), daemon=True) for _ "
            "in range(5000)]",
            "for one in made: one.start()",
        ),
    },
)

SECRETS = _all(
    "secret",
    {
        "reads_a_file": _harm("if open('@canary@').read() != '@secret@': raise SystemError"),
        "environment": _harm("if '@secret@' not in str(os.environ): raise SystemError"),
        "own_environment_block": _harm(
            "if '@secret@' not in open('/proc/self/environ').read(): raise SystemError"
        ),
        "parents_environment": _harm(
            "if 'PATH' not in open('/proc/@parent@/environ').read(): raise SystemError"
        ),
        "inherited_descriptors": _harm(
            "for fd in range(5, 512):",
            "    try:",
            "        if b'@secret@' in os.pread(fd, 4096, 0): return 'done'",
            "    except OSError: pass",
            "raise SystemError",
        ),
        "lists_home": _harm("if not os.listdir('@folder@'): raise SystemError"),
        "link_to_a_file": _harm("os.symlink('@canary@', 'way')", "open('way').read()"),
        "hard_link_to_a_file": _harm("os.link('@canary@', 'way')", "open('way').read()"),
        "accounts": _harm("open('/etc/passwd').read()"),
        "command_lines": _harm("open('/proc/@parent@/cmdline').read()"),
        "judges_folder": _harm("os.listdir('../judge')"),
    },
)

NETWORKS = _all(
    "network",
    {
        "tcp": _harm("socket.create_connection(('127.0.0.1', @port@), 2)"),
        "udp": _harm(
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', @port@))"
        ),
        "ipv6": _harm("socket.socket(socket.AF_INET6, socket.SOCK_STREAM)"),
        "unix": _harm("socket.socket(socket.AF_UNIX).connect('@socket@')"),
        "abstract_unix": _harm("socket.socket(socket.AF_UNIX).bind('\\0mine')"),
        "netlink": _harm("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)"),
        "listens": _harm("socket.create_server(('127.0.0.1', 0))"),
        "multipath_tcp": _harm("socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)"),
        "datagram_pair": _harm("socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)"),
        "by_number": _call("socket", "2", "1", "0"),
    },
)

FILES = _all(
    "files",
    {
        "writes": _harm("open('@canary@', 'w').write('gone')"),
        "appends": _harm("open('@canary@', 'a').write('more')"),
        "empties_on_opening": _harm("os.open('@canary@', os.O_RDONLY | os.O_TRUNC)"),
        "truncates": _harm("os.truncate('@canary@', 0)"),
        "removes": _harm("os.unlink('@canary@')"),
        "renames": _harm("os.rename('@canary@', '@canary@2')"),
        "moves_in": _harm("os.rename('@canary@', 'mine')"),
        "changes_mode": _harm("os.chmod('@canary@', 0o777)"),
        "changes_owner": _harm("os.chown('@canary@', os.getuid(), os.getgid())"),
        "changes_times": _harm("os.utime('@canary@', (1, 1))"),
        "sets_attribute": _harm("os.setxattr('@canary@', 'user.x', b'1')"),
        "makes_folder": _harm("os.mkdir('@folder@/made')"),
        "drops_in_tmp": _harm("open('@tmp@/dropped', 'w').write('x')"),
        "drops_in_shm": _harm("open('/dev/shm/tui-eval-dropped', 'w').write('x')"),
        "changes_the_library": _harm("import json", "open(json.__file__, 'a').write('#')"),
        "empties_the_library": _harm(
            "import json", "os.open(json.__file__, os.O_RDONLY | os.O_TRUNC)"
        ),
        "leaves_a_deep_tree": _harm(
            "for _ in range(1900):", "    os.mkdir('d')", "    os.chdir('d')", "raise SystemError"
        ),
        "leaves_closed_folders": _harm(
            "for n in range(20): os.mkdir(f'd{n}', 0)",
            "open('file', 'w').write('x')",
            "raise SystemError",
        ),
        "leaves_odd_names": _harm(
            "for n in range(1, 200): open(bytes([n]) * 3 if n not in (46, 47) else b'x', "
            "'w').close()",
            "raise SystemError",
        ),
        "makes_a_fifo": _harm("os.mkfifo('fifo')"),
        "makes_a_device": _harm("os.mknod('mem', 0o20600, os.makedev(1, 1))"),
    },
)

RESOURCES = _all(
    "resource",
    {
        "one_big_block": ("def f(x):\n    return len(bytearray(20 << 30)) and 'done'", ("memory",)),
        "endless_list": ("def f(x):\n    a = [0]\n    while True: a += a", ("memory",)),
        "fills_the_disk": _harm(
            "for n in range(200):",
            "    with open(f'f{n}', 'wb') as opened: opened.write(bytes(15 << 20))",
        ),
        "one_big_file": _harm(
            "with open('big', 'wb') as opened:",
            "    for _ in range(300): opened.write(bytes(1 << 20))",
        ),
        "unnamed_files": _harm(
            "kept = []",
            "for n in range(40):",
            "    kept.append(open('f', 'wb'))",
            "    os.unlink('f')",
            "    kept[-1].write(bytes(15 << 20))",
            "    kept[-1].flush()",
            "time.sleep(1000)",
        ),
        "many_files": _harm("for n in range(100000): open(f'f{n}', 'w').close()"),
        "many_descriptors": (_harm("kept = [os.dup(0) for _ in range(5000)]"), ("sandbox",)),
        "prints_endlessly": (
            "def f(x):\n    while True: print('x' * 100000)",
            ("sandbox", "timeout"),
        ),
        "huge_answer": ("def f(x):\n    return 'x' * (12 << 20)", ("wrong",)),
        "huge_number": "def f(x):\n    return 1 << (1 << 26)",
        "raises_its_limits": _harm(
            "import resource",
            "resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, "
            "resource.RLIM_INFINITY))",
        ),
        "locks_memory": _harm("if ctypes.CDLL(None).mlockall(3) != 0: raise SystemError"),
    },
)

KERNEL = _all(
    "kernel",
    {
        "io_uring": _call("io_uring_setup", "8", "ctypes.create_string_buffer(120)"),
        "bpf": _call("bpf", "0", "ctypes.create_string_buffer(120)", "72"),
        "userfaultfd": _call("userfaultfd", "1"),
        "perf": _call("perf_event_open", "ctypes.create_string_buffer(120)", "0", "-1", "-1", "0"),
        "keyring": _call("keyctl", "0", "-3", "1"),
        "memfd": _harm("os.memfd_create('x')"),
        "user_namespace": _call("unshare", str(0x10000000)),
        "mount": _call("mount", "0", "b'/'", "0", "4096", "0"),
        "pidfd": _call("pidfd_open", "@decoy@", "0"),
        "shared_memory": _call("shmget", "0", "4096", str(0o1600)),
        "message_queue": _call("mq_open", "b'x'", str(0o102), str(0o600), "0"),
        "personality": _call("personality", "0"),
        "other_table": _harm(
            "if ctypes.CDLL(None).syscall(0x40000000 | 39) <= 0: raise SystemError('refused')"
        ),
        "types_for_the_user": _harm("import fcntl", "fcntl.ioctl(0, 0x5412, b'x')"),
        "own_filter": _call("seccomp", "0", "0", "0"),
    },
)

ALL = [*FAKES, *TIMES, *CRASHES, *PROCESSES, *SECRETS, *NETWORKS, *FILES, *RESOURCES, *KERNEL]
