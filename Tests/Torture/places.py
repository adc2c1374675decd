"""Where guests run: a host of the host ring, or a node of the cluster ring, by the same words."""
import os
import subprocess
import threading
import time

here = os.path.dirname(os.path.realpath(__file__))
tests = os.path.dirname(here)
lab = os.environ["DLMGUARD_LAB"]


def run(words, seconds):
    """Exit code and output; 124 when it took too long."""
    # Of its own session: a signal to the terminal is not one to what is in the middle of something.
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        return 124, output.strip()
    return process.returncode, output.strip()


class Place:
    """`name` is the one that its ring's tool knows, `home` its directory, `up` whether it may be asked."""

    def __init__(self, name):
        self.name = name
        self.home = f"{lab}/{name}"
        self.up = True
        # Who ends, stops or revives a daemon, or the machine, is alone with it.
        self.held = {word: threading.Lock() for word in ("dlmguardd", "libvirtd", "machine")}

    def exec(self, *words, seconds=60):
        return run([*self.tool, "exec", self.name, "timeout", "-k", "2", str(seconds), *words],
                   seconds + 20)

    def virsh(self, *words, seconds=60):
        return self.exec("virsh", "-q", *words, seconds=seconds)

    def daemon(self, verb, daemon):
        return run([*self.tool, verb, self.name, daemon], 100)

    def signal(self, daemon, signal):
        return self.exec("sh", "-c", f"kill -{signal} $(cat /run/{daemon}.pid)", seconds=10)

    def answers(self, daemon):
        words = ["dlmguard", "status"] if daemon == "dlmguardd" else ["virsh", "uri"]
        return self.exec(*words, seconds=10)[0] == 0

    def revive(self, daemon, seconds=150):
        """Starts it unless it answers. One that was killed while its lockspace stood still ends only when
        that goes on, and the next one is not started before."""
        end = time.monotonic() + seconds
        text = ""
        while not self.answers(daemon):
            if time.monotonic() > end:
                return False, text
            _, text = self.daemon("start", daemon)
            time.sleep(0.5)
        return True, ""

    def records(self):
        path = f"{self.lib}/owners"
        return sorted(f"{self.name}/{name}" for name in os.listdir(path)) if os.path.isdir(path) else []


class Host(Place):
    tool = [f"{tests}/Host/host"]
    direct = ""

    def __init__(self, name):
        super().__init__(name)
        self.log = f"{self.home}/log/dlmguardd.log"
        self.lib = f"{self.home}/lib-dlmguard"

    def kernel_locks(self):
        return []


class Node(Place):
    tool = [f"{tests}/Cluster/lab"]
    direct = ",direct"

    def __init__(self, number):
        super().__init__(f"node{number}")
        self.number = number
        self.log = f"{self.home}/log/dlmguardd.log"
        self.lib = f"{self.home}/lib-dlmguard"

    def lab(self, *words, seconds=200):
        return run([*self.tool, *words], seconds)

    def fencings(self):
        return self.lab("fenced")[1].count(f"wants {self.name} off: done")

    def kernel_locks(self):
        """Lines of the kernel's table about locks in any mode but NL, or about requests that wait."""
        status, text = self.exec("cat", "/sys/kernel/debug/dlm/libvirt_locks")
        if status != 0:
            return [f"{self.name}: {text}"]
        lines = (line.split() for line in text.splitlines()[1:])
        # id nodeid remid pid xid exflags flags sts grmode rqmode … name: sts 2 is granted, mode 0 is NL.
        return [f"{self.name}: {' '.join(words)}" for words in lines if words[7] != "2" or int(words[8]) > 0]
