"""What came of it: each finding is one line of text, and none is what is wanted."""
import glob
import math
import os
import re
from collections import Counter

from actions import shared
from places import lab

AUDIT = re.compile(r"audit (\w+)(?: domain='([^']*)' uuid=(\S+))?(?: owner=(\S+))?(.*)")


def double_writers():
    """From the guests, and from the watcher."""
    for path in glob.glob(f"{shared}/*.serial"):
        with open(path, errors="replace") as file:
            for line in file:
                if line.startswith(("FOREIGN", "ERROR")):
                    yield f"{os.path.basename(path)[:-7]}: {line.strip()}"
    with open(f"{lab}/watch.log") as file:
        for line in file:
            if line.split()[1:2] != ["holds"]:
                yield f"watcher: {line.strip()}"


def audit(place):
    """The agent's audit lines, in order: kind, domain, owner, the rest."""
    with open(place.log, errors="replace") as file:
        for line in file:
            if found := AUDIT.search(line):
                yield found[1], found[2], found[4], found[5], line.strip()


def census(places):
    return Counter(kind for place in places for kind, *_ in audit(place))


def kills_without_loss(places):
    for place in places:
        robbed = set()
        for kind, _, owner, _, line in audit(place):
            if kind in ("lost", "revoked"):
                robbed.add(owner)
            elif kind == "killed" and owner not in robbed:
                yield f"{place.name}: {line[:500]}"


def losses(places, deeds):
    """A lock is lost where its machine failed under a saved guest, and nowhere else: nobody takes any."""
    fallen = {deed.node for deed in deeds if deed.action in ("crash", "hang", "cut", "reboot")}
    for place in places:
        for kind, _, _, _, line in audit(place):
            if kind == "lost" and place.name not in fallen:
                yield f"{place.name}: {line[:500]}"


def unexplained_deaths(places, deeds, lives):
    killed = {
        (place.name, int(pid[1]))
        for place in places
        for kind, _, _, rest, _ in audit(place) if kind == "killed" and (pid := re.search(r"pid=(\d+)", rest))}
    births = {(node, name, pid, start): moment for moment, node, event, name, pid, start in lives if event == "born"}
    for moment, node, event, name, pid, start in lives:
        if event == "born":
            continue
        birth = births[node, name, pid, start]
        next_birth = min(
            (other for (on, of, *_), other in births.items() if (on, of) == (node, name) and other > birth),
            default=math.inf)
        near = [deed for deed in deeds if deed.node == node and deed.began - 1 <= moment]
        own = [deed for deed in near if deed.guest == name]
        if (node, pid) in killed or any(excuses(deed, pid, birth, moment) for deed in own):
            continue
        if broken_off(near, own, birth, next_birth, moment):
            continue
        yield f"{node}: {name} (pid {pid}), {moment - birth:.1f} s old, at {moment:.3f}"


def excuses(deed, pid, birth, death):
    """Whether the deed ended that process."""
    if deed.action == "kill-qemu":
        return pid in deed.pids
    if deed.action == "shutdown":
        # A guest answers the button when it runs; it may be paused for long.
        return deed.result != "no" and birth - 1 < deed.ended
    if deed.action not in ("destroy", "managedsave"):
        return False
    # A deed that was done is over; of one whose libvirtd went, or stood still, nobody can tell.
    late = {"ok": 2, "no": 0, "unknown": 90}[deed.result]
    return deed.result != "no" and birth - 1 < deed.ended and death < deed.ended + late


def broken_off(near, own, birth, next_birth, death):
    """Whether its start failed, or did not come to its end before libvirtd's: that ends it."""
    # A birth is told a little late, never early; what a start that was done has begun is the last one born by then.
    starts = [deed for deed in own if deed.action == "start" and deed.began < birth < deed.ended + 60]
    if any(deed.result == "ok" and birth < deed.ended + 1 <= next_birth + 1 for deed in starts):
        return False
    ended = any(
        deed.action in ("kill9 libvirtd", "stop libvirtd") and deed.ended > birth - 60 for deed in near)
    return any(death < deed.ended + 5 or ended for deed in starts)
