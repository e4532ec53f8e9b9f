"""
Numbers for Prometheus, where prometheus_client is installed and COMPAT_METRICS is on; else nothing.

With PROMETHEUS_MULTIPROC_DIR set, all processes of the site keep theirs in files in that folder,
and any of them can tell the sums.
https://prometheus.github.io/client_python/multiprocess/
"""

import glob
import logging
import os
from typing import Any, Callable, Dict, Iterable, Optional, Sequence, Tuple, Union

from ._kinds import Flag, Text
from ._settings import Setting, Variable
from ._throttle import Throttle

logger = logging.getLogger(__name__)


def writable(folder: str) -> None:
    """ValueError for what is no folder, and cannot be one."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise ValueError(error.strerror)


ENABLED = Setting(
    "COMPAT_METRICS",
    Flag(),
    False,
    "True: count what streams and sockets do, for /metrics; needs prometheus_client.",
    "Health and metrics",
    live=False,
)
FOLDER = Variable(
    "PROMETHEUS_MULTIPROC_DIR",
    Text("a writable folder; it is created if it is missing", writable),
    None,
    "Where the processes of the site keep their metrics, so that each of them can report the "
    "totals. Needed as soon as there is more than one process.",
    "Health and metrics",
)


class Nothing:
    """Stands for a metric that nobody collects."""

    def labels(self, *values: Any) -> "Nothing":
        return self

    def inc(self, amount: float = 1) -> None:
        """Do nothing, as all that a metric can be asked for."""

    dec = set = observe = inc


class Careful:
    """A metric that may fail, and what is counted goes on: a folder can vanish, a disk be full."""

    _throttle = Throttle(600.0)

    def __init__(self, metric: Any) -> None:
        self._metric = metric

    @classmethod
    def made(cls, make: Callable[..., Any], *args: Any, **options: Any) -> "Metric":
        """The metric that make(…) returns; Nothing() where its file cannot be written."""
        try:
            return cls(make(*args, **options))
        except OSError as error:
            cls._complain(error)
            return Nothing()

    def labels(self, *values: Any) -> "Metric":
        return self.made(self._metric.labels, *values)

    def inc(self, amount: float = 1) -> None:
        self._do(self._metric.inc, amount)

    def dec(self, amount: float = 1) -> None:
        self._do(self._metric.dec, amount)

    def set(self, number: float) -> None:
        self._do(self._metric.set, number)

    def observe(self, number: float) -> None:
        self._do(self._metric.observe, number)

    def _do(self, operation: Callable[[float], Any], number: float) -> None:
        try:
            operation(number)
        except Exception as error:  # whatever comes of a file that could not be opened before
            self._complain(error)

    @classmethod
    def _complain(cls, error: Exception) -> None:
        cls._throttle.log(
            logger.warning, "metrics are not counted: %s: %s", type(error).__name__, error
        )


Metric = Union[Nothing, Careful]
# (name, text, {label: value}, number) of what is known at this moment: a gauge, or a counter if
# its name ends with _total.
Known = Tuple[str, str, Dict[str, str], float]


def client() -> Any:
    """The prometheus_client module, None when there is nothing to be collected."""
    if not ENABLED():
        return None
    if FOLDER.problem():  # numbers are not worth a site that does not start
        FOLDER()  # tells it
        return None
    try:
        import prometheus_client
    except ImportError:
        return None
    return prometheus_client


def counter(title: str, text: str, labels: Sequence[str] = ()) -> Metric:
    """A Counter `compat_<title>_total`."""
    module = client()
    if module is None:
        return Nothing()
    return Careful.made(module.Counter, "compat_" + title, text, labels)


def gauge(title: str, text: str) -> Metric:
    """A Gauge `compat_<title>`, summed over the processes that live."""
    module = client()
    if module is None:
        return Nothing()
    return Careful.made(module.Gauge, "compat_" + title, text, multiprocess_mode="livesum")


def histogram(title: str, text: str, buckets: Sequence[float]) -> Metric:
    """A Histogram `compat_<title>`."""
    module = client()
    if module is None:
        return Nothing()
    return Careful.made(module.Histogram, "compat_" + title, text, buckets=buckets)


def exposition(extra: Iterable[Known] = ()) -> Optional[Tuple[bytes, str]]:
    """
    (text, content type) for Prometheus with the numbers of all processes; None: not collected.

    extra: what is known at this moment.
    """
    module = client()
    if module is None:
        return None
    registry = module.CollectorRegistry()
    folder = FOLDER()
    if folder:
        from prometheus_client.multiprocess import MultiProcessCollector

        forget_the_dead(folder)
        MultiProcessCollector(registry)
    registry.register(_Collected(extra))
    text = module.generate_latest(registry)
    if not folder:
        text = module.generate_latest(module.REGISTRY) + text
    return text, module.CONTENT_TYPE_LATEST


class _Collected:
    """A collector of what is known at this moment."""

    def __init__(self, extra: Iterable[Known]) -> None:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        self._families: Dict[str, Any] = {}
        for name, text, labels, number in extra:
            if name not in self._families:
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                self._families[name] = kind(name, text, labels=sorted(labels))
            self._families[name].add_metric([labels[key] for key in sorted(labels)], number)

    def collect(self) -> Iterable[Any]:
        """All of it."""
        return self._families.values()


def forget_the_dead(folder: str) -> None:
    """Remove what processes that were killed count as theirs now; what they had counted stays."""
    for path in glob.glob(os.path.join(folder, "gauge_live*.db")):
        pid = path.rpartition("_")[2][: -len(".db")]
        if pid.isdigit() and not os.path.exists("/proc/" + pid) and os.path.exists("/proc/self"):
            try:
                os.unlink(path)
            except OSError:
                pass  # another process was faster
