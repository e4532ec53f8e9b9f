"""
Refuse IPv6 addresses of more than 39 characters before they are taken apart.

https://www.djangoproject.com/weblog/2025/jan/14/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="an IP address of some megabytes in a form keeps a thread busy",
    cves=("CVE-2024-56374",),
)

MAX_LENGTH = 39


@patch.when_imported("django.utils.ipv6")
def repair(ipv6):
    def limited(stock):
        @functools.wraps(stock)
        def with_limit(ip_str, *args, **kwargs):
            # "" is no address either, and stock has the words for that.
            return stock(ip_str if len(ip_str) <= MAX_LENGTH else "", *args, **kwargs)

        return with_limit

    for name in ("is_valid_ipv6_address", "clean_ipv6_address"):
        patch.replace_everywhere(ipv6, name, limited(getattr(ipv6, name)))
