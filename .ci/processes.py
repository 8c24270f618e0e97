"""Processes that a script starts and that end with it, and the tools that it needs."""

import shutil
import socket
import subprocess
import time


def need(tools):
    """Installs the Debian packages of the tools that are not there; `tools` names each one's package."""
    missing = [package for tool, package in tools.items() if not shutil.which(tool)]
    if missing:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True, stdout=subprocess.DEVNULL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Processes:
    """Everything that was started; it ends with the script."""

    def __enter__(self):
        self.running = []
        return self

    def __exit__(self, *_):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()

    def start(self, command, log=subprocess.DEVNULL):
        self.running.append(subprocess.Popen(command, stdout=log, stderr=log))
        return self.running[-1]


def eventually(holds, what, patience=10):
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)
