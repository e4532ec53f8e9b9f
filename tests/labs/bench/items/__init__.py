"""What is measured; each module has NAME, ABOUT, ROWS and run(bench)."""

from . import burst, http, latency, memory, start

ITEMS = (burst, latency, memory, http, start)
