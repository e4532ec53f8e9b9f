"""What streams count, for /metrics (see compat.health); costs nothing where nobody collects it."""

from ..metrics import counter, gauge, histogram

appended = counter("streams_appended", "Entries committed to streams")
delivered = counter("streams_delivered", "Entries handed to readers' connections")
log_reads = counter("streams_log_reads", "Pages read from the log, by readers that catch up")
closed = counter("streams_closed", "Readers that were closed by us", ["code"])
readers = gauge("streams_readers", "Readers that follow a stream now")
lag = histogram(
    "streams_lag_seconds",
    "Seconds from the commit of an entry to its way into the connections, if a notification came",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
