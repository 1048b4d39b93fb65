"""PNG files without their words and colour profile."""

import io
import struct
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WORDS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")  # may expand to any size, and say nothing of the pixels that we use


def without_words(stream: BinaryIO) -> BinaryIO:
    """A stream of the same picture without text and profile, which a decoder would expand in memory before the pixels.

    Args:
        stream: of any file, at its start; one that is no PNG, or has none of these, is given back as it is.
    """
    if stream.read(len(SIGNATURE)) != SIGNATURE:
        stream.seek(0)
        return stream
    kept = [SIGNATURE]
    dropped = False
    while len(header := stream.read(8)) == 8:
        size, kind = struct.unpack(">I4s", header)
        if kind == b"IDAT":  # what comes now is the picture; words behind it are read by nobody
            kept.append(header)
            break
        if kind in WORDS:
            dropped = True
            stream.seek(size + 4, io.SEEK_CUR)  # the checksum, too
        else:
            kept += [header, stream.read(size + 4)]
    if not dropped:
        stream.seek(0)
        return stream
    kept.append(stream.read())
    return io.BytesIO(b"".join(kept))
