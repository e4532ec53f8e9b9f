"""Bars for each measure that is not of a clock, as an SVG."""

from xml.sax.saxutils import escape

from .comparison import Line
from .systems import LABELS, MINE

WIDTH, LEFT, BAR, HEAD = 960, 330, 16, 30
COLOURS = {"stock": "#888", "mine": "#36c", "theirs": "#d80"}


def plot(results, title):
    """The SVG's text: a panel for each measure, a bar for each system, its spread as a line."""
    parts, y = ['<text x="12" y="22" font-size="14">%s</text>' % escape(title)], 40
    for measure in results.measures:
        if measure.wall:
            continue
        found = [(name, Line(results, measure, name)) for name in LABELS]
        found = [(name, line) for name, line in found if line.median is not None]
        if not found:
            continue
        parts.append(
            '<text x="12" y="%d" font-weight="bold">%s (%s)</text>'
            % (y + 16, escape(measure.title), escape(measure.unit))
        )
        y += HEAD
        most = max(line.most for _, line in found) or 1

        def x(value, most=most):
            return LEFT + (WIDTH - LEFT - 90) * value / most

        for name, line in found:
            kind = "mine" if name in MINE else "stock" if name == "stock" else "theirs"
            parts.append(
                '<text x="%d" y="%d" text-anchor="end">%s</text>'
                '<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>'
                '<path d="M%.1f %dH%.1f" stroke="#111"/>'
                '<text x="%.1f" y="%d">%s</text>'
                % (
                    LEFT - 8,
                    y + 11,
                    escape(LABELS[name].replace("`", "")),
                    LEFT,
                    y,
                    max(x(line.median) - LEFT, 1),
                    BAR - 4,
                    COLOURS[kind],
                    x(line.least),
                    y + 6,
                    x(line.most),
                    x(line.most) + 6,
                    y + 11,
                    "{:,.{}f}".format(line.median, measure.digits),
                )
            )
            y += BAR
        y += 12
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
        'font-size="11"><rect width="100%%" height="100%%" fill="#fff"/>%s</svg>\n'
        % (WIDTH, y + 8, "\n".join(parts))
    )
