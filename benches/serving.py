"""Compares servers under load: a page, a page that hasn't changed, and the price of the access log."""

from dataclasses import dataclass

import load
import page
from servers import Server, Stable, raw_response

BROWSER = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.5",
    "Accept-Encoding: gzip, deflate, br",
    "Connection: keep-alive",
    "Upgrade-Insecure-Requests: 1",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: none",
    "Priority: u=0, i",
]


@dataclass
class Contender:
    """A server, what is asked of it, and the name of that pair in the table."""

    name: str
    server: Server
    path: str
    headers: list

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.port}{self.path}"

    def drive(self, seconds, core):
        """Loads the server; returns how many responses were read, and in how many microseconds."""
        return load.wrk(self.url, self.headers, seconds, core)

    def response(self):
        return raw_response(self.server.port, self.path, self.headers)

    def unchanged(self):
        """Returns the same contender asked by a client that has the page already."""
        _, fields = self.response()
        questions = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        asked = [f"{question}: {fields[name]}" for name, question in questions.items() if name in fields]
        return Contender(self.name, self.server, self.path, [*self.headers, *asked])


def page_and_unchanged(options, tools):
    """Measures every server with status 200 and with status 304, and returns the two tables."""
    with Stable(options.work, options.server_core) as stable:
        pages = start_all(stable, tools)
        yardstick = limit(stable, tools, pages[0])
        pages.append(limit(stable, tools, pages[0]))
        check_equal_bodies(pages)
        lines = table("200: a page of 1 KiB", load.interleave(pages, yardstick, options))
        unchanged = [contender.unchanged() for contender in pages if contender.name != "limit"]
        check_statuses(unchanged, 304)
        unchanged.append(Contender("site, status 200", pages[0].server, pages[0].path, pages[0].headers))
        yardstick = limit(stable, tools, unchanged[0])
        lines += table("304: the same page, unchanged", load.interleave(unchanged, yardstick, options))
        return lines


def start_all(stable, tools):
    """Starts `site` and the other servers; those send the bytes that `site` chose, from a plain file."""
    contenders = [site(stable, tools, "site")]
    contenders.append(site(stable, tools, "site --dist-dir", "--dist-dir", tools.dist))
    head, _, body = contenders[0].response()[0].partition(b"\r\n\r\n")
    root = stable.work / "plain"
    page.write_plain_copy(root, body)
    peers = {
        "nginx": lambda: stable.nginx(root),
        "h2o": lambda: stable.h2o(root),
        "lighttpd": lambda: stable.lighttpd(root),
        "static-web-server": lambda: stable.static_web_server(tools.static_web_server, root),
    }
    for name, start in peers.items():
        if tools.has(name):
            contenders.append(Contender(name, start(), "/page.html", BROWSER))
    return contenders


def site(stable, tools, name, *flags, stderr=None):
    """Starts `site` with one worker, and without an access log unless the flags ask for one."""
    log = [] if "--access-log" in flags else ["--access-log", "off"]
    command = [tools.site, "serve", "--listen-on", "127.0.0.1:{port}", "--workers", "1", *log, *flags]
    return Contender(name, stable.start(command, name.replace(" ", ""), stderr=stderr), "/page", BROWSER)


def limit(stable, tools, original):
    """Starts the yardstick with the response that the original sends, and checks that it sends the same."""
    response, fields = original.response()
    file = stable.work / f"{fields[':status']}.response"
    file.write_bytes(response)
    server = stable.start([tools.limit, "127.0.0.1:{port}", file], f"limit-{len(stable.servers)}")
    contender = Contender("limit", server, original.path, original.headers)
    if without_date(contender.response()[0]) != without_date(original.response()[0]):
        raise SystemExit("limit does not send what site sends")
    return contender


def without_date(response):
    """Returns the lines of a response's head except Date, and its body."""
    head, _, body = response.partition(b"\r\n\r\n")
    return [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")], body


def check_equal_bodies(contenders):
    """Ends the run unless all send the same body with status 200; --dist-dir compresses a little less."""
    check_statuses(contenders, 200)
    equal = [contender for contender in contenders if contender.name != "site --dist-dir"]
    bodies = {contender.name: contender.response()[0].partition(b"\r\n\r\n")[2] for contender in equal}
    if len(set(bodies.values())) != 1:
        raise SystemExit(f"different bodies: { {name: len(body) for name, body in bodies.items()} }")


def check_statuses(contenders, expected):
    """Ends the run unless all answer with the expected status."""
    for contender in contenders:
        status = contender.response()[1][":status"]
        if status != expected:
            raise SystemExit(f"{contender.name} answers {status} instead of {expected}")


def table(title, results):
    """Returns the Markdown lines of one comparison."""
    lines = [f"### {title}", ""]
    lines += ["| server | requests/s | relative | CPU µs/request | relative | smallest–largest | core busy |"]
    lines += ["|---|--:|--:|--:|--:|--:|--:|"]
    for name in results.names():
        ratios = results.values(name, "cpu_ratio")
        lines.append(
            f"| {name} | {results.median(name, 'rate'):,.0f} | {results.median(name, 'rate_ratio'):.2f} "
            f"| {results.median(name, 'cpu_microseconds'):.2f} | **{results.median(name, 'cpu_ratio'):.2f}** "
            f"| {ratios[0]:.2f}–{ratios[-1]:.2f} | {results.median(name, 'server_core'):.0%} |"
        )
    pairs, disturbed = results.count()
    return [*lines, "", f"Medians of {pairs} pairs of rounds, {disturbed} of them disturbed by other processes.", ""]
