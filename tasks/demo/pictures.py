"""Pictures of the demo clinic: drawn here, as the people on them are invented."""

import zlib
from base64 import b64encode
from struct import pack

WIDTH, HEIGHT = 320, 200
PALETTE = bytes((0xF4, 0xF7, 0xF8, 0x0A, 0x5A, 0x69, 0xB9, 0xC7, 0xCE, 0x56, 0x69, 0x74))
"""Paper, band, photograph, ink."""
PARTS = (
    (0, 0, WIDTH, 34, 1), (20, 56, 90, 104, 2), (48, 74, 34, 34, 0), (36, 118, 58, 42, 0),
    (132, 60, 160, 12, 3), (132, 84, 120, 10, 2), (132, 106, 140, 10, 2), (132, 128, 90, 10, 2),
    (20, 176, 272, 8, 2),
)  # fmt: skip
"""(left, top, width, height, colour) of what is on a card, from behind to the front."""


def card() -> str:
    """A card that proves who somebody is, as PNG in base64."""
    rows = [bytearray(WIDTH) for _ in range(HEIGHT)]
    for left, top, width, height, colour in PARTS:
        for row in rows[top : top + height]:
            row[left : left + width] = bytes([colour]) * width
    drawn = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", PALETTE), (b"IDAT", drawn), (b"IEND", b""))
    return b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)).decode()


def _chunk(name: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))
