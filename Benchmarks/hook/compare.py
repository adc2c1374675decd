#!/usr/bin/python3
"""Compares one call of the hook with the same job in C and in Python, in one interleaved run.

usage: compare.py HOOK [--rounds N] [--socket PATH --xml FILE]

HOOK is the static executable that scripts/build-hook prints. The C peer is compiled here, with cc
and the shared libxml2. Without a socket of a running agent a responder in this script answers
"done". A running agent locks what the XML names: the files must exist, and after each call the
domain is released, outside what is measured. Run it as root: for an ordinary user the hook has
nothing to do.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
XML = HERE / "8-disks.xml"
ARGUMENTS = ["web01", "prepare", "begin", "-"]
MARKS = {"C": 0.6, "Python": 1 / 15}


def respond(path, seen):
    """Answers every call with "done", and keeps the requests in `seen`."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)

    def serve():
        while True:
            client, _ = listener.accept()
            with client:
                line = b""
                while not line.endswith(b"\n"):
                    part = client.recv(65536)
                    if not part:
                        break
                    line += part
                seen.append(line)
                client.sendall(b'{"v":1,"ok":true,"done":null}\n')

    threading.Thread(target=serve, daemon=True).start()


def release(path, xml):
    """Has the agent forget the domain: a second prepare would be refused."""
    request = {
        "v": 1, "op": "hook", "hook": "release", "name": ARGUMENTS[0], "caller": os.getpid(),
        "uuid": ElementTree.parse(xml).findtext("uuid"), "resources": [], "unguarded": [],
    }
    with socket.socket(socket.AF_UNIX) as agent:
        agent.connect(path)
        agent.sendall(json.dumps(request).encode() + b"\n")
        if not json.loads(agent.makefile().readline())["ok"]:
            sys.exit("compare.py: the agent did not release the domain")


def run(command, environment, xml):
    """Wall and CPU milliseconds of one process, from spawn to reaped."""
    stdin = (os.POSIX_SPAWN_OPEN, 0, str(xml), os.O_RDONLY, 0)
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=[stdin])
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("hook", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--socket", help="of a running agent")
    parser.add_argument("--xml", default=XML, help="the domain")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("compare.py: run it as root: for an ordinary user the hook has nothing to do")

    with tempfile.TemporaryDirectory() as folder:
        peer = os.path.join(folder, "hook-c")
        flags = subprocess.check_output(
            ["pkg-config", "--cflags", "--libs", "libxml-2.0"], text=True)
        subprocess.check_call(["cc", "-O2", "-o", peer, HERE / "hook.c", *flags.split()])
        # As it is installed: a file that a linker has written lies in the page cache in single
        # pages, and mapping those costs 0.3 ms more than the same file copied or read from disk.
        hook = shutil.copy(options.hook, os.path.join(folder, "dlmguard"))
        path, seen = options.socket, []
        if path is None:
            path = os.path.join(folder, "agent.sock")
            respond(path, seen)
        config = os.path.join(folder, "dlmguard.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'socket = "{path}"\n')
        environment = {
            "PATH": "/usr/bin:/bin", "LC_ALL": "C", "DLMGUARD_CONFIG": config,
            "DLMGUARD_SOCKET": path,
        }
        commands = {
            "true": ["/bin/true"],
            "C": [peer, *ARGUMENTS],
            "Python": ["/usr/bin/python3", "-I", str(HERE / "hook.py"), *ARGUMENTS],
            "ours": [hook, *ARGUMENTS],
        }
        results = {name: [] for name in commands}

        def once(command):
            figures = run(command, environment, options.xml)
            if options.socket and command[0] != "/bin/true":
                release(options.socket, options.xml)
            return figures

        for command in commands.values():  # warm the caches
            once(command)
        if len(set(seen)) > 1:
            sys.exit("compare.py: the peers do not ask the same:\n" + b"".join(seen).decode())
        for _ in range(options.rounds):
            for name, command in commands.items():
                results[name].append(once(command))

    print(f"{'':8}{'CPU ms':>9}{'wall ms':>9}{'ours/it':>9}   (medians of {options.rounds})")
    cpu = {name: statistics.median(c for _, c in runs) for name, runs in results.items()}
    for name, runs in results.items():
        wall = statistics.median(w for w, _ in runs)
        print(f"{name:8}{cpu[name]:9.2f}{wall:9.2f}{cpu['ours'] / cpu[name]:9.3f}")
    for name, mark in MARKS.items():
        met = "met" if cpu["ours"] <= mark * cpu[name] else "missed"
        print(f"mark {met}: CPU at most {mark:.3f} of {name}'s, is {cpu['ours'] / cpu[name]:.3f}")


if __name__ == "__main__":
    main()
