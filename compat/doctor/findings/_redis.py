"""What a Redis' refusal is about."""

from typing import Any

PASSWORD = (
    "NOAUTH",
    "WRONGPASS",
    "invalid password",
    "Authentication required",
    "AUTH called without any password",
    "Client sent AUTH, but no password",
    "called without any password configured",
)
WRITES = ("OOM ", "MISCONF ", "READONLY ", "ReadOnlyError", "NOREPLICAS ")
CONNECTIONS = ("max number of clients", "MaxClientsError")
TLS = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "SSLError", "wrong version number")


def kind(view: Any) -> str:
    """Of what the layer's exception tells: password, forbids, tls, connections, writes or ""."""
    error = view.error("layer")
    for name, parts in (
        ("password", PASSWORD),
        ("forbids", ("NOPERM",)),
        ("connections", CONNECTIONS),
        ("writes", WRITES),
        ("tls", TLS),
    ):
        if any(part in error for part in parts):
            return name
    return "tls" if error and view.facts.get("speaks") else ""
