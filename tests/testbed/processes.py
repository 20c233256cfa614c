"""Child processes that never outlive their parent, and waiting for states."""

import ctypes
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LOG_TAIL_LINES = 30
FIRST_PORT = 20000
_libc = ctypes.CDLL(None, use_errno=True)


class NotReady(Exception):
    """A state was not reached before its deadline, or a process ended."""


def free_ports(count: int) -> list:
    """Finds free loopback ports; all are held until the last is found, so that they differ.

    They lie below the range the kernel takes for outgoing connections: the
    servers open hundreds of those before the last server binds its port.
    """
    sockets, ports = [], []
    try:
        while len(ports) < count:
            port = random.randrange(FIRST_PORT, _first_ephemeral_port())
            sockets.append(socket.socket())
            try:
                sockets[-1].bind(("127.0.0.1", port))
                ports.append(port)
            except OSError:
                continue
        return ports
    finally:
        for one in sockets:
            one.close()


def _first_ephemeral_port() -> int:
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return max(lowest, FIRST_PORT + 1000)


def wait_until(what: str, probe, timeout: float = 30.0, interval: float = 0.1):
    """Calls probe until it returns something true, and returns that.

    An OSError or a NotReady of the probe counts as "not yet"; the last one is
    told when the deadline passes.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            result = probe()
            if result:
                return result
            last = None
        except (OSError, NotReady) as error:
            last = error
        if time.monotonic() > deadline:
            raise NotReady(f"no {what} within {timeout:.0f} s" + (f": {last}" if last else ""))
        time.sleep(interval)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One child with its log file; start() may be called again after it ended."""

    def __init__(self, name: str, command: list, directory: pathlib.Path, env: dict | None = None):
        self.name = name
        self.command = [str(part) for part in command]
        self.log = directory / f"{name}.log"
        self._directory = directory
        self._env = {**os.environ, **(env or {})}
        self._child = None

    def start(self) -> None:
        """Starts the process in its own session, appending to its log."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command, cwd=self._directory, env=self._env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, preexec_fn=_die_with_parent)

    def running(self) -> bool:
        """Tells whether the process was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def wait_ready(self, what: str, probe, timeout: float = 60.0, restarted: bool = False):
        """Waits for a state of this process; its log is shown when it is not reached.

        Its end means that waiting is pointless, unless someone restarts it.
        """
        def checked():
            if not self.running() and not restarted:
                raise ProcessEnded(f"{self.name} ended with status {self._child.returncode}")
            return probe()
        try:
            return wait_until(what, checked, timeout)
        except (NotReady, ProcessEnded) as error:
            raise NotReady(f"{error}\n--- last lines of {self.log}\n{self.tail()}") from None

    def tail(self) -> str:
        """Returns the last lines of the log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def kill(self) -> None:
        """Ends the process at once, as a lost machine would."""
        self._end(signal.SIGKILL, 10.0)

    def stop(self, grace: float = 10.0) -> int | None:
        """Asks the process to end, kills it after the grace, returns its exit status."""
        return self._end(signal.SIGTERM, grace)

    def _end(self, number: int, grace: float) -> int | None:
        if self._child is None:
            return None
        if self._child.poll() is None:
            self._child.send_signal(number)
            try:
                self._child.wait(grace)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        return self._child.returncode


class ProcessEnded(Exception):
    """A process ended that should be running: waiting on is pointless."""
