#!/usr/bin/python3
"""The hook that people write who look at the disks: reads them, and has no objection."""
import sys
import xml.etree.ElementTree as ElementTree

text = sys.stdin.buffer.read()
if text:
    for disk in ElementTree.fromstring(text).iterfind("devices/disk"):
        source = disk.find("source")
        if source is not None:
            source.get("file")
sys.exit(0)
