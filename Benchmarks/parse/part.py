"""Reading a domain's XML, beside the same job in C and in Python; and finding out what it names."""
import contextlib
import itertools
import pathlib
import re
import statistics
import string
import subprocess

from measure import HERE, Unmeasurable, mark, number_of, table, title

DISKS = [1, 8, 64]
BLOCKS = 8
MARKED = 8
C, PYTHON = 1.5, 0.75

DISK = re.compile(r"    <disk .*?</disk>\n", re.S)
PATHS = re.compile(r"(<source (?:file|dev)=')[^']*/([^']*)'")


def names():
    """vda to vdz, vdaa, …"""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            yield "vd" + "".join(letters)


def document(count, folder):
    """The live XML of the benchmark of the hook, with that many disks, their images in a folder."""
    text = (HERE / "hook" / "8-disks.xml").read_text()
    templates = DISK.findall(text)
    disks = []
    for index, (name, template) in enumerate(zip(itertools.islice(names(), count), itertools.cycle(templates))):
        template = re.sub(r"target dev='[^']*'", f"target dev='{name}'", template)
        template = re.sub(r"virtio-disk\d+", f"virtio-disk{index}", template)
        disks.append(PATHS.sub(rf"\g<1>{folder}/{name}-\g<2>'", template))
    before, after = text[:text.index(templates[0])], text[text.index(templates[-1]) + len(templates[-1]):]
    return before + "".join(disks) + after


def loop_device(lab):
    """A block device over a file, or None where there is none to be had."""
    backing = lab.folder / "backing"
    with backing.open("wb") as file:
        file.truncate(1 << 20)
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        device = subprocess.check_output(
            ["losetup", "--find", "--show", backing], text=True, stderr=subprocess.DEVNULL).strip()
        lab.stack.callback(subprocess.call, ["losetup", "--detach", device])
        return device
    return None


def make_images(xml, device):
    """What the XML names: files, and links to the block device."""
    for kind, path in re.findall(r"<source (file|dev)='([^']*)'", xml):
        if kind == "dev" and device:
            with contextlib.suppress(FileExistsError):
                pathlib.Path(path).symlink_to(device)
        else:
            pathlib.Path(path).touch()


def samples(*command):
    """How much a program found, and what it printed, in microseconds."""
    found, *nanoseconds = subprocess.check_output([str(word) for word in command], text=True).split()
    return int(found), [int(value) / 1000 for value in nanoseconds]


def interleaved(peers, file, rounds):
    """The samples of each peer, in turns; all must find the same."""
    results = {name: [] for name in peers}
    found = {name: samples(*command, file, 1)[0] for name, command in peers.items()}  # warms the caches
    if len(set(found.values())) > 1:
        raise Unmeasurable(f"the peers do not find the same: {found}")
    for block in range(BLOCKS):
        order = list(peers)
        for name in order[block % len(order):] + order[:block % len(order)]:
            results[name].extend(samples(*peers[name], file, rounds)[1])
    return next(iter(found.values())), results


def run(lab):
    title("Reading a domain's XML, and finding out what it names")
    flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "libxml-2.0"], text=True).split()
    lab_program = lab.programs / "parse-lab"
    peers = {
        "ours": [lab_program, "parse"],
        "C": [lab.compile("parse/parse.c", libraries=flags)],
        "ElementTree": [HERE / "parse" / "parse.py"],
        "and identify": [lab_program, "identify"],
    }
    device = loop_device(lab)
    folder = lab.directory("images")
    rounds = number_of("ROUNDS", 10) * 5
    rows, ratios = [], {}
    for count in DISKS:
        xml = document(count, folder)
        make_images(xml, device)
        file = lab.folder / f"{count}.xml"
        file.write_text(xml)
        images, results = interleaved(peers, file, rounds)
        ours, peer, python, identified = (statistics.median(results[name]) for name in peers)
        ratios[count] = ours / peer, ours / python
        rows.append([
            f"{count} disks" if count > 1 else "1 disk", images, len(xml), len(results["ours"]),
            *(f"{value:.0f}" for value in (ours, peer, python)),
            *(f"{ratio:.2f}" for ratio in ratios[count]),
            f"{identified / 1000:.2f}", f"{(identified - ours) / images:.0f}"])
    table(
        ["domain", "images", "bytes", "n", "ours µs", "C µs", "ElementTree µs", "ours/C", "ours/ET",
         "and identify ms", "µs each"], rows)
    print("Medians. Half of the disks are "
          + (f"links to {device}." if device else "files too: there is no loop device to be had."))
    mark(f"reading {MARKED} disks, ratio to C", ratios[MARKED][0], C)
    mark(f"reading {MARKED} disks, ratio to ElementTree", ratios[MARKED][1], PYTHON)
