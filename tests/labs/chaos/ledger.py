"""What publishers say they did, in plain files outside of the system that is tested."""

import os


class Ledger(object):
    """
    One publisher's file. A batch is written down before it is tried and after it was committed;
    what is killed in between is in doubt, and may be there or not.
    """

    def __init__(self, path):
        self.path = path
        self.file = open(path, "a", encoding="ascii")

    def begins(self, way):
        """Whoever publishes now notifies that way."""
        self._write("way", way)

    def tries(self, batch, stream, number):
        """About to append `number` entries, called batch:0 … batch:number-1."""
        self._write("try", batch, stream, number)

    def committed(self, batch, first, last):
        """They were committed under these sequence numbers."""
        self._write("ok", batch, first, last)

    def failed(self, batch, error):
        """The append raised."""
        self._write("no", batch, type(error).__name__)

    def done(self):
        """All that was to be published was tried."""
        self._write("done")

    def _write(self, *words):
        self.file.write(" ".join(map(str, words)) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())


class Batch(object):
    """One batch as a ledger tells of it."""

    def __init__(self, name, stream, number):
        self.name = name
        self.stream = stream
        self.ids = ["%s:%d" % (name, place) for place in range(number)]
        self.range = None  # (first, last) once committed
        self.error = ""


def ways(path):
    """The ways of all who published."""
    with open(path, encoding="ascii") as file:
        return {line.split()[1] for line in file if line.startswith("way ")}


def read(path):
    """({name: Batch}, whether it is done) of a ledger; a last line that was cut off is left out."""
    batches, done = {}, False
    if not os.path.exists(path):
        return batches, done
    with open(path, encoding="ascii") as file:
        text = file.read()
    for line in text[: text.rfind("\n") + 1].splitlines():
        kind, _, rest = line.partition(" ")
        words = rest.split(" ")
        if kind == "try":
            batches[words[0]] = Batch(words[0], words[1], int(words[2]))
        elif kind == "ok":
            batches[words[0]].range = int(words[1]), int(words[2])
        elif kind == "no":
            batches[words[0]].error = words[1]
        done = done or kind == "done"
    return batches, done
