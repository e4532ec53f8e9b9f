"""Followers of a stream under more interleavings than the tests have; see interleaving.py there."""

import logging

from hypothesis import strategies as st

from .site import configure

configure(
    INSTALLED_APPS=["compat", "compat.streams", "django.contrib.contenttypes"],
    CHANNEL_LAYERS={},
    STREAMS_POLL_SECONDS=0.05,
)

logging.disable(logging.WARNING)  # of each history that ends

from tests.compat.streams.interleaving import interleavings  # noqa: E402

CASES = st.integers(0, 2**32)


def check(case):
    assert interleavings([case]) == {}
