"""What was compared, as text and as docs/records/performance.md with its pictures."""

import datetime
import os
import platform
import re

from .comparison import Line
from .plot import plot
from .processes import ROOT
from .report import number
from .systems import LABELS

FOLDER = os.path.join(ROOT, "docs", "records")
NAME = "performance"


def comparisons(results):
    """Lines with a table for each measure, and what is said of its goals."""
    lines = []
    for measure in results.measures:
        lines += ["", "### %s (%s)" % (measure.title, measure.unit), ""]
        lines += ["| | median | spread | ours/this | spread |", "|---|---|---|---|---|"]
        for name, label in LABELS.items():
            found = Line(results, measure, name)
            if found.median is not None:
                cells = [number(found.median, measure.digits), "–", "–", "–"]
                if found.most != found.least:
                    spread = [number(one, measure.digits) for one in (found.least, found.most)]
                    cells[1] = "–".join(spread)
                if found.ratio and name != "ours":
                    middle, least, most = found.ratio
                    cells[2:] = [times(middle), "%s–%s" % (times(least), times(most))]
                lines.append("| %s | %s |" % (label, " | ".join(cells)))
            elif found.failed:
                lines.append("| %s | failed | | | |" % label)
        goals = [said(results, measure, goal) for goal in measure.goals]
        lines += [""] * any(goals) + [text for text in goals if text]
    if results.measures:
        lines += ["", "load average %s" % load(results)]
        if not results.rows:
            lines += ["note: " + text for text in results.notes]
            failed = ["failed: %(item)s, %(site)s: %(reason)s" % f for f in results.failures]
            lines += sorted(set(failed))
    return lines


def said(results, measure, goal):
    """One line on a goal; "" when there are no figures to judge it by."""
    found = goal.found(results, measure.key)
    if found is None:
        return ""
    verdict = "met" if goal.met(results, measure.key) else "**missed**"
    sign, of = "≥" if goal.at_least else "≤", "streams" if goal.of == "streams" else "ours"
    if goal.than is None:
        goal_text = "%s %s %g" % (of, sign, goal.factor)
        return "- %s: %s, %s" % (goal_text, number(found, measure.digits), verdict)
    text = "%s %s %s of %s" % (of, sign, times(goal.factor), LABELS[goal.than])
    return "- %s: %s, %s" % (text, times(found), verdict)


def times(ratio):
    """0.12×"""
    return "%.*f×" % (2 if ratio >= 0.1 else 3, ratio)


def load(results):
    loads = sorted(results.loads)
    return "%.1f–%.1f" % (loads[0], loads[-1]) if loads else "unknown"


def write(results):
    """Put the tables of this Python into the record, in place of those that it had."""
    version = "%s.%s" % platform.python_version_tuple()[:2]
    picture = "%s-%s.svg" % (NAME, version)
    heads = ["## Ours on CPython %s" % platform.python_version(), ""]
    day = datetime.date.today().isoformat()
    rounds = max([len(values) for values in results.values.values()] or [0])
    text = "Measured on %s in one run of %d round%s, on two cores with a load average of %s."
    heads += [text % (day, rounds, "s"[: rounds != 1], load(results)), *results.notes, ""]
    heads += ["![CPU and memory, ours and others](%s)" % picture]
    skip = ("note: ", "load average")
    tables = [line for line in comparisons(results) if not line.startswith(skip)]
    block = "\n".join(heads + tables).rstrip() + "\n"
    path = os.path.join(FOLDER, NAME + ".md")
    with open(path, encoding="utf8") as file:
        before = file.read()
    begin, end = "<!-- CPython %s -->\n" % version, "<!-- end of %s -->\n" % version
    if begin in before:
        block = begin + block + end
        after = re.sub(
            re.escape(begin) + ".*?" + re.escape(end), lambda _: block, before, flags=re.S
        )
    else:
        after = before.rstrip() + "\n\n" + begin + block + end
    with open(path, "w", encoding="utf8") as file:
        file.write(after)
    with open(os.path.join(FOLDER, picture), "w", encoding="utf8") as file:
        file.write(plot(results, "Ours on CPython %s, others beside it" % version))
