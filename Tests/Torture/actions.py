"""What a step of a plan does, and the history of all that was done: who may be blamed for a death."""
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass, field

import stamp
from places import Node, lab, run, tests
from plan import RUNNING, SAVED

shared = f"{lab}/shared/torture" if os.path.isdir(f"{lab}/shared") else f"{lab}/torture"

# The disks of each guest, by number: two pairs of rivals, and one that is everybody's.
GUESTS = {"g1": [0], "g2": [0], "g3": [1], "g4": [0, 1], "g5": [1]}
# The last one is nobody's own: it is only attached to what runs.
DISKS = 3

# What virsh says when libvirtd ended or stood still: whether the deed was done is not known then. It is
# known where libvirtd was never reached.
UNKNOWN = re.compile(
    "Disconnected|End of file|socket is closed|keepalive|state change lock|Cannot recv|Broken pipe|reset by peer|"
    "monitor|timed out", re.I)
UNREACHED = "failed to connect to the hypervisor"


@dataclass
class Deed:
    began: float
    node: str
    action: str
    guest: str = ""
    ended: float = 0
    result: str = ""  # ok, no, or unknown
    text: str = ""
    pids: list = field(default_factory=list)

    def __str__(self):
        words = [f"{self.began:.3f}", f"{self.ended - self.began:.1f}s", self.node, self.action, self.guest]
        # What went wrong at last, and why, comes last.
        text = self.text.replace("\n", " ")[-400:]
        return " ".join([*words, self.result, *map(str, self.pids), text]).replace("  ", " ")


