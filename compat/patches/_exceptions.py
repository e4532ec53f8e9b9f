"""How an exception of a site is logged: as one, with the name of the consumer."""


def log(logger, error):
    logger.error(
        "Exception inside application: %s (%s)",
        text(error),
        consumer(error),
        exc_info=whole(error),
    )


def whole(error):
    return type(error), error, error.__traceback__


def text(error):
    """What an exception says, if it can."""
    try:
        return str(error) or type(error).__name__
    except Exception:
        return type(error).__name__


def consumer(error):
    """The dotted name of the consumer that an exception comes from, or of a function."""
    name, place = "", "daphne"
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        owner = frame.f_locals.get("self")
        if hasattr(owner, "dispatch") and hasattr(owner, "scope"):
            name = "%s.%s" % (type(owner).__module__, type(owner).__name__)
        place = "%s.%s" % (frame.f_globals.get("__name__", "?"), frame.f_code.co_name)
        trace = trace.tb_next
    return name or place
