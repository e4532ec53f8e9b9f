"""
Close a response whose sending fails, as WSGI servers do: its generator, its files, the database.

Only a response that was sent to its end is closed, and only closing it ends the request for Django.
https://docs.djangoproject.com/en/1.11/ref/request-response/#django.http.HttpResponse.close
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1.4,<3.0",
    symptom="database connections and files stay open when a streaming response fails",
)


@patch.when_imported("channels.http")
def repair(http):
    from ._threaded import wrap_threaded

    patch.expect("encode_response" in vars(http.AsgiHandler), "AsgiHandler sends differently")

    def closing(handle):
        def handle_and_close(self, body):
            encode, responses = self.encode_response, []

            def encode_response(response):
                responses.append(response)
                return encode(response)

            self.encode_response = encode_response
            try:
                return handle(self, body)
            except BaseException:
                for response in responses:
                    if not getattr(response, "closed", True):
                        response.close()
                raise

        return handle_and_close

    wrap_threaded(patch, http.AsgiHandler, "handle", closing)
