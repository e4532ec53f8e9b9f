import logging
import signal
import sys

from django.core.management.base import BaseCommand, CommandError

from deploy.runner import HEARTBEAT, Runner


class Command(BaseCommand):
    help = (
        "Runs queued deployments until it is stopped. TERM or Ctrl-C: it takes no more, stops the "
        "commands that run (they are marked lost) and exits; a second one does not wait for them. "
        "USR1: it takes no more, and exits when what runs has ended."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="run what is queued now, then exit")
        parser.add_argument(
            "--poll",
            type=float,
            default=0.5,
            metavar="SECONDS",
            help="how often to look at the queue (default 0.5)",
        )
        parser.add_argument(
            "--concurrency",
            type=int,
            default=4,
            metavar="N",
            help="how many services may be deployed at the same time (default 4)",
        )
        parser.add_argument(
            "--grace",
            type=float,
            default=10.0,
            metavar="SECONDS",
            help="time between TERM and KILL for a command that is stopped (default 10; at most 4 "
            "when the runner itself is stopped)",
        )

    def handle(self, *args, **options):
        if not 0.05 <= options["poll"] <= HEARTBEAT:  # which goes out between two looks
            raise CommandError("--poll must be between 0.05 and %g seconds" % HEARTBEAT)
        if not 1 <= options["concurrency"] <= 64:
            raise CommandError("--concurrency must be between 1 and 64")
        if not 0 <= options["grace"] <= 600:
            raise CommandError("--grace must be between 0 and 600 seconds")
        _log_to_stderr(options["verbosity"])
        runner = Runner(options["poll"], options["concurrency"], options["grace"])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, lambda *_: runner.stop())
        signal.signal(signal.SIGUSR1, lambda *_: runner.finish())
        if not runner.run(once=options["once"]):
            raise CommandError(
                "stopped too early for the last entries: the next runner marks them lost"
            )


def _log_to_stderr(verbosity):
    """Supervisor keeps what a process writes: say what happens, with the time."""
    logger = logging.getLogger("deploy")
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(logging.WARNING if verbosity == 0 else logging.INFO)
