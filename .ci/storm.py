"""Load generators that are programs of their own: wrk and h2load."""

import re
import subprocess


def storms(port, seconds):
    """Clients that ask for one page as fast as they can, over HTTP/1.1 and HTTP/2."""
    url = f"http://127.0.0.1:{port}/"
    wrk = Storm(["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "10s", url], r"(\d+) requests in", r"(?:connect|read|write|timeout|Non-2xx or 3xx responses:) (\d+)")
    h2load = Storm(["h2load", "-t1", "-c4", "-m8", "-D", str(seconds), url], r"(\d+) 2xx", r"(\d+) (?:failed|errored|timeout|3xx|4xx|5xx)")
    return [wrk, h2load]


class Storm:
    """A load generator that is a program of its own."""

    def __init__(self, command, answers, failures):
        self.name, self.answers, self.failures = command[0], answers, failures
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def is_running(self):
        return self.process.poll() is None

    def report(self):
        output = self.process.communicate(timeout=60)[0]
        answers = sum(map(int, re.findall(self.answers, output)))
        failures = sum(map(int, re.findall(self.failures, output)))
        print(f"{self.name}: {answers} answers, {failures} failures")
        assert self.process.returncode == 0 and answers > 1000 and failures == 0, output
        return answers
