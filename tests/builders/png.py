"""Is it a whole PNG? Read chunk by chunk, with checksums and pixels."""

from __future__ import annotations

import struct
import zlib

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a whole PNG of 8 bits; ValueError for anything else."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG")
    at, pixels, kind = 8, b"", b""
    head = b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        if zlib.crc32(kind + body) != crc:
            raise ValueError(f"{kind!r} is damaged")
        head = body if kind == b"IHDR" else head
        pixels += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", head[:10])
    if at != len(data) or depth != 8:
        raise ValueError("more than a PNG of 8 bits")
    if len(zlib.decompress(pixels)) != height * (1 + width * _CHANNELS[colour]):
        raise ValueError("pixels are missing")
    return width, height


def whole_png(data: bytes) -> bool:
    """Whether it is one."""
    try:
        return min(png_size(data)) > 0
    except (ValueError, struct.error, zlib.error, KeyError):
        return False
