"""Figures of a run and what is asked of them."""

import statistics


class Row:
    """
    One measure: `digits` after the point, `goal` in words.

    `met(stock, ours)` judges the medians; `met_ratio(ratio)` in its place the ratio, which is
    then the median of neighbours' ratios: what slows the machine for a while slows both.
    """

    def __init__(self, key, label, unit, digits=1, goal="", met=None, met_ratio=None):
        self.key, self.label, self.unit, self.digits = key, label, unit, digits
        self.goal, self.met, self.met_ratio = goal, met, met_ratio


class Results:
    """Values by row and site, failures and notes."""

    def __init__(self):
        self.rows = []
        self.measures = []  # of items that compare any number of systems
        self.loads = []  # of the machine, as the rounds began
        self.round = None  # the number of the one that is on
        self.values = {}
        self._places = {}  # of each of the values: (round, how many were before in it)
        self.failures = []
        self.notes = []

    def add(self, key, kind, value):
        """One more value of a row: of stock or of ours."""
        self.values.setdefault((key, kind), []).append(value)
        places = self._places.setdefault((key, kind), [])
        places.append((self.round, sum(number == self.round for number, _ in places)))

    def ratios(self, key, one, other):
        """one / other where a round gave both a figure: neighbours in time."""
        first, second = (
            dict(zip(self._places.get((key, kind), ()), self.values.get((key, kind), ())))
            for kind in (one, other)
        )
        return [value / second[place] for place, value in first.items() if second.get(place)]

    def fail(self, item, kind, reason):
        """A measurement gave no figure."""
        self.failures.append({"item": item, "site": kind, "reason": str(reason)})

    def note(self, text):
        """Something the reader of the figures has to know; once."""
        if text not in self.notes:
            self.notes.append(text)

    def median(self, key, kind):
        """The median of a row's values; None when there is none."""
        values = self.values.get((key, kind))
        return statistics.median(values) if values else None

    def failed(self, row, kind):
        """Whether the item of a row gave no figure for a site."""
        return any(
            failure["item"] == row.key.partition(".")[0] and failure["site"] in (kind, "both")
            for failure in self.failures
        )

    def ratio(self, row):
        """ours / stock; None where one of them is missing or stock is 0."""
        if row.met_ratio is not None:
            ratios = self.ratios(row.key, "ours", "stock")
            return statistics.median(ratios) if ratios else None
        stock, ours = (self.median(row.key, kind) for kind in ("stock", "ours"))
        return ours / stock if stock and ours is not None else None

    def verdict(self, row):
        """True or False: the goal is met or not; None: no goal, or no figure to judge."""
        if row.met_ratio is not None:
            ratio = self.ratio(row)
            return None if ratio is None else bool(row.met_ratio(ratio))
        stock, ours = self.median(row.key, "stock"), self.median(row.key, "ours")
        # A goal that does not speak of stock is judged without it.
        if row.met is None or ours is None or ("stock" in row.goal and stock is None):
            return None
        return bool(row.met(stock, ours))

    def as_dict(self):
        """For --json."""
        return {
            "rows": [
                {
                    "name": row.key,
                    "label": row.label,
                    "unit": row.unit,
                    "goal": row.goal,
                    "met": self.verdict(row),
                    "stock": self.median(row.key, "stock"),
                    "ours": self.median(row.key, "ours"),
                    "ratio": self.ratio(row),
                    "values": {k: self.values.get((row.key, k), []) for k in ("stock", "ours")},
                }
                for row in self.rows
            ],
            "measures": [
                {
                    "name": measure.key,
                    "title": measure.title,
                    "unit": measure.unit,
                    "values": {n: v for (key, n), v in self.values.items() if key == measure.key},
                    "goals": [
                        [goal.of, goal.than, goal.factor, goal.met(self, measure.key)]
                        for goal in measure.goals
                    ],
                }
                for measure in self.measures
            ],
            "loads": self.loads,
            "failures": self.failures,
            "notes": self.notes,
        }
