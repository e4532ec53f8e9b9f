"""
Let a worker that loses its broker, or is stopped, tell which tasks it has not begun to hand to
its processes: Python no longer says so in the way that celery asks.
https://github.com/celery/celery/pull/7476
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="celery",
    versions=">=4.0,<5.3",
    python=">=3.11",
    symptom="a worker that holds tasks fails or waits for ever when it should flush them",
)


@patch.when_imported("celery.concurrency.asynpool")
def repair(asynpool):
    from inspect import GEN_CREATED, getgeneratorstate

    def gen_not_started(gen):
        """Whether the generator has been made and not been run."""
        return getgeneratorstate(gen) == GEN_CREATED

    patch.expect(hasattr(asynpool, "gen_not_started"), "it has no gen_not_started()")
    if asynpool.gen_not_started(_ for _ in ()):
        raise NotNeeded("celery asks differently")
    patch.replace(asynpool, "gen_not_started", gen_not_started)
