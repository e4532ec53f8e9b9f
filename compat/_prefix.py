"""Where a site that is mounted below a prefix (`/shop`) has an address."""


def path_below(scope):
    """
    What of the path comes after `root_path`, with its slash; None where there is no prefix.

    Some proxies pass the prefix on, others cut it off: then the path is as it is.
    """
    prefix = (scope.get("root_path") or "").rstrip("/")
    path = scope.get("path") or ""
    if not prefix or not (path + "/").startswith(prefix + "/"):
        return None
    return path[len(prefix) :]
