"""Measures the time from exec to the first byte of a response, and the memory at rest."""

import os
import socket
import statistics
import subprocess
import time

import machine
from servers import free_port


def measure(options, tools):
    """Returns the table of starts: the yardstick, then `site` with each of its carriers and sizes."""
    small, big = count_files(tools.dist), count_files(tools.rust_docs)
    response = options.work / "start.response"
    response.write_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    serve = [tools.site, "serve", "--workers", "1", "--access-log", "off", "--listen-on", "{address}"]
    rows = [
        start_row("limit", [tools.limit, "{address}", response], 21),
        start_row(f"site, embedded, {small} files", serve, 21),
        start_row(f"site --dist-dir, {small} files", [*serve, "--dist-dir", tools.dist], 21),
    ]
    if big:
        attached = bundle(tools, options.work / "rust-docs")
        rows.append(start_row(f"site, attached, {big:,} files", [attached, *serve[1:]], 21))
        rows.append(start_row(f"site --dist-dir, {big:,} files", [*serve, "--dist-dir", tools.rust_docs], 5))
    head = ["### Start and memory", "", "| | exec → first byte, ms | resident, MB | anonymous, MB |", "|---|--:|--:|--:|"]
    return [*head, *rows, "", f"The stripped executable with {small} files: {os.path.getsize(tools.site) / 1e6:.2f} MB.", ""]


def bundle(tools, executable):
    """Attaches the Rust docs to the executable; they are large, so an earlier bundle of the same executable will do."""
    if not executable.exists() or executable.stat().st_mtime < os.path.getmtime(tools.site):
        command = [tools.site, "bundle", "--quality", "fast", "--output", executable, tools.rust_docs]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return executable


def count_files(folder):
    """Returns how many files are below a folder; none if there is no such folder."""
    return sum(len(files) for _, _, files in os.walk(folder))


def start_row(name, command, times):
    """Returns a line of the table: the medians of several starts."""
    starts = []
    for _ in range(times):
        machine.wait_until_quiet(10)
        starts.append(start_once(command))
    milliseconds, resident, anonymous = (statistics.median(column) for column in zip(*starts))
    return f"| {name} | {milliseconds:.1f} | {resident / 1000:.1f} | {anonymous / 1000:.1f} |"


def start_once(command):
    """Starts a server and returns the milliseconds until its first byte and its resident memory a second later."""
    address = f"127.0.0.1:{free_port()}"
    words = [str(word).replace("{address}", address) for word in command]
    silence = [(os.POSIX_SPAWN_OPEN, stream, "/dev/null", os.O_RDWR, 0) for stream in (0, 1, 2)]
    begin = time.perf_counter()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=silence)
    try:
        wait_for_first_byte(address, pid)
        milliseconds = (time.perf_counter() - begin) * 1000
        time.sleep(1)
        return milliseconds, *machine.resident_kilobytes(pid)
    finally:
        os.kill(pid, 15)
        os.waitpid(pid, 0)


def wait_for_first_byte(address, pid, patience=60):
    """Asks again and again for the front page until the first byte of a response arrives."""
    host, port = address.split(":")
    request = f"GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with socket.socket() as connection:
            if connection.connect_ex((host, int(port))) == 0:
                connection.sendall(request)
                if connection.recv(1):
                    return
    raise SystemExit(f"process {pid} does not answer on {address}")
