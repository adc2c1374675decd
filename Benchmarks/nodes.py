"""Machines with real kernels, the lock manager and the guard: the cluster of Tests/Cluster."""
import os
import subprocess

from measure import HERE, Unmeasurable

CLUSTER = HERE.parent / "Tests" / "Cluster" / "lab"
DOMAIN = HERE.parent / "Tests" / "Host" / "domain"
HOLDER = HERE / "holder.py"


class Nodes:
    """So many of them, from nothing to a quorate cluster."""

    def __init__(self, lab, count):
        self.home = lab.folder / "cluster"
        self.home.mkdir()
        self.environment = os.environ | {
            "DLMGUARD_LAB": str(self.home), "BIN": str(lab.programs), "NODES": str(count),
            "LC_ALL": "C"}
        lab.stack.callback(self.do, "down")
        self.do("up")
        self.do("wait")
        self.shared = self.home / "shared"

    def do(self, *words, timeout=300):
        run = subprocess.run(
            [CLUSTER, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=timeout, check=False,
            env=self.environment)
        if run.returncode != 0:
            raise Unmeasurable(f"lab {' '.join(map(str, words))}: {run.stderr or run.stdout}")
        return run.stdout

    def hold_guests(self, node, guests, disks):
        """A process on the node holds so many guests of so many disks from now on."""
        (self.shared / "holder.py").write_bytes(HOLDER.read_bytes())
        self.do(
            "run", node, f"setsid python3 {self.shared}/holder.py {guests} {disks} </dev/null "
            ">/run/holder.log 2>&1 &")
        self.do(
            "run", node, "for i in $(seq 600); do [ -e /run/bench/held ] && exit; sleep 0.1; done; "
            "cat /run/holder.log >&2; exit 1")
