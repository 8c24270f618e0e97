"""Compares servers over TLS: a page by HTTP/1.1 and by HTTP/2, with h2load."""

import re
import subprocess
from dataclasses import dataclass

import load
from servers import Server, Stable
from serving import BROWSER

MODES = {  # what h2load is told: connections, and streams of each
    "HTTP/1.1 over TLS": ["--h1", "-c64"],
    "HTTP/2 over TLS": ["-c8", "-m16"],
}


@dataclass
class Contender:
    """A server that is asked for a page over TLS."""

    name: str
    server: Server
    path: str
    mode: list

    def drive(self, seconds, core):
        """Runs h2load and returns how many responses it read, and in how many microseconds."""
        fields = [f"--header={line}" for line in BROWSER if not line.startswith("Connection")]
        command = ["taskset", "-c", str(core), "h2load", "-t1", f"-D{seconds}", *self.mode, *fields]
        url = f"https://127.0.0.1:{self.server.port}{self.path}"
        output = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
        duration = float(re.search(r"finished in ([\d.]+)s", output).group(1))
        done, failed, errored = (int(re.search(rf"(\d+) {word}", output).group(1)) for word in ("2xx", "failed", "errored"))
        if failed or errored or not done:
            raise SystemExit(f"{self.name}: {output}")
        return done, duration * 1e6


def measure(options, tools):
    """Returns a table for each mode, relative to nginx."""
    lines = []
    for title, mode in MODES.items():
        with Stable(options.work, options.server_core) as stable:
            nginx, *others = start_all(stable, tools, mode)
            lines += table(title, load.interleave([*others, nginx], nginx, options))
    return lines


def start_all(stable, tools, mode):
    """Starts nginx, h2o and `site` with one certificate; the first two send a plain file of the same page."""
    certificate, key = stable.certificate()
    command = [tools.site, "serve", "--tls-listen-on", "127.0.0.1:{port}", "--workers", "1", "--access-log", "off"]
    site = stable.start([*command, "--tls-cert", certificate, "--tls-key", key], "site")
    root = tools.dist
    return [
        Contender("nginx", stable.nginx(root, name="nginx-tls", tls=(certificate, key)), "/page.html", mode),
        Contender("h2o", stable.h2o(root, tls=(certificate, key)), "/page.html", mode),
        Contender("site", site, "/page", mode),
    ]


def table(title, results):
    """Returns the Markdown lines of one comparison."""
    lines = [f"### {title}: a page", "", "| server | requests/s, relative to nginx | CPU per request | smallest–largest |"]
    lines += ["|---|--:|--:|--:|"]
    for name in results.names():
        ratios = results.values(name, "cpu_ratio")
        lines.append(
            f"| {name} | {results.median(name, 'rate_ratio'):.2f} | **{results.median(name, 'cpu_ratio'):.2f}** "
            f"| {ratios[0]:.2f}–{ratios[-1]:.2f} |"
        )
    pairs, disturbed = results.count()
    return [*lines, "", f"Medians of {pairs} pairs of rounds, {disturbed} of them disturbed by other processes.", ""]
