"""How long other runners have been silent, as far as this one can tell."""

import time

from deploy.settings import STALE_SECONDS


def stale_after():
    """Seconds without a heartbeat after which a runner that cannot be looked at counts as gone."""
    return STALE_SECONDS()


class Liveness(object):
    """For how long the heartbeat of each deployment has been the same.

    By this process's own clock, since that of the day may be set and differs between hosts. And
    only the time counts in which a heartbeat could have been written: forget() starts again when
    the database did not answer, and between two looks it is at most `longest` seconds, because
    what held us up may have held up the others.
    """

    def __init__(self, longest, clock=time.monotonic):
        self._longest = longest
        self._clock = clock
        self._looked = None
        self._seen = {}  # deployment id: (heartbeat, seconds)

    def look(self, deployments):
        """Take note of the heartbeats of all deployments that others run."""
        now = self._clock()
        passed = 0.0 if self._looked is None else min(now - self._looked, self._longest)
        self._looked = now
        before, self._seen = self._seen, {}
        for deployment in deployments:
            beat, seconds = before.get(deployment.pk, (None, 0.0))
            seconds = seconds + passed if beat == deployment.heartbeat_at else 0.0
            self._seen[deployment.pk] = (deployment.heartbeat_at, seconds)

    def silent_for(self, deployment):
        """Return for how many seconds a deployment that was looked at has had no new heartbeat."""
        return self._seen[deployment.pk][1]

    def forget(self):
        """Nobody can be blamed for silence until now."""
        self._looked = None
        self._seen.clear()