class Torture:
    def __init__(self, places, disks, pace):
        self.places, self.disks = places, disks
        self.pace = pace  # of the guests' writing, in ticks
        self.deeds = []
        self.lives = []  # what became of which QEMU process: moment, node, event, guest, pid, start
        self.alive, self.saved = set(), set()  # (node, guest), as far as is known
        self.journal = open(f"{lab}/deeds", "w", buffering=1)
        os.makedirs(shared, exist_ok=True)
        run([f"{tests}/Host/guest/build", f"{lab}/writer.img", "writer"], 30)

    # --- words -----------------------------------------------------------------------------------

    def serial(self, place, guest):
        return f"{shared}/{place.name}-{guest}.serial"

    def define(self, place, guest, disks):
        """The guest's boot disk says who it is, and where."""
        base = f"{shared}/{place.name}-{guest}"
        with open(f"{lab}/writer.img", "rb") as file:
            image = bytearray(file.read())
        image[stamp.SECTOR: 2 * stamp.SECTOR] = stamp.sector(f"{guest} on {place.name}", self.pace, len(disks))
        with open(f"{base}.img", "wb") as file:
            file.write(image)
        text = subprocess.run(
            [f"{tests}/Host/domain", guest, "--boot", f"{base}.img", "--serial", self.serial(place, guest),
             "--keep-serial", *(f"{self.disks[d]},bus=scsi,bios{place.direct}" for d in disks)],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        with open(f"{base}.xml", "w") as file:
            file.write(text)
        return place.virsh("define", f"{base}.xml", seconds=60)

    def disk_xml(self, place, disk):
        path = f"{shared}/{place.name}-disk{disk}.xml"
        block = isinstance(place, Node)
        with open(path, "w") as file:
            file.write(
                f"<disk type='{'block' if block else 'file'}' device='disk'>"
                f"<driver name='qemu' type='raw'{' cache=' + repr('none') if block else ''}/>"
                f"<source {'dev' if block else 'file'}='{self.disks[disk]}'/>"
                "<target dev='sdk' bus='scsi'/></disk>")
        return path

    def deed(self, place, action, guest, do):
        deed = Deed(time.time(), place.name, action, guest)
        self.deeds.append(deed)
        status, deed.text = do()
        deed.ended = time.time()
        deed.result = "ok" if status == 0 else (
            "unknown" if status >= 124 or UNREACHED not in deed.text and UNKNOWN.search(deed.text) else "no")
        print(deed, file=self.journal)
        return deed

    def virsh(self, place, action, guest, *words, seconds=45):
        if not place.up:
            return None
        deed = self.deed(place, action, guest, lambda: place.virsh(*words, seconds=seconds))
        if deed.result == "ok":
            if action == "managedsave":
                self.saved.add((place.name, guest))
            elif action in ("start", "forget-save"):
                self.saved.discard((place.name, guest))
        return deed

    def start(self, place, guest):
        return self.virsh(place, "start", guest, "start", guest)

    # --- steps -----------------------------------------------------------------------------------

    def whose_turn(self, those, step):
        """A place and a guest of those; the step's own where there is none."""
        names = {place.name: place for place in self.places}
        those = sorted(those)
        if not those:
            return self.places[step.node], step.guest
        name, guest = those[step.turn % len(those)]
        return names[name], guest

    def take(self, step):
        place, far, guest = self.places[step.node], self.places[step.far], step.guest
        if step.action in RUNNING:
            place, guest = self.whose_turn(set(self.alive), step)
        elif step.action in SAVED:
            place, guest = self.whose_turn(set(self.saved), step)
        match step.action:
            case "restore":
                self.start(place, guest)
            case "start":
                self.start(place, guest)
            case "race":
                racer = threading.Thread(target=self.start, args=(far, step.other))
                racer.start()
                self.start(place, guest)
                racer.join()
            case "destroy" | "managedsave" | "suspend" | "resume" | "reset" | "shutdown":
                self.virsh(place, step.action, guest, step.action, guest)
            case "forget-save":
                self.virsh(place, step.action, guest, "managedsave-remove", guest)
            case "attach":
                self.virsh(place, "attach", guest, "attach-device", guest, self.disk_xml(place, step.disk),
                           "--live")
            case "detach":
                self.virsh(place, "detach", guest, "detach-disk", guest, "sdk", "--live")
            case "revoke" if place.up:
                # A saved guest that is robbed may not be resumed; only who runs is robbed here.
                line = f"test ! -e /var/lib/libvirt/qemu/save/{guest}.save && dlmguard revoke {guest}"
                self.deed(place, "revoke", guest, lambda: place.exec("sh", "-c", line))
            case "kill-qemu" if place.up:
                self.kill_qemu(place, guest)
            case "crash" | "hang" | "cut" | "reboot":
                self.fell(place, step.action)
            case action if "-" in action and place.up:
                verb, _, daemon = action.partition("-")
                self.trouble(place, verb, "dlmguardd" if daemon == "agent" else daemon, step.last)

    def kill_qemu(self, place, guest):
        # Whoever runs under that number is QEMU: libvirt may have left the file of one that died.
        line = (f"pid=$(cat /run/libvirt/qemu/{guest}.pid) && grep -q qemu-system /proc/$pid/comm && "
                "kill -9 $pid && echo $pid")
        deed = self.deed(place, "kill-qemu", guest, lambda: place.exec("sh", "-c", line, seconds=10))
        if deed.result == "ok":
            deed.pids.append(int(deed.text.split()[-1]))

    def trouble(self, place, verb, daemon, last):
        """A daemon is killed or stopped and comes back, or stands still for a while."""
        if not place.held[daemon].acquire(blocking=False):
            return
        try:
            if verb == "freeze":
                self.deed(place, f"freeze {daemon}", "", lambda: place.signal(daemon, "STOP"))
                time.sleep(last)
                self.deed(place, f"thaw {daemon}", "", lambda: place.signal(daemon, "CONT"))
            else:
                end = "kill9" if verb == "kill" else "stop"
                self.deed(place, f"{end} {daemon}", "", lambda: place.daemon(end, daemon))
                time.sleep(last)
                self.revive(place, daemon)
        finally:
            place.held[daemon].release()

    def revive(self, place, daemon):
        def do():
            # Its machine may fail at any moment.
            if not place.up:
                return 0, "its machine is down"
            alive, text = place.revive(daemon)
            return (0, "") if alive else (1, text)

        return self.deed(place, f"start {daemon}", "", do)

    # --- machines --------------------------------------------------------------------------------

    felling = threading.Lock()

    def fell(self, node, how):
        """A node fails, is fenced and starts again. One at a time: two of three are the quorum."""
        if not Torture.felling.acquire(blocking=False):
            return
        try:
            before = node.fencings()
            node.up = False
            verb = {"crash": ["kill", node.name], "reboot": ["reboot", node.name],
                    "hang": ["pause", node.name], "cut": ["link", node.name, "off"]}[how]
            self.deed(node, how, "", lambda: node.lab(*verb))
            self.deed(node, "fenced", "", lambda: self.fenced(node, before))
            self.deed(node, "back", "", lambda: self.back(node))
        finally:
            Torture.felling.release()

    def fenced(self, node, before):
        end = time.monotonic() + 120
        while node.fencings() == before:
            if time.monotonic() > end:
                return 1, "it was not fenced within 120 s"
            time.sleep(0.5)
        return 0, ""

    def back(self, node):
        # The switch that fenced it starts it, too, and that may be at any moment.
        end = time.monotonic() + 30
        while True:
            status, text = node.lab("up", node.name)
            if status == 0 or time.monotonic() > end:
                break
            time.sleep(1)
        if status == 0:
            status, text = node.lab("wait", node.name)
        if status != 0:
            return status, text
        # Its saved guests lost their locks with it: their saved states are worthless, as the guard says.
        for name in os.listdir(f"{node.home}/save"):
            os.remove(f"{node.home}/save/{name}")
        self.saved = {each for each in set(self.saved) if each[0] != node.name}
        self.observe(node)
        for daemon in ("dlmguardd", "libvirtd"):
            alive, text = node.revive(daemon)
            if not alive:
                return 1, f"{daemon}: {text}"
        node.up = True
        return 0, ""

    # --- QEMU processes --------------------------------------------------------------------------

    def observe(self, place):
        """Has what `qemus` says there written down, with the time here, until the place's end."""
        here = os.path.dirname(os.path.realpath(__file__))
        process = subprocess.Popen(
            [*place.tool, "exec", place.name, f"{here}/qemus"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)

        def read():
            for line in process.stdout:
                event, name, pid, start = line.split()
                self.lives.append((time.time(), place.name, event, name, int(pid), start))
                (self.alive.add if event == "born" else self.alive.discard)((place.name, name))
                print(f"{time.time():.3f}", place.name, line.strip(), file=self.journal)
            self.alive = {each for each in set(self.alive) if each[0] != place.name}

        threading.Thread(target=read, daemon=True).start()
