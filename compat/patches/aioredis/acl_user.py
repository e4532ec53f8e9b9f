"""
Log in as the user whom the address of a Redis names: redis://site:password@host.

Since Redis 6 a server may have several users; the name was dropped, and the default user does not
have that password. Where the server refuses the name (it is older, or the name never meant
anything) it gets the password alone, as before.
https://redis.io/docs/latest/commands/auth/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="aioredis",
    versions=">=1.0,<2.0",
    symptom="redis://site:password@host is refused with WRONGPASS: the user's name is not sent",
)


class Login(str):
    """A password that knows whose it is."""

    user = ""


@patch.when_imported("aioredis.connection")
def repair(connection):
    from aioredis import util

    stock_parse, stock_auth = util.parse_url, connection.RedisConnection.auth
    patch.expect(stock_parse("redis://u:p@h")[1].get("password") == "p", "addresses differ")

    @functools.wraps(stock_parse)
    def parse_url(url):
        address, options = stock_parse(url)
        user = user_of(url)
        if user and options.get("password"):
            options["password"] = Login(options["password"])  # unquoted by url_password
            options["password"].user = user
        return address, options

    @functools.wraps(stock_auth)
    def auth(self, password):
        if isinstance(password, Login):
            return log_in(self, password)
        return stock_auth(self, password)

    patch.replace_everywhere(util, "parse_url", parse_url)
    patch.replace(connection.RedisConnection, "auth", auth)


def user_of(url):
    """The user's name in an address, "" when there is none."""
    from urllib.parse import parse_qs, unquote, urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        return ""
    return unquote(parts.username or "") or parse_qs(parts.query).get("username", [""])[0]


async def log_in(connection, password):
    """AUTH with the name, and without when the server does not know it."""
    from aioredis.errors import ReplyError

    words = [password.user, str.__str__(password)]
    try:
        answer = await connection.execute("AUTH", *words)
    except ReplyError as refused:
        try:
            answer = await connection.execute("AUTH", words[1])
        except ReplyError:
            raise refused
    return answer in (b"OK", "OK")
