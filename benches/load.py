"""Loads one server for a few seconds and returns what it did and what it cost."""

import os
import pathlib
import statistics
import subprocess
import time
from dataclasses import dataclass

import machine

CONNECTIONS = 64
ALLOWED_FOREIGN = 0.05  # of one core, for as long as a round lasts
SCRIPT = pathlib.Path(__file__).parent / "browser.lua"


@dataclass
class Round:
    """One server under load for a few seconds."""

    requests: int
    seconds: float
    cpu_seconds: float
    foreign: float  # part of one core that neither the server nor the load used

    @property
    def rate(self):
        return self.requests / self.seconds

    @property
    def cpu_microseconds(self):
        return self.cpu_seconds / self.requests * 1e6

    @property
    def server_core(self):
        return self.cpu_seconds / self.seconds


def measure(contender, seconds, load_core):
    """Drives a contender once; any failed or refused request ends the measurement."""
    server = contender.server
    cpu, busy, ours, start = snapshot(server)
    requests, duration = contender.drive(seconds, load_core)
    cpu_after, busy_after, ours_after, end = snapshot(server)
    server.answered += requests
    used = cpu_after - cpu
    foreign = (busy_after - busy) - used - (ours_after - ours)
    return Round(requests, duration / 1e6, used, foreign / (end - start))


def wrk(url, headers, seconds, core):
    """Runs wrk and returns how many responses it read, and in how many microseconds."""
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    command += ["-s", str(SCRIPT), url, "--", *headers]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured = next(line for line in output.splitlines() if line.startswith("measured "))
    requests, duration, _bytes, failures, refusals = map(int, measured.split()[1:])
    if failures or refusals or not requests:
        raise SystemExit(f"{url}: {failures} failures, {refusals} error statuses\n{output}")
    return requests, duration


def snapshot(server):
    """Returns the server's CPU seconds, the machine's, those of the measurement itself, and the clock."""
    own = os.times()
    ours = own.user + own.system + own.children_user + own.children_system
    if server.helper:
        ours += machine.process_seconds(server.helper)
    return machine.process_seconds(server.process.pid), machine.busy_seconds(), ours, time.monotonic()


@dataclass
class Pair:
    """A contender's round and the yardstick's, one right after the other."""

    contender: Round
    yardstick: Round

    @property
    def foreign(self):
        return max(self.contender.foreign, self.yardstick.foreign)

    @property
    def rate_ratio(self):
        return self.contender.rate / self.yardstick.rate

    @property
    def cpu_ratio(self):
        return self.contender.cpu_microseconds / self.yardstick.cpu_microseconds

    @property
    def cpu_above(self):
        return self.contender.cpu_microseconds - self.yardstick.cpu_microseconds


class Results:
    """The pairs that were measured, by the contender's name."""

    def __init__(self, pairs):
        self.pairs = pairs

    def names(self):
        """Returns the names, the cheapest contender first."""
        return sorted(self.pairs, key=lambda name: self.median(name, "cpu_ratio"))

    def median(self, name, quantity):
        """Returns the median of a quantity of the pairs, or of the contenders' rounds in them."""
        return statistics.median(self.values(name, quantity))

    def values(self, name, quantity):
        """Returns a quantity of all pairs of one contender, sorted."""
        pairs = self.pairs[name]
        rounds = pairs if hasattr(Pair, quantity) else [pair.contender for pair in pairs]
        return sorted(getattr(one, quantity) for one in rounds)

    def count(self):
        """Returns how many pairs there are, and in how many somebody else used the machine."""
        pairs = [pair for pairs in self.pairs.values() for pair in pairs]
        return len(pairs), sum(pair.foreign > ALLOWED_FOREIGN for pair in pairs)


def interleave(contenders, yardstick, options):
    """Measures all contenders in turn, each beside the yardstick, several times and in changing order."""
    for contender in [yardstick, *contenders]:
        measure(contender, 1, options.load_core)  # to warm up
    pairs = {contender.name: [] for contender in contenders}
    deadline = time.monotonic() + options.patience
    for number in range(options.rounds):
        turn = number % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            order = [yardstick, contender] if number % 2 else [contender, yardstick]
            pairs[contender.name].append(measure_quietly(order, contender, options, deadline))
    return Results(pairs)


def measure_quietly(order, contender, options, deadline):
    """Returns a pair that nobody disturbed, or the least disturbed one when time is up."""
    best = None
    while True:
        machine.wait_until_quiet(max(0, deadline - time.monotonic()))
        first, second = (measure(one, options.seconds, options.load_core) for one in order)
        pair = Pair(first, second) if order[0] is contender else Pair(second, first)
        if best is None or pair.foreign < best.foreign:
            best = pair
        if best.foreign <= ALLOWED_FOREIGN or time.monotonic() >= deadline:
            return best
