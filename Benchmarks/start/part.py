"""`virsh start` and `virsh destroy` of real guests: with the guard, without any hook, and with the
hooks that people write."""
import collections
import os
import random
import shutil
import statistics
import subprocess
import time

from measure import HERE, Unmeasurable, mark, number_of, table, title

HOST = HERE.parent / "Tests" / "Host" / "host"
DOMAIN = HERE.parent / "Tests" / "Host" / "domain"
MOST = 1.03
DISKS = (1, 8)
# How many lives the hook's calls are timed in.
CALLS = 8
# How often each guest lives in one round, between two restarts of the libvirtd that starts it.
LIVES = 3
# "none again" does the same as "none": both together are what the others are compared with, and how
# far each of them is from that is what no figure here can tell.
BASE = ("none", "none again")
HOSTS = {
    "none": None, "none again": None, "dlmguard": "guard", "nothing": "start/nothing.c",
    "bash": "start/hook.bash", "python3": "start/hook.py",
}


class Host:
    """One libvirtd in namespaces of its own, and what it has for a hook."""

    def __init__(self, lab, letter, hook):
        self.name = letter
        self.home = lab.folder / letter
        self.environment = os.environ | {
            "DLMGUARD_LAB": str(lab.folder), "BIN": str(lab.programs),
            "GUARD": "on" if hook == "guard" else "off", "LC_ALL": "C",
        }
        self.do("up", letter)
        # The name that `host` gives the guard's.
        self.hook = self.home / "etc-libvirt" / "hooks" / "qemu.d" / "dlmguard"
        if hook == "guard":
            self.do("start", letter, "dlmguardd")
        elif hook:
            self.hook.parent.mkdir(parents=True)
            program = lab.compile(hook, "-static") if hook.endswith(".c") else HERE / hook
            shutil.copy(program, self.hook)
            # libvirt passes over a hook that it cannot execute.
            self.hook.chmod(0o755)
        # libvirtd looks for hooks when it starts.
        self.do("start", letter, "libvirtd")
        self.uri = self.do("sock", letter).strip()
        images = self.home / "images"
        images.mkdir()
        for count in DISKS:
            disks = [images / f"{count}-{index}.qcow2" for index in range(count)]
            for disk in disks:
                output("qemu-img", "create", "-q", "-f", "qcow2", disk, "4M")
            # QEMU's own locking stays on: it costs everybody the same, and nothing is shared.
            xml = self.home / f"{count}.xml"
            xml.write_text(output(
                DOMAIN, "--qemu-locking", f"guest{count}", *disks, env=self.environment))
            self.virsh("define", xml)

    def do(self, *words):
        return output(HOST, *words, env=self.environment)

    def virsh(self, *words):
        """How many ms it took."""
        start = time.perf_counter()
        output("virsh", "-q", "-c", self.uri, *words)
        return (time.perf_counter() - start) * 1000

    def restart(self):
        """One libvirtd is some per cent faster or slower than the next, all its life long."""
        self.do("restart", self.name, "libvirtd")

    def cycle(self, count):
        return self.virsh("start", f"guest{count}"), self.virsh("destroy", f"guest{count}")


