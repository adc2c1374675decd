#!/usr/bin/python3 -I
"""The hook's job in Python, as most hooks in the field are written. Straight road only.

DLMGUARD_SOCKET=/path ./hook.py NAME OPERATION SUB-OPERATION EXTRA < domain.xml
"""
import json
import os
import socket
import sys
import xml.etree.ElementTree as ElementTree

# The attribute of the source: what the resource's place is called, and its kind.
SOURCES = {"file": ("file", "file"), "dev": ("block", "block"), "dir": ("directory", "dir")}


def resource(layer, device, access):
    source = layer.find("source")
    for attribute, (place, kind) in SOURCES.items():
        path = source.get(attribute) if source is not None else None
        if path:
            if access == "backing":
                kind = "backing"
            return [{"kind": kind, "device": device, place: path, "access": access}]
    return []


def disk(element):
    target = element.find("target")
    name = target.get("dev") if target is not None else "?"
    access = "exclusive-write"
    if element.find("readonly") is not None:
        access = "read-only"
    elif element.find("shareable") is not None:
        access = "shared-write"
    found = resource(element, f"disk {name}", access)
    layer, depth = element.find("backingStore"), 1
    while layer is not None:
        found += resource(layer, f"backing file {depth} of {name}", "backing")
        layer, depth = layer.find("backingStore"), depth + 1
    return found


def main():
    root = ElementTree.fromstring(sys.stdin.buffer.read())
    request = {
        "v": 1, "op": "hook", "hook": sys.argv[2], "name": sys.argv[1],
        "uuid": root.findtext("uuid"), "caller": os.getppid(),
        "resources": [r for d in root.iterfind("devices/disk") for r in disk(d)],
        "unguarded": [],
    }
    agent = socket.socket(socket.AF_UNIX)
    agent.connect(os.environ["DLMGUARD_SOCKET"])
    agent.sendall(json.dumps(request, separators=(",", ":")).encode() + b"\n")
    return 0 if json.loads(agent.makefile().readline())["ok"] else 1


sys.exit(main())
