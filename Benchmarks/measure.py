"""What every part needs: an agent of its own, C programs, tables and marks."""
import contextlib
import json
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1 << 20


class Unmeasurable(Exception):
    """Why a part cannot say anything."""


class Lab:
    """A temporary directory, the programs under test, and what was started for them."""

    def __init__(self, folder, programs, stack):
        self.folder = pathlib.Path(folder)
        self.programs = pathlib.Path(programs)
        self.stack = stack

    def directory(self, name):
        path = self.folder / name
        path.mkdir()
        return path

    def compile(self, source, *options, libraries=(), **definitions):
        """The program that a C file beside these scripts becomes."""
        source = HERE / source
        program = self.folder / source.stem
        flags = [f'-D{name}="{value}"' for name, value in definitions.items()]
        subprocess.check_call(["cc", "-O2", "-Wall", *options, *flags, "-o", program, source, *libraries])
        return program

    def start(self, *command, **options):
        """A process that ends with the benchmark, or with stop()."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        self.stack.callback(stop, process)
        return process

    def start_talking(self, *command, **options):
        """The same for one that is asked and answers line by line."""
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        self.stack.callback(stop, process)
        return process

    def agent(self, name):
        return Agent(self, name)


def stop(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def until(what, condition, seconds=10):
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Unmeasurable(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.connect(str(path))
        return True
    return False


def allow_descriptors():
    """As many as the unit file gives: the agent watches one process an owner."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 65536 if most == resource.RLIM_INFINITY else min(65536, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))


class Agent:
    """dlmguardd with a socket and a ledger of its own."""

    def __init__(self, lab, name):
        self.home = lab.directory(name)
        self.socket = self.home / "agent.sock"
        self.state = self.home / "state"
        self.log = self.home / "log"
        config = self.home / "dlmguard.conf"
        config.write_text(
            f'node_name = "bench"\nsocket = "{self.socket}"\nstate_dir = "{self.state}"\n'
            f'libvirt_run_dir = "{self.home}/run"\nlibvirt_save_dir = "{self.home}/save"\n')
        with self.log.open("w") as log:
            self.process = lab.start(
                lab.programs / "dlmguardd", "--config", config, stderr=log,
                preexec_fn=allow_descriptors)
        self.pid = self.process.pid
        try:
            until("the agent's socket", lambda: can_connect(self.socket))
        except Unmeasurable as problem:
            raise Unmeasurable(f"{problem}: {self.log.read_text()}") from None

    def stop(self):
        stop(self.process)

    def client(self):
        return Client(self.socket)


class Client:
    """One connection: requests and replies are lines of JSON."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.replies = self.socket.makefile()

    def ask(self, operation, **members):
        request = {"v": 1, "op": operation, **members}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        reply = json.loads(self.replies.readline())
        if not reply["ok"]:
            raise Unmeasurable(f"the agent refused {operation}: {reply['message']}")
        return reply

    def hold(self, name, uuid, pid, paths):
        """Registers an owner and locks these files for it; returns the owner."""
        owner = self.ask("register", name=name, uuid=str(uuid), pid=pid)["owner"]
        self.ask("add", owner=owner, resources=[
            {"kind": "file", "device": f"disk {index}", "file": str(path),
             "access": "exclusive-write"}
            for index, path in enumerate(paths)])
        self.ask("acquire", owner=owner)
        return owner


def files(folder, names):
    """Empty images."""
    paths = [folder / name for name in names]
    for path in paths:
        path.touch()
    return paths


def title(text):
    print(f"\n== {text}\n")


def table(header, rows):
    """Columns as wide as what stands in them; the first one is text."""
    lines = [[str(cell) for cell in line] for line in [header, *rows]]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for first, *others in lines:
        print("  ".join(
            [first.ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(others, widths[1:])]).rstrip())


def mark(text, value, limit, unit=""):
    """Says whether a figure is what it should be; nothing more hangs on it."""
    met = "met" if value <= limit else "missed"
    print(f"mark {met}: {text} at most {limit:g}{unit}, is {value:.3g}{unit}")


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def number_of(variable, default):
    return int(os.environ.get(variable, default))
