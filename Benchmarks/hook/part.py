"""One call of the hook, beside the same job in C and in Python, against a running agent."""
import re
import subprocess
import sys

from measure import HERE, Unmeasurable, files, title

PATHS = re.compile(r"(<source (?:file|dev)=')([^']*/)?([^']*)(')")


def run(lab):
    title("One call of the hook: prepare of a guest of 8 disks, against a running agent")
    agent = lab.agent("agent")
    images = lab.directory("images")
    text = (HERE / "hook" / "8-disks.xml").read_text()
    files(images, {match[3] for match in PATHS.finditer(text)})
    xml = lab.folder / "8-disks.xml"
    xml.write_text(PATHS.sub(rf"\g<1>{images}/\g<3>\g<4>", text))
    sys.stdout.flush()
    if subprocess.call([
            HERE / "hook" / "compare.py", lab.programs / "qemu-hook", "--rounds", "100",
            "--socket", agent.socket, "--xml", xml]) != 0:
        raise Unmeasurable("compare.py gave up")
