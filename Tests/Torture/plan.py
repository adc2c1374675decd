"""What is done to the guests, their daemons and their machines, and when: drawn from one seed, whatever
comes of it, so that a seed repeats it. Only which guest runs when its turn comes is left to the run.
"""
import random
from dataclasses import dataclass

# How often each action comes, by comparison. The first are about one guest on one node, or two that race.
START = {"start": 18, "race": 6}
# About one of those that run.
RUNNING = {
    "destroy": 3, "shutdown": 2, "managedsave": 3, "suspend": 2, "resume": 4, "reset": 1, "attach": 3,
    "detach": 3, "kill-qemu": 4, "revoke": 1,
}
# About one of those that are saved.
SAVED = {"restore": 3, "forget-save": 1}
DAEMON = {
    "kill-agent": 5, "stop-agent": 1, "freeze-agent": 2, "kill-libvirtd": 3, "stop-libvirtd": 1,
    "freeze-libvirtd": 2,
}
MACHINE = {"crash": 1, "hang": 1, "cut": 1, "reboot": 1}


@dataclass(frozen=True)
class Step:
    pause: float  # seconds after the beginning of the one before
    action: str
    node: int
    guest: str
    other: str  # a second guest of a race
    far: int  # its node
    turn: int  # which one of those that run, or are saved
    disk: int  # a disk to attach
    last: float  # seconds that a daemon is away, or stands still


class Plan:
    """An endless sequence of steps."""

    def __init__(self, seed, nodes, guests, disks, pace, machines):
        self.random = random.Random(seed)
        self.nodes, self.guests, self.disks, self.pace = nodes, guests, disks, pace
        self.weights = START | RUNNING | SAVED | DAEMON
        # A machine comes back in a minute or so: more often than that it is not asked for in vain.
        self.machine = pace / 60 if machines else 0

    def __iter__(self):
        return self

    def __next__(self):
        draw = self.random
        actions = MACHINE if draw.random() < self.machine else self.weights
        return Step(
            pause=min(draw.expovariate(1 / self.pace), 6 * self.pace),
            action=draw.choices(list(actions), list(actions.values()))[0],
            node=draw.randrange(self.nodes),
            guest=draw.choice(self.guests),
            other=draw.choice(self.guests),
            far=draw.randrange(self.nodes),
            turn=draw.randrange(60),
            disk=draw.randrange(self.disks),
            # Mostly short; sometimes longer than a hook waits.
            last=draw.choice([0, 0, 0.3, 0.5, 1, 2, 5, 12]),
        )
