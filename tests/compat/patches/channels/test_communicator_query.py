import pytest

from tests.support.probe import DJANGO, prove, source

NAME = "channels.communicator_query"


@source(DJANGO)
def code_probe(PATH):
    global urlpatterns
    import asyncio
    import os

    import asgiref
    from channels.http import AsgiHandler
    from channels.routing import URLRouter
    from channels.testing import HttpCommunicator

    SECONDS = 1 if os.environ["COMPAT_DISABLE"] else 20
    from django.conf.urls import url
    from django.http import HttpResponse

    urlpatterns = [
        url(
            "^find/(.*)/$",
            lambda request, name: HttpResponse(
                " ".join([name] + sorted("%s=%s" % item for item in request.GET.items()))
            ),
        )
    ]

    async def main():
        application = URLRouter([url("^find/", AsgiHandler)])
        communicator = HttpCommunicator(application, "GET", PATH)
        if asgiref.__version__ < "3":  # which makes it another
            assert communicator.application is application
        response = await communicator.get_response(SECONDS)
        await communicator.wait()
        print(response["status"], response["body"].decode())

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


@pytest.mark.parametrize(
    "path, good, bad",
    [
        ("/find/me/?a=1&b=%C3%A9", "200 me a=1 b=\xe9", "301"),
        ("/find/a%20b;c/", "200 a b;c", "200 a%20b;c"),
        ("/find/me/?", "200 me", "301"),
    ],
)
def test_path_and_query_are_those_of_a_server(path, good, bad):
    prove(NAME, "PATH = %r\n" % path + code_probe, good=good, bad=bad)


def test_who_reads_the_query_string_finds_one():
    @source
    def code():
        import asyncio
        import os

        from channels.generic.http import AsyncHttpConsumer
        from channels.testing import HttpCommunicator

        SECONDS = 1 if os.environ["COMPAT_DISABLE"] else 20

        class Echo(AsyncHttpConsumer):
            async def handle(self, body):
                await self.send_response(200, self.scope["query_string"] + body)

        async def main():
            from django.conf import settings

            settings.configure()
            for path in ("/?a=%20", "/"):
                response = await HttpCommunicator(Echo, "POST", path, body=b"!").get_response(
                    SECONDS
                )
                print(response["body"].decode(), end=" ")

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main())

    prove(NAME, code, good="a=%20! !", bad="KeyError: 'query_string'")
