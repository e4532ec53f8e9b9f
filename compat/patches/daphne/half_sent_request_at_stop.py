"""
Cancel the applications at stop although a request is there that has none, or none any more.
https://github.com/django/daphne/blob/4.2.2/daphne/server.py#L324
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.2.5,<3.0",
    symptom="a half-sent request keeps applications from being told of a stop: KeyError",
)


@patch.when_imported("daphne.server")
def repair(server):
    stock = server.Server.kill_all_applications

    @functools.wraps(stock)
    def kill_all_applications(self):
        connections = self.connections
        self.connections = {
            protocol: details
            for protocol, details in connections.items()
            if "application_instance" in details
        }
        try:
            return stock(self)  # it reads them before it returns
        finally:
            self.connections = connections

    patch.replace(server.Server, "kill_all_applications", kill_all_applications)
