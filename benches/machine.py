"""Reads the kernel's counters: what a process used, and what else the machine was doing meanwhile."""

import os
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def process_seconds(pid):
    """Returns the user and system time of a process with all its threads and its running children."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return own + sum(process_seconds(child) for child in children(pid))


def children(pid):
    """Returns the process ids of the running children, those that any of its threads started."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            found += map(int, file.read().split())
    return found


def resident_kilobytes(pid):
    """Returns the resident memory of a process and its children: all of it, and the anonymous part."""
    total, anonymous = 0, 0
    for member in [pid, *children(pid)]:
        with open(f"/proc/{member}/status") as file:
            status = dict(line.split(":", 1) for line in file)
        total += int(status["VmRSS"].split()[0])
        anonymous += int(status["RssAnon"].split()[0])
    return total, anonymous


def busy_seconds():
    """Returns the time that all cores together spent on anything, the time stolen by a hypervisor included."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def wait_until_quiet(patience, sample=0.5, allowed=0.04):
    """Waits until the machine idles; returns False if it didn't within `patience` seconds.

    The load average would not do: for minutes it remembers the round before.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = busy_seconds()
        time.sleep(sample)
        if busy_seconds() - before <= allowed * sample * (os.cpu_count() or 1):
            return True
    return False
