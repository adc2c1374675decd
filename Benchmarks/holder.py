"""holder GUESTS DISKS: registers so many owners with the agent of this machine and locks so many files for
each, then says so in /run/bench/held and lives on, and they with it."""
import json
import os
import socket
import sys
import time
import uuid

guests, disks = map(int, sys.argv[1:])
client = socket.socket(socket.AF_UNIX)
client.connect("/run/dlmguard/agent.sock")
replies = client.makefile()


def ask(operation, **members):
    client.sendall(json.dumps({"v": 1, "op": operation, **members}).encode() + b"\n")
    reply = json.loads(replies.readline())
    assert reply["ok"], reply
    return reply


os.makedirs("/run/bench", exist_ok=True)
host = os.uname().nodename
for guest in range(guests):
    name = f"{host}-guest-{guest}"
    owner = ask(
        "register", name=name, pid=os.getpid(),
        uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)))["owner"]
    paths = [f"/run/bench/{guest}-{disk}" for disk in range(disks)]
    for path in paths:
        open(path, "w").close()
    ask("add", owner=owner, resources=[
        {"kind": "file", "device": "disk", "file": path, "access": "exclusive-write"}
        for path in paths])
    ask("acquire", owner=owner)
open("/run/bench/held", "w").close()
time.sleep(900)
