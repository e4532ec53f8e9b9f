"""A clock that is wrong, for one process: the system's own stays right."""

import os
import shutil
import subprocess

from tests.support import binaries

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
struct moment { long seconds, micro; };
int clock_gettime(clockid_t clock, struct timespec *told) {
    static int (*stock)(clockid_t, struct timespec *);
    if (!stock) stock = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    int result = stock(clock, told);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) told->tv_sec += AHEAD;
    return result;
}
int gettimeofday(struct moment *told, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    told->seconds = now.tv_sec;
    told->micro = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}
"""


def ahead(folder, seconds):
    """The variables of a process whose clock is so many seconds ahead."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise binaries.Missing("a C compiler is not installed")
    source, made = os.path.join(str(folder), "clock.c"), os.path.join(str(folder), "clock.so")
    with open(source, "w") as file:
        file.write(SOURCE)
    words = ["-shared", "-fPIC", "-fno-builtin", "-DAHEAD=%d" % seconds, "-o", made, source, "-ldl"]
    subprocess.run([compiler] + words, check=True)
    return {"LD_PRELOAD": made}
