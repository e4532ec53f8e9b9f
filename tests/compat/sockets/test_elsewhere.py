"""Pages of other sites that may read an answer: those that SOCKETS_ORIGINS names, and no other."""

import pytest

from compat.sockets.origin import allowed_elsewhere

PARTNER, OTHER = b"https://partner.example.com", b"https://evil.example.net"


@pytest.mark.parametrize(
    "origins, said",
    [
        ([PARTNER], "https://partner.example.com"),
        ([b"HTTPS://Partner.example.com"], "HTTPS://Partner.example.com"),
        ([OTHER], None),
        ([], None),
        ([b"null"], None),
        ([b"none"], None),
        ([PARTNER, OTHER], None),  # whose it is cannot be known
        ([OTHER, PARTNER], None),
        ([PARTNER, PARTNER], None),
    ],
)
def test_a_page_may_read_what_the_settings_let_it(settings, origins, said):
    settings.SOCKETS_ORIGINS = ["https://partner.example.com"]
    scope = {"headers": [(b"origin", value) for value in origins] + [(b"host", b"a")]}
    assert allowed_elsewhere(scope) == said
    settings.SOCKETS_ORIGINS = []
    assert allowed_elsewhere(scope) is None
    # "none" stands for no header; a header of that text is nobody's origin.
    settings.SOCKETS_ORIGINS = ["none", "https://partner.example.com"]
    assert allowed_elsewhere(scope) == said
