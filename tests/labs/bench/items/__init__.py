"""
What is measured; each module has NAME, ABOUT and run(bench). Those in ITEMS compare two sites and
have rows(options), those in COMPARED any number of systems and have measures(options).
"""

from . import (
    broadcast,
    burst,
    calls,
    connect,
    echo,
    http,
    idle,
    latency,
    layer,
    memory,
    reconnect,
    round_trip,
    sending,
    start,
    views,
)

ITEMS = (burst, latency, layer, echo, memory, http, start)
COMPARED = (connect, reconnect, idle, round_trip, broadcast, calls, sending, views)
