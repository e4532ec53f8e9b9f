"""What is measured; each module has NAME, ABOUT, ROWS and run(bench)."""

from . import burst, echo, http, latency, layer, memory, start

ITEMS = (burst, latency, layer, echo, memory, http, start)
