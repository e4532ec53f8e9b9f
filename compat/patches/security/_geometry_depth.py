"""How deep the collections in a geometry's text or binary form are nested."""

import re
from struct import unpack_from

LIMIT = 198  # GEOS's reader calls itself; PostGIS does not read more, either
COLLECTION = re.compile(rb"GEOMETRYCOLLECTION\s*(?:Z\s*M?|M)?\s*\(|[()]", re.IGNORECASE)
# The start of what has geometries in it: byte order, then 4 to 12 in one of four series of
# dimensions, then flags. A pattern of no width, so that what only looks so hides nothing.
CONTAINER = re.compile(
    rb"(?=\x01[\x04-\x0c]\0.|\x01[\xec-\xf4]\x03.|\x01[\xd4-\xdc]\x07.|\x01[\xbc-\xc4]\x0b."
    rb"|\0..(?:\0[\x04-\x0c]|\x03[\xec-\xf4]|\x07[\xd4-\xdc]|\x0b[\xbc-\xc4]))",
    re.DOTALL,
)


def wkt_is_too_deep(wkt):
    """wkt: bytes."""
    if wkt.upper().count(b"GEOMETRYCOLLECTION") <= LIMIT:
        return False
    depth, opened = 0, []
    for token in COLLECTION.findall(wkt):
        if token == b")":
            depth -= opened.pop() if opened else 0
        else:
            opened.append(len(token) > 1)
            depth += opened[-1]
            if depth > LIMIT:
                return True
    return False


def wkb_is_too_deep(wkb):
    """wkb: bytes, also with PostGIS's flags. What GEOS does not read either is not looked into."""
    # At C's speed: with so few containers, none can be too deep.
    if sum(1 for _ in CONTAINER.finditer(wkb)) <= LIMIT:
        return False
    position, left = 0, [1]  # how many geometries each open container still has
    while left:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        if position + 5 > len(wkb):
            return False
        order = "<" if wkb[position] else ">"
        (code,) = unpack_from(order + "I", wkb, position + 1)
        position += 5
        series, kind = divmod(code & 0xFFFF, 1000)
        z = bool(code & 0x80000000) or series in (1, 3)
        m = bool(code & 0x40000000) or series in (2, 3)
        point = 8 * (2 + z + m)
        position += 4 if code & 0x20000000 else 0  # the SRID
        if kind == 1:
            position += point
            continue
        if position + 4 > len(wkb) or not 1 < kind < 13:
            return False
        (count,) = unpack_from(order + "I", wkb, position)
        position += 4
        if kind in (2, 8):
            position += count * point
        elif kind == 3:
            for _ in range(count):
                if position + 4 > len(wkb):
                    return False
                (points,) = unpack_from(order + "I", wkb, position)
                position += 4 + points * point
        else:
            # A collection may end in one of another kind, a MultiPolygon or a curve.
            left.append(count)
            if len(left) - 1 > LIMIT + (kind != 7):
                return True
    return False
