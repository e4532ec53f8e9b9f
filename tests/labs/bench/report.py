"""The table at the end and the lines on the way."""

import collections
import sys
import time

HEAD = ("measure", "unit", "stock", "ours", "ours/stock", "goal", "")
RIGHT = (2, 3, 4)


def number(value, digits):
    """1,234.5 with so many digits after the point."""
    return "{:,.{}f}".format(value, digits)


def table(results):
    """The lines of the table, then failures and notes."""
    rows = [HEAD]
    for row in results.rows:
        cells = [row.label, row.unit]
        for kind in ("stock", "ours"):
            value = results.median(row.key, kind)
            if value is not None:
                cells.append(number(value, row.digits))
            else:
                cells.append("failed" if results.failed(row, kind) else "-")
        ratio = results.ratio(row)
        cells.append("-" if ratio is None else "%.*f×" % (2 if ratio >= 0.1 else 3, ratio))
        verdict = {True: "met", False: "MISSED", None: ""}[results.verdict(row)]
        rows.append(tuple(cells + [row.goal, verdict]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in RIGHT else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
        if row is HEAD:
            lines.append("  ".join("-" * width for width in widths if width))
    failures = collections.Counter("%(item)s, %(site)s: %(reason)s" % f for f in results.failures)
    for text, times in failures.items():
        lines.append("failed: %s%s" % (text, " (%d times)" % times if times > 1 else ""))
    lines += ["note: " + text for text in results.notes]
    return lines


class Progress:
    """Lines on stderr with the seconds since the start."""

    def __init__(self):
        self.start = time.monotonic()

    def __call__(self, text):
        print("[%4d s] %s" % (time.monotonic() - self.start, text), file=sys.stderr, flush=True)
