"""Measures what the access log costs, to a file and to a pipe, and counts that no line is lost."""

import subprocess

import load
from servers import Stable
from serving import site


def measure(options, tools):
    """Returns the table of `site` with its access log in a file and in a pipe, beside `site` without one."""
    log = options.work / "access.log"
    log.unlink(missing_ok=True)
    with Stable(options.work, options.server_core) as stable:
        quiet = site(stable, tools, "site, no access log")
        to_file = site(stable, tools, "access log to a file", "--access-log", "combined", "--access-log-file", log)
        with subprocess.Popen(
            ["taskset", "-c", str(options.load_core), "wc", "-l"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as reader:
            to_pipe = site(stable, tools, "access log to a pipe", "--access-log", "combined", stderr=reader.stdin)
            reader.stdin.close()  # now the server alone holds the writing end
            to_pipe.server.helper = reader.pid
            results = load.interleave([to_file, to_pipe], quiet, options)
            for contender in (to_file, to_pipe):
                stable.stop(contender.server)
            in_pipe = int(reader.stdout.read())
    with open(log, "rb") as file:
        in_file = sum(1 for _ in file)
    log.unlink()
    counted = [line_count(to_file, in_file), line_count(to_pipe, in_pipe)]
    return [*table(results), *counted, ""]


def table(results):
    """Returns the Markdown lines of the comparison."""
    lines = ["### Access log", "", "| site with | requests/s | CPU µs/request | µs above no log | smallest–largest |"]
    lines += ["|---|--:|--:|--:|--:|"]
    for name in results.names():
        above = results.values(name, "cpu_above")
        lines.append(
            f"| {name} | {results.median(name, 'rate'):,.0f} | {results.median(name, 'cpu_microseconds'):.2f} "
            f"| **{results.median(name, 'cpu_above'):.2f}** | {above[0]:.2f}–{above[-1]:.2f} |"
        )
    return [*lines, ""]


def line_count(contender, lines):
    """Returns a sentence about the lines in a log and the responses that wrk has read completely.

    The log has a few more: those that were under way when wrk closed its connections.
    """
    return f"* {contender.name}: {lines:,} lines for {contender.server.answered:,} responses that wrk read."
