"""What it takes that every node knows what all others hold: messages, time, memory."""
import statistics
import subprocess

from measure import MIB, Unmeasurable, mark, number_of, table, title

NODES, GUESTS, DISKS = 64, 100, 8
ENTRIES = 10_000


def figures(lab, command, **options):
    words = [f"--{name}={value}" for name, value in options.items()]
    return subprocess.check_output([lab.programs / "directory-lab", command, *words], text=True).split()


def run(lab):
    rounds = number_of("ROUNDS", 10)
    title(f"The directory of {NODES} nodes that all start at once, and of {ENTRIES} entries")
    rows = []
    for nodes in (3, 16, NODES):
        samples = [figures(lab, "converge", nodes=nodes, guests=GUESTS, disks=DISKS) for _ in range(rounds)]
        if any(sample[4] != "right" for sample in samples):
            raise Unmeasurable("a directory is not what the nodes hold")
        datagrams, sent = int(samples[0][0]), int(samples[0][1])
        one = statistics.median(float(sample[3]) for sample in samples)
        entries = nodes * GUESTS
        rows.append([
            nodes, entries, datagrams, f"{sent / MIB:.2f}", f"{sent / entries:.0f}", f"{one:.1f}",
            f"{one * 1000 / entries:.1f}"])
    table(["nodes", "guests", "datagrams", "MiB sent", "bytes a guest", "CPU ms a node", "µs a guest"], rows)
    rows, ratios = [], {}
    for disks in (1, DISKS):
        samples = [
            [float(word) for word in figures(lab, "memory", entries=ENTRIES, disks=disks)]
            for _ in range(rounds)]
        kept, values, search = (statistics.median(column) for column in zip(*samples))
        ratios[disks] = kept / values
        rows.append([disks, f"{kept / MIB:.1f}", f"{kept / ENTRIES:.0f}", f"{values / MIB:.1f}",
                     f"{ratios[disks]:.2f}", f"{search / 1000:.2f}"])
    table(["disks each", "MiB", "bytes an entry", "MiB as values", "ratio", "ms to find a holder"], rows)
    print("Medians. A datagram is what corosync carries once, to all nodes.")
    mark(f"{ENTRIES} entries of {DISKS} disks, ratio to plain values", ratios[DISKS], 0.5)
