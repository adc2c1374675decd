"""Live migration of real guests between two machines of a cluster, with the guard and without; and how long
a new agent takes to know what all nodes hold."""
import collections
import random
import statistics
import subprocess

from measure import HERE, mark, number_of, table, title
from nodes import DOMAIN, Nodes

GUEST = HERE.parent / "Tests" / "Host" / "guest" / "build"
MOST = 1.03
# What a guest has in memory → MiB of it. Of an empty one only what libvirt and QEMU do for any guest takes time.
MEMORY = {"boot": 32, "full": 256}
WORDS = {"boot": "nothing", "full": "238 MiB"}
GUESTS, DISKS = 100, 8
JOINS = 5
HOOK = "/etc/libvirt/hooks/qemu.d/dlmguard"


class Hosts(Nodes):
    """Three nodes, the first two with libvirtd."""

    def __init__(self, lab):
        super().__init__(lab, 3)
        for kind, memory in MEMORY.items():
            # Every node has a copy: what a node reads of the shared directory crosses the host each time.
            image = self.shared / f"{kind}.img"
            subprocess.check_call([GUEST, image, kind])
            xml = subprocess.check_output(
                [DOMAIN, kind, "--memory", str(memory), "--boot", f"/var/lib/libvirt/{kind}.img",
                 f"/dev/lun{1 + list(MEMORY).index(kind)},direct"], text=True)
            (self.shared / f"{kind}.xml").write_text(xml)
            for node in (1, 2):
                self.do("run", node, f"cp {image} /var/lib/libvirt/")

    def guard(self, on):
        """libvirtd looks for hooks when it starts; and one is faster than the next all its life long."""
        for node in (1, 2):
            self.do("stop", node, "libvirtd")
            if on:
                self.do("run", node, f"install -D -m 755 {self.shared}/programs/qemu-hook {HOOK}")
                self.do("restart", node, "dlmguardd")
            else:
                self.do("run", node, f"rm -f {HOOK}")
                self.do("stop", node, "dlmguardd")
            self.do("start", node, "libvirtd")

    def migrate(self, kind, source, target):
        """How many ms it took, by the source's clock."""
        return int(self.do(
            "run", source, "begun=$(date +%s%N); "
            f"virsh -q migrate --live {kind} qemu+tcp://node{target}/system --migrateuri tcp://node{target} "
            "&& echo $((($(date +%s%N) - begun) / 1000000))"))

    def there_and_back(self, kind, on):
        self.do("run", 1, f"virsh -q create {self.shared}/{kind}.xml")
        try:
            if on:
                # A guard that guards nothing would be fast.
                self.do("run", 1, f"dlmguard inquire {kind} >/dev/null")
            # Its memory is filled while it boots.
            self.do("run", 1, "sleep 4")
            return [self.migrate(kind, *way) for way in ((1, 2), (2, 1))]
        finally:
            self.do("run", 1, f"virsh -q destroy {kind}")

    def join(self, guests):
        """What an agent on node 3 takes, from its start until it knows so many guests of the others, in ms."""
        (self.shared / "join.py").write_bytes((HERE / "migration" / "join.py").read_bytes())
        return [
            float(self.do("run", 3, f"python3 {self.shared}/join.py {guests}")) for _ in range(JOINS)]


def compare(hosts, rounds):
    times = collections.defaultdict(list)
    generator = random.Random(1)
    for _ in range(rounds):
        order = [True, False]
        generator.shuffle(order)
        for on in order:
            hosts.guard(on)
            hosts.there_and_back("boot", on)  # warms them up
            for kind in MEMORY:
                times[kind, on] += hosts.there_and_back(kind, on)
    rows, ratios = [], {}
    for kind in MEMORY:
        without, with_guard = (statistics.median(times[kind, on]) for on in (False, True))
        ratios[kind] = with_guard / without
        rows.append([WORDS[kind], f"{without:.0f}", f"{with_guard:.0f}", f"{with_guard - without:+.0f}",
                     f"{ratios[kind]:.3f}"])
    table(["in memory", "without", "with the guard", "difference", "ratio"], rows)
    return ratios


def run(lab):
    rounds = max(1, number_of("ROUNDS", 10) // 4)
    title(f"virsh migrate --live between two nodes, medians of {2 * rounds}, ms")
    hosts = Hosts(lab)
    ratios = compare(hosts, rounds)
    mark("migration of a guest with 238 MiB in memory, of the same without the guard", ratios["full"], MOST)
    hosts.guard(True)
    nobody = statistics.median(hosts.join(0))
    for node in (1, 2):
        hosts.hold_guests(node, GUESTS, DISKS)
    known = statistics.median(hosts.join(2 * GUESTS))
    print(f"An agent that starts on the third node knows all others after {nobody:.0f} ms where they hold nothing, "
          f"and after {known:.0f} ms where they hold {2 * GUESTS} guests of {DISKS} disks; medians of {JOINS}.")
