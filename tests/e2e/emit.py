"""A command that prints numbered lines, and goes on each time its FIFO is written to."""

import sys

fifo, batches, lines = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

for batch in range(batches):
    if batch:
        with open(fifo) as gate:  # blocks until the test opens it
            gate.read()
    for line in range(lines):
        print("line %d" % (batch * lines + line))
    sys.stdout.flush()
