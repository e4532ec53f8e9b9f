from channels.consumer import SyncConsumer
from channels.routing import ChannelNameRouter, ProtocolTypeRouter


class Worker(SyncConsumer):
    def write(self, message):
        with open(message["path"], "w") as file:
            file.write(message["text"])


application = ProtocolTypeRouter({"channel": ChannelNameRouter({"work": Worker})})
