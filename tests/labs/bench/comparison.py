"""Measures that any number of systems have, and goals of ours beside others."""

import statistics


class Goal:
    """`factor` times what system `than` needs is the most that `of` may, or `factor` itself."""

    def __init__(self, of, than, factor, at_least=False):
        self.of, self.than, self.factor, self.at_least = of, than, factor, at_least

    def found(self, results, key):
        """What is compared with the factor; None when one of the two gave no figure."""
        mine = results.median(key, self.of)
        if self.than is None or mine is None:
            return mine
        theirs = results.median(key, self.than)
        return mine / theirs if theirs else None

    def met(self, results, key):
        found = self.found(results, key)
        if found is None:
            return None
        return found >= self.factor if self.at_least else found <= self.factor


class Measure:
    """One table: `title`, `unit`, `digits` after the point, `goals`; `wall`: seconds of a clock."""

    def __init__(self, key, title, unit, digits=1, goals=(), wall=False):
        self.key, self.title, self.unit, self.digits = key, title, unit, digits
        self.goals, self.wall = goals, wall


class Line:
    """What a system has of a measure: median, least, most, and ours/this with its spread."""

    def __init__(self, results, measure, name):
        values = results.values.get((measure.key, name), [])
        self.median = statistics.median(values) if values else None
        self.least, self.most = min(values, default=None), max(values, default=None)
        self.failed = not values and any(
            failure["item"] == measure.key.partition(".")[0] and failure["site"] in (name, "both")
            for failure in results.failures
        )
        # Neighbours in time: what slows the machine for a while slows both.
        ratios = results.ratios(measure.key, "ours", name)
        self.ratio = (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def under(factor, *than, of="ours"):
    """Goals: `of` takes at most so much of what each of the others does."""
    return tuple(Goal(of, name, factor) for name in than)
