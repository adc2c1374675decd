"""What the agent takes for an answer, beside the least that a server, or a disk, can take."""
import os
import statistics
import subprocess
import uuid

from measure import can_connect, files, percentile, table, title, until

REQUEST = '{"v":1,"op":"inquire","name":"nobody"}'
REPLY = '{"v":1,"ok":true,"owners":[]}'
BLOCKS = 10
REQUESTS = 200
LOCKS = 20


def samples(*command):
    """What a C program printed, in microseconds."""
    text = subprocess.check_output([str(word) for word in command], text=True)
    return [int(line) / 1000 for line in text.split()]


def interleaved(ours, peer):
    """The samples of two commands, run in turns."""
    results = ([], [])
    for command in (ours, peer):  # warm the caches
        samples(*command)
    for block in range(BLOCKS):
        for index in (block % 2, 1 - block % 2):
            results[index].extend(samples(*(ours, peer)[index]))
    return results


def run(lab):
    title("Requests to the agent, one after another, µs")
    client, answer, record = map(
        lab.compile, ("request/client.c", "request/answer.c", "request/record.c"))
    agent = lab.agent("agent")
    peer = lab.folder / "peer.sock"
    lab.start(answer, peer, REPLY)
    until("the peer's socket", lambda: can_connect(peer))
    disks = files(lab.directory("images"), [f"disk-{index}" for index in range(8)])
    # How large a record of such an owner is.
    domain = uuid.uuid4()
    with_record = agent.client()
    owner = with_record.hold("bench", domain, os.getpid(), disks)
    size = sum(file.stat().st_size for file in (agent.state / "owners").iterdir())
    with_record.ask("release", owner=owner)

    rows = []
    for name, beside, (ours, theirs) in [
            ("inquire, one connection", "bare C server", interleaved(
                (client, agent.socket, "same", REQUESTS, REQUEST),
                (client, peer, "same", REQUESTS, REQUEST))),
            ("inquire, a connection each", "bare C server", interleaved(
                (client, agent.socket, "fresh", REQUESTS, REQUEST),
                (client, peer, "fresh", REQUESTS, REQUEST))),
            ("lock and release 8 disks", "bare C writing", interleaved(
                (client, agent.socket, "locks", LOCKS, domain, *disks),
                (record, lab.directory("records"), size, LOCKS)))]:
        medians = [statistics.median(values) for values in (ours, theirs)]
        tails = [percentile(values, 99) for values in (ours, theirs)]
        rows.append([
            name, len(ours), *(f"{value:.0f}" for value in (medians[0], tails[0])), beside,
            *(f"{value:.0f}" for value in (medians[1], tails[1])),
            f"{medians[0] / medians[1]:.2f}", f"{medians[0] - medians[1]:.0f}"])
    table(
        ["agent", "n", "p50", "p99", "peer", "p50", "p99", "ratio of p50", "more"], rows)
    print(f"Lock and release: four requests, and a record of {size} bytes put on stable storage and"
          "\nremoved (three fsyncs), which is all that its peer does.")
