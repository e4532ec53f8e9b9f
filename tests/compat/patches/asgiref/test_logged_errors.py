"""What a log handler is given for an exception in a worker."""

from tests.support.probe import prove, source

NAME = "asgiref.logged_errors"


@source
def worker():
    import asyncio
    import logging

    from asgiref.server import StatelessServer

    class Kept(logging.Handler):
        def emit(self, record):
            print("exception" if record.exc_info else "text")

    logging.getLogger().addHandler(Kept())
    try:
        raise LookupError("on purpose")
    except LookupError as error:
        called = StatelessServer(None).application_exception(error, {})
        asyncio.new_event_loop().run_until_complete(called)


def test_it_is_an_exception():
    prove(NAME, worker, good="exception", bad="text")
