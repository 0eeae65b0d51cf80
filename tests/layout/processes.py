"""Processes that are killed, ended and started again, and waiting for what they do."""

import os
import pathlib
import signal
import socket
import subprocess
import time

PAUSE = 0.05
START_SECONDS = 60
# Longer than http.shutdown_timeout.
END_SECONDS = 40

# Reads the groups of processes that were started, one in each line, until nobody holds its standard input open any more,
# which is when the check is gone, however it ended. Then it kills them.
WATCHDOG = """
groups=
while read -r group; do groups="$groups -$group"; done
for group in $groups; do kill -s KILL -- "$group" 2>/dev/null; done
"""


class Watchdog:
    """Sees to it that no process outlives the check."""

    def __init__(self):
        self.shell = subprocess.Popen(["sh", "-c", WATCHDOG], stdin=subprocess.PIPE, start_new_session=True)

    def watch(self, group):
        """Takes charge of a group of processes."""
        self.shell.stdin.write(b"%d\n" % group)
        self.shell.stdin.flush()

    def end(self):
        """Kills what is left."""
        self.shell.stdin.close()
        self.shell.wait()


class Process:
    """A process that can be started again under the same address.

    command: the program and its arguments.
    ready: tells, given the process, whether it does its work.
    """

    def __init__(self, name, command, folder, watchdog, ready, environment=None):
        self.name = name
        self.command = command
        self.folder = pathlib.Path(folder)
        self.watchdog = watchdog
        self.ready = ready
        self.environment = environment
        self.log = self.folder / f"{name}.log"
        self.begin = 0
        self.process = None

    def start(self):
        """Starts it, and waits until it does its work."""
        self.begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        self.watchdog.watch(self.process.pid)
        eventually(f"{self.name} to be ready", self.is_ready, START_SECONDS)

    def is_ready(self):
        """Whether it does its work; fails when it has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended at its start ({self.process.returncode}):\n{self.said()}")
        return self.ready(self)

    def said(self):
        """What it printed since it was started last."""
        with self.log.open("rb") as source:
            source.seek(self.begin)
            return source.read().decode(errors="replace")

    def kill(self):
        """Ends it, and all that it started, as a power cut would."""
        pid = self.process.pid
        # Those of PostgreSQL are in groups of their own, and hold its memory until they are gone.
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.killpg(pid, signal.SIGKILL)
        self.process.wait()
        eventually(f"what {self.name} started to be gone", lambda: not any(map(lives, children)), END_SECONDS)

    def end(self):
        """Asks it to end, waits until it has, and gives its exit status."""
        self.process.terminate()
        return self.process.wait(END_SECONDS)


def lives(pid):
    """Whether there is such a process; of one that ended and that nobody asked about yet, only its name is left."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


def eventually(what, condition, seconds):
    """Asks again and again until the condition holds, and gives its answer; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(PAUSE)
    return answer


def free_ports(count):
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


def listens(port):
    """Whether a server takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def says(port, greeting, answer):
    """Whether a server answers a greeting with these first bytes."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(greeting)
            return connection.recv(64).startswith(answer)
    except OSError:
        return False