def output(*words, **options):
    """What a command printed; a daemon that it leaves behind does not hold this up."""
    run = subprocess.run(
        [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=120, check=False, **options)
    if run.returncode != 0:
        raise Unmeasurable(f"{' '.join(map(str, words))}: {run.stderr or run.stdout}")
    return run.stdout


def check_guarded(host):
    """A guard that guards nothing would be fast."""
    host.virsh("start", "guest8")
    host.do("exec", host.name, "dlmguard", "inquire", "guest8")
    host.virsh("destroy", "guest8")


def median_ratio(sums, base):
    """The median excess over the base of the same round, of the base's median."""
    excess = statistics.median([value - other for value, other in zip(sums, base)])
    return 1 + excess / statistics.median(base)


def ratios(sums, base, generator):
    """The median ratio to the base, and where 95 % of the resampled ones lie."""
    resampled = []
    for _ in range(2000):
        chosen = [generator.randrange(len(base)) for _ in base]
        resampled.append(
            median_ratio([sums[index] for index in chosen], [base[index] for index in chosen]))
    resampled.sort()
    return median_ratio(sums, base), resampled[50], resampled[-51]


def hook_calls(lab, host):
    """What each call of the hook takes when libvirt makes it: operation → ms, CPU ms."""
    # Outside the hook's directory, or libvirt would take it for one more hook.
    real, log = host.home / "hook", host.home / "calls"
    shutil.copy(host.hook, real)
    timed = lab.compile("start/timed.c", HOOK=real, LOG=log)
    # At once, as an upgrade replaces it.
    new = host.home / "hook.new"
    shutil.copy(timed, new)
    os.rename(new, host.hook)
    for _ in range(CALLS):
        host.cycle(8)
    calls = collections.defaultdict(list)
    for line in log.read_text().splitlines():
        operation, wall, cpu = line.split()
        calls[operation].append((int(wall) / 1000, int(cpu) / 1000))
    medians = {
        operation: [statistics.median(values) for values in zip(*figures)]
        for operation, figures in calls.items()}
    medians["all five"] = [sum(values) for values in zip(*medians.values())]
    return medians


def compare_calls(lab, hosts, without):
    names = [name for name, hook in HOSTS.items() if hook]
    calls = {name: hook_calls(lab, hosts[name]) for name in names}
    print(f"\nThe hook's calls in such a life with 8 disks, medians of {CALLS}:\n")
    table(
        ["call", *(f"{name} {unit}" for name in names for unit in ("ms", "CPU"))],
        [[operation,
          *(f"{value:.1f}" for name in names for value in calls[name][operation])]
         for operation in calls[names[0]]])
    share = calls["dlmguard"]["all five"][0] / without
    print(f"The guard's five calls last {share:.1%} of start and destroy without a hook.")


def run(lab):
    rounds = number_of("ROUNDS", 10)
    title(f"virsh start and virsh destroy, medians of {rounds} rounds of {LIVES}, ms")
    lab.stack.callback(
        subprocess.run, [HOST, "downall"], check=False,
        env=os.environ | {"DLMGUARD_LAB": str(lab.folder)})
    hosts = {
        name: Host(lab, "NOGZBP"[index], hook) for index, (name, hook) in enumerate(HOSTS.items())}
    check_guarded(hosts["dlmguard"])
    times = collections.defaultdict(list)
    generator = random.Random(1)
    for _ in range(rounds):
        order = list(hosts.values())
        generator.shuffle(order)
        for host in order:
            host.restart()
            host.cycle(DISKS[0])  # warms it up
        for life in range(LIVES):
            order = [(name, count) for name in hosts for count in DISKS]
            generator.shuffle(order)
            for name, count in order:
                times[name, count].append(hosts[name].cycle(count))
    rows, results = [], {}
    for count in DISKS:
        sums = {name: [sum(figures) for figures in times[name, count]] for name in hosts}
        base = [statistics.mean(values) for values in zip(*(sums[name] for name in BASE))]
        for name in hosts:
            starts, destroys = zip(*times[name, count])
            results[name, count] = ratios(sums[name], base, generator)
            ratio, low, high = results[name, count]
            rows.append([
                name, count, *(f"{statistics.median(values):.0f}" for values in (
                    starts, destroys, sums[name])),
                f"{ratio:.3f}", f"{low:.3f} … {high:.3f}"])
    table(["hook", "disks", "start", "destroy", "sum", "of none", "95 %"], rows)
    for count in DISKS:
        mark(f"start and destroy of a guest of {count} disk{'s' * (count > 1)}, of none",
             results["dlmguard", count][0], MOST)
    without = statistics.median([sum(figures) for figures in times["none", 8]])
    compare_calls(lab, hosts, without)
