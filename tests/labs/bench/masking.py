"""
What masking costs the runner: a command's output read as fast as it comes, with and without.

    python -m tests.labs.bench.masking [megabytes]

Both sides take turns in one run; medians of the seconds, and their ratio: for reading alone, and
for all that the runner does, with the output stored in SQLite.
"""

import os
import statistics
import sys
import tempfile
import time

ROUNDS = 5
SECRETS = {"KEY_%d" % n: "s3cr3t-value/%d+with=signs" % n for n in range(5)}
WRITES = (
    "import sys\n"
    "line = b'%%08d ok   some ordinary output with words and /a/path/and=a value\\n'\n"
    "block = b''.join(line %% n for n in range(1000))\n"
    "for _ in range(%d * 1000000 // len(block)): sys.stdout.buffer.write(block)\n"
)


def run(megabytes, secrets, stored):
    """(seconds, characters) from a command's start to the end of its output."""
    from deploy import entries
    from deploy.execution import Execution
    from deploy.models import Deployment, Service
    from deploy.output import Output

    command = [sys.executable, "-c", WRITES % megabytes]
    service = Service(uid="bench", command=command, timeout=600)
    service.secrets = secrets
    deployment = Deployment(pk=1, token="t", service=service)
    execution, output = Execution(deployment), Output(deployment)
    begun, size = time.perf_counter(), 0
    execution.start()
    for pieces in iter(execution.outbox.take, None):
        size += sum(map(len, pieces))
        if stored:
            output.write([entries.output(deployment, piece) for piece in pieces])
    return time.perf_counter() - begun, size


def compare(megabytes, stored):
    """Run both sides in turns and print what they took."""
    sides = {"without secrets": {}, "with five": SECRETS}
    took = {name: [] for name in sides}
    sizes = set()
    for _ in range(ROUNDS):
        for name, secrets in sides.items():
            seconds, size = run(megabytes, secrets, stored)
            took[name].append(seconds)
            sizes.add(size)
    assert len(sizes) == 1, sizes  # nothing in there is masked, and nothing is lost
    medians = {name: statistics.median(found) for name, found in took.items()}
    print("read and stored" if stored else "read alone")
    for name, seconds in medians.items():
        print("  %-16s %6.2f s  %6.1f MB/s" % (name, seconds, min(sizes) / seconds / 1e6))
    print("  ratio            %6.2f" % (medians["with five"] / medians["without secrets"]))


def main(megabytes=32):
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for stored in (False, True):
        compare(megabytes, stored)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "devops.settings"
    with tempfile.TemporaryDirectory() as var:
        os.environ["DEVOPS_VAR"] = var
        import compat

        compat.install()
        import django

        django.setup()
        main(*map(int, sys.argv[1:2]))
