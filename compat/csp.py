"""
A Content-Security-Policy for pages without inline scripts and styles.

    MIDDLEWARE = [..., "compat.csp.ContentSecurityPolicyMiddleware", ...]

CONTENT_SECURITY_POLICY replaces the policy below; {websocket} in it becomes the addresses of this
site's WebSockets. CONTENT_SECURITY_POLICY_REPORT_ONLY = True has browsers only complain, to see
what would break. Django's admin has inline styles, so these are allowed there. A response that
has the header already keeps it.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.utils.deprecation import MiddlewareMixin

from ._kinds import Flag, Text
from ._settings import Setting

MIDDLEWARE = __name__ + ".ContentSecurityPolicyMiddleware"
HEADER = "Content-Security-Policy"
POLICY = (
    "default-src 'self'; img-src 'self' data:; connect-src 'self' {websocket}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)
ADMIN_STYLES = "; style-src 'self' 'unsafe-inline'"


def one_line(text: str) -> None:
    """ValueError for what cannot be a header."""
    if any(not " " <= sign <= "~" for sign in text.strip()):
        raise ValueError("a header is one line, in ASCII")


OWN_POLICY = Setting(
    "CONTENT_SECURITY_POLICY",
    Text("the text of the header, in one line", one_line),
    None,
    "The policy that is sent instead of the middleware's own; {websocket} in it becomes the "
    "addresses of this site's WebSockets.",
    "Passwords, cookies and pages",
)
REPORT_ONLY = Setting(
    "CONTENT_SECURITY_POLICY_REPORT_ONLY",
    Flag(),
    False,
    "True: browsers only complain, to see what the policy would break.",
    "Passwords, cookies and pages",
)


class ContentSecurityPolicyMiddleware(MiddlewareMixin):
    """Sends the policy with every response, but for the error pages of DEBUG."""

    def process_response(self, request: Any, response: Any) -> Any:
        # Those are one page with everything inside.
        if settings.DEBUG and response.status_code in (404, 500):
            return response
        name = HEADER + "-Report-Only" if REPORT_ONLY() else HEADER
        if not response.has_header(name):
            response[name] = policy(request)
        return response


def policy(request: Any) -> str:
    """The text of the header for the answer to a request."""
    text = OWN_POLICY()
    if text is None:
        text = POLICY
        match = getattr(request, "resolver_match", None)
        if match is not None and "admin" in match.app_names:
            text += ADMIN_STYLES
    frames = {"DENY": "'none'"}.get(settings.X_FRAME_OPTIONS.upper(), "'self'")
    return text.replace("{websocket}", websocket(request)).replace("{ancestors}", frames).strip()


def websocket(request: Any) -> str:
    """The origins of this site's WebSockets, which older browsers do not take for 'self'."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""
    # A site may not know that it is behind TLS.
    return "wss://" + host if request.is_secure() else "ws://%s wss://%s" % (host, host)
