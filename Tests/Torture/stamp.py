"""What a writing guest writes (Tests/Host/guest/writer.S): one sector of two equal halves.

A half is a mark, the number of one start of the guest, a counter, the pace, how many disks it writes, and
a name; the rest is 0.
"""
import struct
from dataclasses import dataclass

SECTOR = 512
PLACE = 8 * SECTOR  # where it stands on a disk, in bytes
MARK = b"dlmguard"
HALF = struct.Struct("<8sQIBB2x64s168x")


class Torn(Exception):
    """The two halves of a stamp are not equal."""


@dataclass(frozen=True)
class Stamp:
    name: str
    number: int
    counter: int

    @property
    def writer(self):
        """One start of one guest."""
        return (self.name, self.number)

    def __str__(self):
        return f"{self.name} #{self.number:x} {self.counter}"


def sector(name, pace, disks):
    """The stamp that a guest of that name begins with; it writes its first disks every `pace` ticks of 1/18 s."""
    return HALF.pack(MARK, 0, 0, pace, disks, name.encode()) * 2


def read(data):
    """The stamp in a sector; None where nobody has written one yet."""
    if data == bytes(SECTOR):
        return None
    first, second = data[: HALF.size], data[HALF.size:]
    mark, number, counter, _, _, name = HALF.unpack(first)
    if first != second or mark != MARK:
        raise Torn(f"{first[:96]!r} | {second[:96]!r}")
    return Stamp(name.rstrip(b"\0").decode(errors="replace"), number, counter)
