"""The engine of a cluster, on two machines with real kernels: how long it takes to hold and to give
back a guest's disks, beside a bare loop in C over the same library; and what rest costs."""
import collections
import os
import pathlib
import statistics
import time

from measure import Unmeasurable, mark, number_of, table, title
from nodes import CLUSTER, Nodes

COUNTS = (1, 8, 64, 256)
# So often each program measures each count before the other one has its turn.
TURN = 5
ADOPTED = 10_000
GUESTS, DISKS = 100, 8
REST = 20
LOCKSPACE = "engine-lab"
# The first names the other node's locks, whose master is there; the second this node's own.
PLACES = {"other node": "far", "this node": "near"}


class Engines(Nodes):
    """Nodes with processes that lock."""

    def engine(self, node, *words, **options):
        return self.do(
            "exec", node, "engine-lab", *words, "--lockspace", LOCKSPACE, "--node", node, **options)

    def play(self, lab, node):
        """A process on a node that holds what it is told to."""
        return lab.start_talking(
            CLUSTER, "exec", str(node), "engine-lab", "play", "--lockspace", LOCKSPACE, "--node",
            str(node), env=self.environment)


def ask(process, line):
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def figures(text):
    """COUNT [WAY] ACQUIRE RELEASE, one a line, in microseconds → (count, way) → ms, ms."""
    for line in text.splitlines():
        count, *way, acquire, release = line.split()
        yield (int(count), *way), (int(acquire) / 1000, int(release) / 1000)


def compare(cluster, place, prefix, rounds):
    bare = cluster.shared / "bare"
    figure = collections.defaultdict(list)
    for _ in range(rounds):
        for name, text in (
            ("C", cluster.do("exec", 1, bare, LOCKSPACE, prefix, TURN, *COUNTS)),
            ("dlmguard", cluster.engine(
                1, "speed", "--prefix", prefix, "--rounds", TURN, "--pipelined-only", *COUNTS)),
        ):
            for (count, *_), both in figures(text):
                figure[count, name].append(both)
    serial = {}
    text = cluster.engine(
        1, "speed", "--prefix", prefix, "--rounds", TURN, *(c for c in COUNTS if c <= 64))
    for (count, way), both in figures(text):
        if way == "serial":
            serial[count] = sum(both)
    rows, ratios, gains = [], {}, {}
    for count in COUNTS:
        medians = {
            name: [statistics.median(values) for values in zip(*figure[count, name])]
            for name in ("C", "dlmguard")}
        sums = {
            name: statistics.median(map(sum, figure[count, name])) for name in medians}
        ratios[count] = sums["dlmguard"] / sums["C"]
        gains[count] = serial[count] / sums["dlmguard"] if count in serial else None
        rows.append([
            count, place, *(f"{value:.1f}" for name in medians for value in medians[name]),
            f"{ratios[count]:.2f}",
            *((f"{serial[count]:.1f}", f"{gains[count]:.1f}") if count in serial else ("", ""))])
    return rows, ratios, gains


def traffic(cluster):
    """What node 1 has sent and received, in bytes, on the cluster's wires."""
    # The cluster's wire is the one with its address.
    text = cluster.do(
        "run", 1, "wire=$(ip -o -4 addr | awk '$4 ~ /^10.77/ { print $2 }'); "
        "cat /sys/class/net/$wire/statistics/[rt]x_bytes")
    return sum(map(int, text.split()))


def rest(cluster):
    """Bytes a second with no agent, and with agents that hold locks; and the agent's disk traffic."""
    def rate():
        before = traffic(cluster)
        time.sleep(REST)
        return (traffic(cluster) - before) / REST

    # The kernel frees what was locked, and its directory, in its own time.
    time.sleep(15)
    without = rate()
    for node in (1, 2):
        cluster.do("start", node, "dlmguardd")
    cluster.hold_guests(1, GUESTS, DISKS)
    # What the last requests have left: idle threads, dirty pages.
    time.sleep(8)
    counters = "cat /proc/$(cat /run/dlmguardd.pid)/io"
    before = cluster.do("run", 1, counters)
    with_agents = rate()
    after = cluster.do("run", 1, counters)

    def disk(text):
        lines = dict(line.split(": ") for line in text.splitlines())
        return int(lines["read_bytes"]) + int(lines["write_bytes"])

    return without, with_agents, disk(after) - disk(before)


def run(lab):
    rounds = number_of("ROUNDS", 10)
    title("Two nodes: hold and give back N disks at once, with their holder's name; medians, ms")
    program = lab.programs / "engine-lab"
    if not os.access(program, os.X_OK):
        raise Unmeasurable(f"no {program}: make bench builds it")
    cluster = Engines(lab, 2)
    bare = lab.compile("cluster/bare.c", libraries=["-ldlm"])
    pathlib.Path(cluster.shared / "bare").write_bytes(bare.read_bytes())
    (cluster.shared / "bare").chmod(0o755)
    # A lock on the other node makes that the master of what is locked here.
    other = cluster.play(lab, 2)
    if other.stdout.readline().strip() != "ready":
        raise Unmeasurable("no engine on node 2")
    names = " ".join(f"far-{index}:NL" for index in range(max(COUNTS)))
    if ask(other, f"take 1 {names}") != "granted":
        raise Unmeasurable("node 2 does not become the master")
    rows = []
    for place, prefix in PLACES.items():
        lines, ratios, gains = compare(cluster, place, prefix, rounds)
        rows += lines
        if prefix == "far":
            limit, gain = ratios[64], gains[64]
    table(
        ["disks", "master", "C hold", "give back", "dlmguard hold", "give back", "of C",
         "one by one", "times as long"], rows)
    mark("64 disks with their master on the other node, of the bare loop in C", limit, 1.5)
    mark("64 such disks at once, of one by one", 1 / gain, 1 / 5)
    ask(other, "release 1")
    adopted = cluster.engine(1, "adoption", ADOPTED)
    _, _, microseconds = adopted.split()
    print(f"{ADOPTED} locks of a former agent are adopted and signed in "
          f"{int(microseconds) / 1e6:.2f} s.")
    without, with_agents, disk = rest(cluster)
    print(f"At rest node 1 sends and receives {without:.0f} bytes a second without agents, "
          f"{with_agents:.0f} with two that hold {GUESTS * (DISKS + 1)} locks.")
    # A bare cluster's own heartbeat varies by some per cent.
    mark("network traffic at rest, of that without agents", with_agents / without, 1.05)
    mark("disk traffic of the agent at rest", disk, 0, " bytes")
