"""What stands around the consumers of an ASGI application of channels 2."""

# Names under which middleware keeps what it wraps.
INNER = ("inner", "application", "app", "default_app")


def paths(application, outside=()):
    """
    Yield, for every consumer that can be reached, a tuple: the middleware from the outside, and it.

    Routers are looked through: URLRouter's routes, the closures of functions, partials.
    """
    if len(outside) > 50:  # a loop
        return
    here = outside + (application,)
    inside = wrapped(application)
    if not inside:
        yield here
    for one in inside:
        yield from paths(one, here)


def wrapped(application):
    """The applications that one wraps; [] for a consumer."""
    if isinstance(application, type):
        return []
    routes = getattr(application, "routes", None)
    if isinstance(routes, (list, tuple)):
        found = [getattr(route, "callback", None) for route in routes]
        return [one for one in found if callable(one)]
    partial = getattr(application, "func", None)
    if callable(partial):
        return [partial]
    kept = vars(application) if hasattr(application, "__dict__") else {}
    found = [kept[name] for name in INNER if callable(kept.get(name))]
    for cell in getattr(application, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:
            continue
        if callable(content):
            found.append(content)
    return found
