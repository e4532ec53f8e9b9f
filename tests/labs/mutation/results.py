"""What became of each mutant, in a file that a later run goes on with; and the equivalent ones."""

import json
import os

EQUIVALENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "equivalent.txt")


class Results:
    """{id: {"status", "test", "seconds"}}; each is written when it is known."""

    def __init__(self, path):
        self.path = path
        self.found = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for line in file:
                    try:
                        one = json.loads(line)
                    except ValueError:
                        continue  # half a line, of a run that was killed
                    self.found[one.pop("id")] = one

    def add(self, mutant, status, test, seconds):
        self.found[mutant.id] = {"status": status, "test": test, "seconds": round(seconds, 1)}
        line = dict(self.found[mutant.id], id=mutant.id, at=f"{mutant.path}:{mutant.line}")
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def killers(self, mutants):
        """{module: {test file: how many of its mutants it killed}}"""
        counts = {}
        for mutant in mutants:
            test = self.found.get(mutant.id, {}).get("test", "").partition("::")[0]
            if test:
                of_module = counts.setdefault(mutant.path, {})
                of_module[test] = of_module.get(test, 0) + 1
        return counts


def equivalent(path=EQUIVALENT):
    """{id: reason} of the mutants that nobody can notice; ValueError for a line that is none."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if line and not line.startswith("#"):
                words = line.split(None, 2)
                if len(words) < 3 or len(words[0]) != 10:
                    raise ValueError(f"{path}:{number}: not `ID PATH REASON`: {line}")
                found[words[0]] = words[2]
    return found
