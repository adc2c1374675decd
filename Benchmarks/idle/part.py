"""What an agent takes that nobody asks anything: memory, CPU, disk."""
import pathlib
import subprocess
import time
import uuid

from measure import MIB, files, mark, table, title, until

OWNERS = 1000
DISKS = 8
SECONDS = 20
# Threads that served the last request end when they have been idle for some seconds.
SETTLE = 8


def fields(path):
    """`name: value` lines of a file below /proc (proc(5))."""
    lines = (line.split(":", 1) for line in pathlib.Path(path).read_text().splitlines())
    return {name: value.split() for name, value in lines}


def figures(pid):
    """Counters of a process, summed over its threads."""
    folder = pathlib.Path(f"/proc/{pid}")
    # After the command's name, which stands in parentheses: fields 14 and 15 are CPU ticks.
    stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
    switches = 0
    for task in (folder / "task").iterdir():
        status = fields(task / "status")
        switches += sum(
            int(status[f"{kind}_ctxt_switches"][0]) for kind in ("voluntary", "nonvoluntary"))
    io = fields(folder / "io")
    return {
        "ticks": int(stat[11]) + int(stat[12]), "switches": switches,
        "read": int(io["read_bytes"][0]), "written": int(io["write_bytes"][0]),
    }


def memory(pid):
    status = fields(f"/proc/{pid}/status")
    return {name: int(status[name][0]) * 1024 / MIB for name in ("VmRSS", "RssAnon", "VmHWM")}


def run(lab):
    title(f"The agent at rest: memory, and what {SECONDS} s without a request cost")
    empty, full = lab.agent("empty"), lab.agent("full")
    lives = lab.start(lab.compile("idle/lives.c"), str(OWNERS), stdout=subprocess.PIPE, text=True)
    pids = [int(line) for line in lives.stdout]
    images = lab.directory("images")
    # The documentation's example domain, so that no two runs differ.
    namespace = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    for agent, owners in ((empty, pids[:1]), (full, pids)):
        client = agent.client()
        for index, pid in enumerate(owners):
            name = f"guest-{index}"
            disks = files(images, [f"{name}-disk-{disk}" for disk in range(DISKS)])
            held = client.hold(name, uuid.uuid5(namespace, name), pid, disks)
            # An agent that has never worked is smaller than one that merely has nothing to do.
            if agent is empty:
                client.ask("release", owner=held)
        client.socket.close()
    records = full.state / "owners"
    until("the records", lambda: len(list(records.iterdir())) == OWNERS)
    time.sleep(SETTLE)
    before = {agent: figures(agent.pid) for agent in (empty, full)}
    time.sleep(SECONDS)
    rows = []
    for agent, owners in ((empty, 0), (full, OWNERS)):
        now, used = figures(agent.pid), memory(agent.pid)
        spent = {name: now[name] - before[agent][name] for name in now}
        rows.append([
            owners, owners * DISKS, *(f"{used[name]:.1f}" for name in used), spent["ticks"],
            spent["switches"], spent["read"], spent["written"]])
        agent.used, agent.spent = used, spent
    table(
        ["owners", "disks", "VmRSS MiB", "RssAnon MiB", "peak MiB", "CPU ticks", "switches",
         "bytes read", "written"], rows)
    mark("resident memory with no owner", empty.used["VmRSS"], 16, " MiB")
    mark(f"resident memory with {OWNERS * DISKS} disks", full.used["VmRSS"], 48, " MiB")
    for agent, owners in ((empty, 0), (full, OWNERS)):
        mark(f"disk traffic at rest with {owners} owners",
             agent.spent["read"] + agent.spent["written"], 0, " bytes")
