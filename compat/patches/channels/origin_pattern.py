"""
Compare an Origin with a host name that has no scheme, as ALLOWED_HOSTS lists them.

Security releases of Python fail on `urlparse(pattern, scheme=None)`, and newer ones take the
host in "host:port" for a scheme.
https://github.com/django/channels/issues/1716
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1,<3.0.4",
    symptom="no WebSocket opens behind AllowedHostsOriginValidator: 'NoneType' has no 'replace'",
)


@patch.when_imported("channels.security.websocket")
def repair(websocket):
    stock = websocket.urlparse

    def urlparse(url, scheme="", *args):
        """With `scheme=None`, the result's scheme is None unless the text names one."""
        if scheme is not None:
            return stock(url, scheme, *args)
        if "://" in url:
            return stock(url, "", *args)
        return stock("//" + url.lstrip("/"), "", *args)._replace(scheme=None)

    patch.replace(websocket, "urlparse", urlparse)
