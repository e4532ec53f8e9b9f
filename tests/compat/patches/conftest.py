"""What probes of TLS need."""

import pytest


@pytest.fixture(scope="session")
def certificate(certificate):
    """The certificate and its key, as environment variables."""
    return {"CERT": certificate[0], "KEY": certificate[1]}
