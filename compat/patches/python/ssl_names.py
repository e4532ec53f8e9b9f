"""
Offer `ssl.wrap_socket()` and `match_hostname()` again.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="an older library fails: module 'ssl' has no attribute 'wrap_socket'",
)


@patch.when_imported("ssl")
def repair(ssl):
    patch.add(ssl, "wrap_socket", wrap_socket)
    patch.add(ssl, "match_hostname", match_hostname)


def wrap_socket(
    sock,
    keyfile=None,
    certfile=None,
    server_side=False,
    cert_reqs=0,  # ssl.CERT_NONE
    ssl_version=None,
    ca_certs=None,
    do_handshake_on_connect=True,
    suppress_ragged_eofs=True,
    ciphers=None,
):
    """TLS over a socket, as before: nothing is verified unless `cert_reqs` says so."""
    import ssl

    if server_side and not certfile:
        raise ValueError("certfile must be specified for server-side operations")
    if keyfile and not certfile:
        raise ValueError("certfile must be specified")
    if ssl_version in (None, ssl.PROTOCOL_TLS):
        ssl_version = ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(ssl_version)
    context.check_hostname = False
    context.verify_mode = cert_reqs
    if ca_certs:
        context.load_verify_locations(ca_certs)
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    if ciphers:
        context.set_ciphers(ciphers)
    return context.wrap_socket(
        sock,
        server_side=server_side,
        do_handshake_on_connect=do_handshake_on_connect,
        suppress_ragged_eofs=suppress_ragged_eofs,
    )


def match_hostname(cert, hostname):
    """CertificateError unless the certificate, from getpeercert(), is for the host."""
    if not cert:
        raise ValueError("empty or no certificate: it needs CERT_OPTIONAL or CERT_REQUIRED")
    names = cert.get("subjectAltName", ())
    address = packed(hostname)
    if address is not None:
        found = any(kind == "IP Address" and packed(v) == address for kind, v in names)
    else:
        hosts = [value for kind, value in names if kind == "DNS"]
        if not hosts:  # only then the subject counts
            subject = cert.get("subject", ())
            hosts = [value for part in subject for key, value in part if key == "commonName"]
        found = any(covers(pattern.lower(), hostname.lower()) for pattern in hosts)
    if not found:
        from ssl import CertificateError

        raise CertificateError("hostname %r doesn't match the certificate" % hostname)


def packed(text):
    """The bytes of an IP address, None when the text is none."""
    import socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, text.strip())
        except OSError:
            pass


def covers(pattern, host):
    """Whether a name of a certificate is the host's; "*" stands for one whole leftmost label."""
    label, _, domain = pattern.partition(".")
    if label == "*" and "." in domain and "*" not in domain:
        first, _, rest = host.partition(".")
        return bool(first) and rest == domain
    return "*" not in pattern and pattern == host
