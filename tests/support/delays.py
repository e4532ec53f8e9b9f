"""How long processes were ready to run and had no processor: what a busy machine adds."""


def of_process(pid):
    """Seconds, of its main thread; 0.0 where the kernel does not say, or it has ended."""
    return _read("/proc/%d/schedstat" % pid)


def of_this_thread():
    return _read("/proc/thread-self/schedstat")


def _read(path):
    try:
        with open(path) as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return 0.0
