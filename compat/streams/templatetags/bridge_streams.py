"""
What a page needs to follow streams; not named "streams", which a library of the site's may be::

    {% load bridge_streams %}
    {% streams_script %}
    <div id="news" data-since="{% stream_cursor "news" %}">…</div>
"""

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join

register = template.Library()


@register.simple_tag(takes_context=True)
def streams_script(context: Any, url: str = "") -> str:
    """
    The <script> of streams.js; `url` is what Streams.connect() connects to by default.

    It has the request's csp_nonce, if something like django-csp gives it one.
    """
    nonce = context.get("csp_nonce") or getattr(context.get("request"), "csp_nonce", "")
    more = [(name, value) for name, value in (("data-url", url), ("nonce", nonce)) if value]
    attributes = format_html_join("", ' {}="{}"', more)
    return format_html('<script src="{}"{}></script>', static("streams/streams.js"), attributes)


@register.simple_tag
def stream_cursor(stream: str) -> str:
    """
    Where a stream is now, as since: takes it; what comes later is news to this page.

    Ask before the page reads what it shows: then nothing is missed, and shown twice at worst.
    """
    from ..epochs import position

    found = position(stream)
    return f"{found.epoch}:{found.seq}" if found.epoch else str(found.seq)
