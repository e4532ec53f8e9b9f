"""A probe of an application that never answers."""

CODE = """
import asyncio
from asgiref.testing import ApplicationCommunicator

class Idle:
    def __init__(self, scope): pass
    async def __call__(self, receive, send):
        await asyncio.get_event_loop().create_future()

async def main():
    communicator = ApplicationCommunicator(Idle, {})
    try:
        await communicator.%s(timeout=0.05)
    except BaseException as error:
        return isinstance(error, asyncio.TimeoutError), type(error).__name__

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
print(loop.run_until_complete(main()))
"""
