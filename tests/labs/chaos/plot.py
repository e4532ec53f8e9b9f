"""How long entries took to reach their readers, through the faults, as an SVG."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 70, 40, 92
FLOOR = 0.001  # seconds; the scale is logarithmic


def plot(report):
    """The SVG's text: a dot for each entry, the median of each second, a line for each fault."""
    lags = report["lags"]
    end = max([at for at, _ in lags] + [at for at, _, _ in report["timeline"]] + [1])
    top = max([lag for _, lag in lags] + [1])

    def x(at):
        return LEFT + (WIDTH - LEFT - RIGHT) * at / end

    def y(lag):
        share = math.log(max(lag, FLOOR) / FLOOR) / math.log(top / FLOOR)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    parts = []
    lag = FLOOR
    while lag <= top:
        parts.append(
            '<path d="M%d %.1fH%d" stroke="#ddd"/>'
            '<text x="%d" y="%.1f" text-anchor="end">%g s</text>'
            % (LEFT, y(lag), WIDTH - RIGHT, LEFT - 6, y(lag) + 4, lag)
        )
        lag *= 10
    for at, name, _ in report["timeline"]:
        parts.append(
            '<path d="M%.1f %dV%d" stroke="#d33" stroke-opacity=".35"/>'
            '<text transform="translate(%.1f %d) rotate(50)" fill="#a22" font-size="8">%s</text>'
            % (x(at), TOP, HEIGHT - BOTTOM, x(at), HEIGHT - BOTTOM + 10, escape(name))
        )
    # A dot for each place on the picture is enough.
    dots = sorted({(round(x(at)), round(y(lag))) for at, lag in lags})
    parts.append(
        '<path d="%s" fill="#36c" fill-opacity=".45"/>'
        % "".join("M%d %dh2v2h-2z" % dot for dot in dots)
    )
    seconds = {}
    for at, lag in lags:
        seconds.setdefault(int(at), []).append(lag)
    line = " ".join(
        "%.1f,%.1f" % (x(second + 0.5), y(sorted(found)[len(found) // 2]))
        for second, found in sorted(seconds.items())
    )
    parts.append('<polyline points="%s" fill="none" stroke="#111" stroke-width="1.5"/>' % line)
    title = "%s, %s: %d entries, %d readers, %d faults, seed %s: missing %d, twice %d" % (
        report["database"],
        report["notifications"],
        report["entries"],
        report["readers"],
        report["faults"],
        report["seed"],
        report["missing"],
        report["duplicated"],
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
        'font-size="11"><rect width="100%%" height="100%%" fill="#fff"/>'
        '<text x="%d" y="22" font-size="13">%s</text>%s</svg>\n'
        % (WIDTH, HEIGHT, LEFT, escape(title), "\n".join(parts))
    )
