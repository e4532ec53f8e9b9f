"""
Unquote the password in the address of a Redis: `redis://:p%40ss@host` is the password "p@ss".

It was sent as it is written, so that a password with "/", "@", "?" or "#" could not be written at
all. A percent sign before two hexadecimal digits is %25 in a URL, as everywhere.
https://www.rfc-editor.org/rfc/rfc3986#section-2.1
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="aioredis",
    versions=">=1.0,<2.0",
    symptom="redis://:p%40ss@host is refused by the Redis whose password is p@ss",
)


@patch.when_imported("aioredis.util")
def repair(util):
    from urllib.parse import unquote, urlsplit

    stock = util.parse_url
    patch.expect(stock("redis://:p@h/1")[1].get("password") == "p", "URLs are read differently")

    @functools.wraps(stock)
    def parse_url(url):
        address, options = stock(url)
        quoted = urlsplit(url).password
        if quoted:  # what stands in the query is unquoted already
            known = options["password"]
            options["password"] = type(known)(unquote(quoted))
            if type(known) is not str:  # acl_user's, which knows the user
                vars(options["password"]).update(vars(known))
        return address, options

    patch.replace_everywhere(util, "parse_url", parse_url)
