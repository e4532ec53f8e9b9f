"""
Split the path that HttpCommunicator is given into path and query string, as a server does.
https://github.com/django/channels/pull/1174
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<2.1.6",
    symptom="in tests with HttpCommunicator('/path/?a=b') request.GET is empty, or no URL matches",
)


@patch.when_imported("channels.testing.http")
def repair(http):
    from urllib.parse import unquote, urlsplit

    communicator = http.HttpCommunicator
    stock = communicator.__init__

    @functools.wraps(stock)
    def __init__(self, application, method, path, *args, **kwargs):
        url = urlsplit(path)

        def split(scope):
            scope["path"] = unquote(url.path)
            scope["query_string"] = url.query.encode()
            return application(scope)

        stock(self, split, method, path, *args, **kwargs)
        self.application = application

    patch.replace(communicator, "__init__", __init__)
