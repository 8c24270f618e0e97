"""Starts the servers that are compared, each on one core and a loopback port of its own, and stops them."""

import contextlib
import os
import pathlib
import socket
import subprocess
import time
from dataclasses import dataclass

NGINX = """
daemon off; pid {work}/nginx.pid; error_log {work}/nginx.error.log; worker_processes 1; {user}
events {{ worker_connections 1024; }}
http {{
    types {{ text/html html; }}
    access_log {log};
    sendfile on;
    open_file_cache max=1000 inactive=10m; open_file_cache_valid 10m;
    keepalive_timeout 10m; keepalive_requests 1000000000; keepalive_time 10h;
    client_body_temp_path {work}/nginx.tmp; proxy_temp_path {work}/nginx.tmp; fastcgi_temp_path {work}/nginx.tmp;
    uwsgi_temp_path {work}/nginx.tmp; scgi_temp_path {work}/nginx.tmp;
    server {{ listen 127.0.0.1:{port} {tls}; root {root}; }}
}}
"""

H2O = """
{user}
num-threads: 1
hosts:
  default:
    listen: {{ host: 127.0.0.1, port: {port} {tls} }}
    paths: {{ "/": {{ file.dir: {root} }} }}
"""

LIGHTTPD = """
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.pid-file = "{work}/lighttpd.pid"
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 600
mimetype.assign = ( ".html" => "text/html" )
"""


@dataclass
class Server:
    """A server that runs."""

    process: subprocess.Popen
    port: int
    output: pathlib.Path
    helper: int | None = None  # the id of a process that the measurement itself needs
    answered: int = 0  # responses that wrk has read


class Stable:
    """Starts servers on one core and stops them, by process id, at the end of a `with` block."""

    def __init__(self, work, core):
        self.work, self.core = pathlib.Path(work), core
        self.servers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            self.stop(server)

    def start(self, command, name, port=None, stderr=None):
        """Starts `command`, whose `{port}` becomes a free one, and waits until it accepts connections."""
        port = port or free_port()
        output = self.work / f"{name}.output"
        with open(output, "wb") as file:
            pinned = ["taskset", "-c", str(self.core)] + [str(word).replace("{port}", str(port)) for word in command]
            process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=file, stderr=stderr or file)
        server = Server(process, port, output)
        self.servers.append(server)
        wait_for(server, name)
        return server

    def stop(self, server):
        """Ends a server that still runs, politely, and returns its exit status."""
        server.process.terminate()
        try:
            return server.process.wait(10)
        except subprocess.TimeoutExpired:
            server.process.kill()
            return server.process.wait()

    def nginx(self, root, log="off", name="nginx", tls=None):
        user = "user root;" if os.geteuid() == 0 else ""
        secure = f"ssl http2; ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]}" if tls else ""
        file, port = self.configure(f"{name}.conf", NGINX, root=root, log=log, user=user, tls=secure)
        return self.start(["nginx", "-e", self.work / "nginx.error.log", "-p", self.work, "-c", file], name, port)

    def h2o(self, root, tls=None):
        user = "user: root" if os.geteuid() == 0 else ""
        secure = f", ssl: {{ certificate-file: {tls[0]}, key-file: {tls[1]} }}" if tls else ""
        file, port = self.configure("h2o.conf", H2O, root=root, user=user, tls=secure)
        return self.start(["h2o", "-c", file], "h2o", port)

    def lighttpd(self, root):
        file, port = self.configure("lighttpd.conf", LIGHTTPD, root=root)
        return self.start(["lighttpd", "-D", "-f", file], "lighttpd", port)

    def static_web_server(self, executable, root):
        command = [executable, "--host", "127.0.0.1", "--port", "{port}", "--root", root, "--log-level", "error"]
        return self.start([*command, "--threads-multiplier", "1", "--compression", "false"], "static-web-server")

    def certificate(self):
        """Makes a certificate for the loopback address; returns its file and its key's."""
        certificate, key = self.work / "tls.pem", self.work / "tls.key"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
        command = ["openssl", "req", "-x509", *curve, "-keyout", key, "-out", certificate, "-days", "30"]
        subprocess.run(command, check=True, capture_output=True)
        return certificate, key

    def configure(self, file_name, template, **values):
        """Writes a configuration and returns its path and the port in it."""
        port = free_port()
        file = self.work / file_name
        file.write_text(template.format(work=self.work, port=port, **values))
        return file, port


def free_port():
    """Returns a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(server, name, patience=10):
    """Waits until the server accepts a connection; a server that has ended ends the run too."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
            return
        time.sleep(0.01)
    raise SystemExit(f"{name} does not answer; its output is in {server.output}")


def raw_response(port, path, headers):
    """Returns the very bytes that the server sends for a GET like wrk's, and the head of them as a dict."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n" + "".join(f"{line}\r\n" for line in headers) + "\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(request.encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        fields[":status"] = int(status.split()[1])
        length = 0 if fields[":status"] == 304 else int(fields["content-length"])
        while len(body) < length:
            body += connection.recv(65536)
    return head + b"\r\n\r\n" + body, fields
