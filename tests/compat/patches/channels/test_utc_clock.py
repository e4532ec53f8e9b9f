import sys

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    import datetime
    import warnings

    from channels.sessions import CookieMiddleware

    warnings.simplefilter("error", DeprecationWarning)
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=100)
    for expires in [later, later.replace(tzinfo=None)]:
        message = {"type": "http.response.start", "headers": []}
        CookieMiddleware.set_cookie(message, "a", "b", expires=expires, secure=True)
        [[name, value]] = message["headers"]
        text = value.decode()
        print(name, "a=b" in text, "Max-Age=100" in text or "Max-Age=99" in text, "Secure" in text)
    message = {"type": "http.response.start", "headers": []}
    CookieMiddleware.set_cookie(message, "a", "b", 5)
    print("Max-Age=5" in message["headers"][0][1].decode())


def test_a_cookie_that_expires():
    prove(
        "channels.utc_clock",
        code,
        good="b'Set-Cookie' True True True\n" * 2 + "True",
        bad="DeprecationWarning: datetime.datetime.utcnow() is deprecated",
        needed=sys.version_info >= (3, 12),
    )
