"""
/healthz and /metrics: add `url(r"", include("compat.health.urls"))` to the site's URLs.

/healthz answers 200 or 503 and, to those who may read /metrics, what each check says. Checks are
the database, the channel layer, COMPAT_HEALTH_DISK ({folder: bytes that must be free}) and
COMPAT_HEALTH_CHECKS ({name: dotted path of a function that returns None, or what is wrong}).
/metrics is for Prometheus: with COMPAT_METRICS = True, and prometheus_client installed, it has what
streams and sockets count; always the checks and the states of the patches.
COMPAT_METRICS_NETWORKS: addresses that may read it, default loopback; superusers always may.
"""
