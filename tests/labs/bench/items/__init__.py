"""What is measured; each module has NAME, ABOUT, ROWS and run(bench)."""

from . import burst, http, latency, layer, memory, start

ITEMS = (burst, latency, layer, memory, http, start)
