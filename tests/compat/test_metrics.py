"""Numbers that are counted, and what happens when they cannot be."""

import pytest

from compat import metrics
from compat._throttle import Throttle


class Metric(object):
    """Stands for each class of prometheus_client."""

    def __init__(self, *args, **options):
        self.said = []

    def labels(self, *values):
        if values == ("full",):
            raise OSError("no space left on device")
        self.said.append(values)
        return self

    def inc(self, number):
        if number == 13:
            raise TypeError("a bytes-like object is required, not 'NoneType'")
        self.said.append(number)

    dec = set = observe = inc


class Client(object):
    Counter = Gauge = Histogram = Metric


@pytest.fixture
def made(monkeypatch):
    """A counter, a gauge and a histogram."""
    monkeypatch.setattr(metrics, "client", lambda: Client)
    monkeypatch.setattr(metrics.Careful, "_throttle", Throttle())
    return (
        metrics.counter("things", "Things", ["kind"]),
        metrics.gauge("places", "Places"),
        metrics.histogram("seconds", "Seconds", (1, 2)),
    )


def test_numbers_arrive(made):
    counter, gauge, histogram = made
    counter.labels("a").inc()
    gauge.inc(2)
    gauge.dec()
    gauge.set(5)
    histogram.observe(0.5)
    said = [metric._metric.said for metric in made]
    assert said == [[("a",), 1], [2, 1, 5], [0.5]]


def test_numbers_that_cannot_be_counted_cost_a_log_line(made, caplog):
    counter, gauge, histogram = made
    counter.labels("full").inc()
    for operation in (gauge.inc, gauge.dec, gauge.set, histogram.observe):
        operation(13)
    assert [record.getMessage() for record in caplog.records] == [
        "metrics are not counted: OSError: no space left on device"
    ]


@pytest.mark.parametrize("kind", ["Counter", "Gauge", "Histogram"])
def test_a_folder_that_cannot_be_written_does_not_keep_a_site_from_starting(
    monkeypatch, made, kind
):
    def fail(*args, **options):
        raise PermissionError("not yours")

    monkeypatch.setattr(Client, kind, fail)
    make = getattr(metrics, kind.lower())
    made = make("x", "X", (1,)) if kind == "Histogram" else make("x", "X")
    assert isinstance(made, metrics.Nothing)


def test_nothing_is_counted_unless_asked_for(monkeypatch):
    monkeypatch.setattr(metrics, "client", lambda: None)
    counter = metrics.counter("things", "Things", ["kind"])
    counter.labels("a").inc()
    assert isinstance(counter, metrics.Nothing)
