"""join GUESTS: starts an agent here, and prints after how many ms all nodes' agents answer it and it knows so
many guests of the others; ends it."""
import contextlib
import json
import socket
import subprocess
import sys
import time

wanted = int(sys.argv[1])
begun = time.monotonic()
agent = subprocess.Popen(["dlmguardd"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cluster():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("/run/dlmguard/agent.sock")
        client.sendall(b'{"v":1,"op":"cluster"}\n')
        return json.loads(client.makefile().readline())["cluster"]["nodes"]


try:
    while time.monotonic() - begun < 60:
        with contextlib.suppress(OSError, KeyError, ValueError):
            nodes = cluster()
            if all(node["state"] == "answering" for node in nodes) and (
                    sum(len(node["owners"]) for node in nodes) == wanted):
                print((time.monotonic() - begun) * 1000)
                sys.exit()
        time.sleep(0.01)
    sys.exit("the agent has not heard of everybody within a minute")
finally:
    agent.terminate()
    agent.wait(20)
