"""Clients that ask a server all the time and count every answer, every retry and every failure.

A client retries what the RFCs let it retry and nothing else: a request on a connection that was used before and ended
without a byte of the answer (RFC 9112 section 9.3.1), and a stream above the last one that GOAWAY names (RFC 9113
section 6.8). Retries are counted by their reason. Everything else that is not the expected answer is a failure.
"""

import asyncio
import collections
import select
import ssl
import struct

PATIENCE = 20  # seconds for an answer


class Failure(Exception):
    """The client did not get what it has a right to."""


class Unanswered(Exception):
    """The connection ended before the first byte of an answer."""


class Target:
    """A server, and what it has to answer."""

    def __init__(self, port, bodies, tls=False, name="site.test"):
        self.port, self.bodies, self.tls, self.name = port, bodies, tls, name
        self.contexts = {protocol: self.context(protocol) if tls else None for protocol in ("http/1.1", "h2")}

    @staticmethod
    def context(protocol):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([protocol])
        return context

    async def connect(self, protocol):
        try:
            return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port, ssl=self.contexts[protocol]), PATIENCE)
        except (OSError, ssl.SSLError, asyncio.TimeoutError) as error:
            raise Failure(f"no connection: {error!r}") from error


class Tally:
    """What happened."""

    def __init__(self, name):
        self.name, self.answers, self.connections, self.running = name, 0, 0, True
        self.retries, self.failures = collections.Counter(), collections.Counter()

    def __str__(self):
        retries = ", ".join(f"{count} {reason}" for reason, count in self.retries.items()) or "none"
        failures = "".join(f"\n    {count} x {reason}" for reason, count in self.failures.most_common(8))
        return f"{self.name}: {self.answers} answers on {self.connections} connections, retries: {retries}, failures: {self.failures.total()}{failures}"


async def http1(target, tally, pause=0.0, reuse=True):
    """Asks over HTTP/1.1, on one connection or on a new one for each request."""
    connection, number = None, 0
    while tally.running:
        path, body = target.bodies[number % len(target.bodies)]
        if connection and pause and has_ended(connection):
            close(connection)
            connection = None
        used = connection is not None
        try:
            if not used:
                connection = await target.connect("http/1.1")
                tally.connections += 1
            keeps = await asyncio.wait_for(exchange(connection, target, path, body, reuse), PATIENCE)
        except Unanswered as reason:
            close(connection)
            connection = None
            if used:
                tally.retries["connection closed between requests"] += 1
            else:
                tally.failures[f"{path}: {reason}"] += 1
            continue
        except (Failure, asyncio.TimeoutError) as reason:
            close(connection)
            connection = None
            tally.failures[f"{path}: {reason!r}"] += 1
            continue
        tally.answers += 1
        number += 1
        if not keeps:
            close(connection)
            connection = None
        if pause:
            await asyncio.sleep(pause)
    close(connection)


async def exchange(connection, target, path, body, reuse):
    """One request and its answer; tells whether the connection stays open."""
    reader, writer = connection
    fields = "" if reuse else "connection: close\r\n"
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {target.name}\r\n{fields}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Failure(f"cut off after {len(error.partial)} bytes of the head") from error
        raise Unanswered("closed without an answer") from error
    except (OSError, ssl.SSLError) as error:
        raise Unanswered(f"{error!r} without an answer") from error
    lines = head.decode().lower().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:] if line)
    try:
        content = await reader.readexactly(int(fields["content-length"]))
    except (asyncio.IncompleteReadError, OSError, ssl.SSLError) as error:
        raise Failure(f"cut off: {error!r}") from error
    if not lines[0].startswith("http/1.1 200") or content != body:
        raise Failure(f"{lines[0]}, {len(content)} bytes")
    return fields.get("connection") != "close"


def has_ended(connection):
    """Looks before a connection is used again, as clients do that keep connections for later."""
    return connection[0].at_eof() or bool(select.select([connection[1].get_extra_info("socket")], [], [], 0)[0])


def close(connection):
    if connection:
        connection[1].close()


async def http2(target, tally, streams=8, pause=0.0):
    """Asks over HTTP/2, on one connection with several streams at a time."""
    waiting, old, number = collections.deque(), set(), 0
    session = None
    while tally.running or session and session.open:
        try:
            if session is None or session.ends:
                if session and session.open:
                    old.add(asyncio.ensure_future(session.finished))
                session = await Session.start(target, tally, waiting)
            while tally.running and not session.ends and len(session.open) < streams:
                request = waiting.popleft() if waiting else target.bodies[number % len(target.bodies)]
                number += 1
                session.ask(request)
            if session.open:
                await session.progress()
        except Failure as reason:
            tally.failures[str(reason)] += 1
            session = None
        if pause:
            await asyncio.sleep(pause)
    if session:
        session.close()
    await asyncio.gather(*old)


class Session(asyncio.Protocol):
    """An HTTP/2 connection. Response header sections are not decoded, but for the status 200, which is one octet."""

    PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
    WINDOW = 2**30

    def __init__(self, target, tally, waiting):
        self.target, self.tally, self.waiting = target, tally, waiting
        self.open, self.ends, self.last, self.buffer = {}, False, None, bytearray()
        self.next, self.received, self.change = 1, 0, asyncio.Event()
        self.finished = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(cls, target, tally, waiting):
        loop = asyncio.get_running_loop()
        make = lambda: cls(target, tally, waiting)
        try:
            connecting = loop.create_connection(make, "127.0.0.1", target.port, ssl=target.contexts["h2"])
            return (await asyncio.wait_for(connecting, PATIENCE))[1]
        except (OSError, ssl.SSLError, asyncio.TimeoutError) as error:
            raise Failure(f"no connection: {error!r}") from error

    def connection_made(self, transport):
        self.transport = transport
        self.tally.connections += 1
        settings = struct.pack(">HIHI", 2, 0, 4, self.WINDOW)
        window = self.frame(self.WINDOW_UPDATE, 0, 0, struct.pack(">I", self.WINDOW))
        transport.write(self.PREFACE + self.frame(self.SETTINGS, 0, 0, settings) + window)

    @staticmethod
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def ask(self, request):
        path, name = request[0].encode(), self.target.name.encode()
        scheme = b"\x87" if self.target.tls else b"\x86"
        section = b"\x82" + scheme + b"\x04" + bytes([len(path)]) + path + b"\x01" + bytes([len(name)]) + name
        self.open[self.next] = (request, bytearray(), [])
        self.transport.write(self.frame(self.HEADERS, 5, self.next, section))
        self.next += 2

    async def progress(self):
        """Waits until a stream has ended, or the connection changes."""
        try:
            await asyncio.wait_for(self.change.wait(), PATIENCE)
        except asyncio.TimeoutError:
            count, self.ends = len(self.open), True
            self.open.clear()
            self.close()
            raise Failure(f"{count} streams without an answer for {PATIENCE} s") from None
        self.change.clear()

    def data_received(self, data):
        self.buffer += data
        while len(self.buffer) >= 9:
            length = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + length:
                break
            kind, flags, stream = struct.unpack(">BBI", self.buffer[3:9])
            self.on_frame(kind, flags, stream, bytes(self.buffer[9 : 9 + length]))
            del self.buffer[: 9 + length]

    def on_frame(self, kind, flags, stream, payload):
        if kind == self.SETTINGS and not flags & 1:
            self.transport.write(self.frame(self.SETTINGS, 1, 0, b""))
        elif kind == self.PING and not flags & 1:
            self.transport.write(self.frame(self.PING, 1, 0, payload))
        elif kind == self.GOAWAY:
            self.on_goaway(*struct.unpack(">II", payload[:8]))
        elif kind in (self.HEADERS, self.DATA) and stream in self.open:
            request, content, sections = self.open[stream]
            (sections.append(payload) if kind == self.HEADERS else content.extend(payload))
            self.received += len(payload) * (kind == self.DATA)
            if flags & 1:
                self.on_answer(stream, request, content, sections)
        elif kind == self.RST_STREAM and stream in self.open:
            self.on_reset(stream, int.from_bytes(payload, "big"))
        if self.received > 2**24:
            self.transport.write(self.frame(self.WINDOW_UPDATE, 0, 0, struct.pack(">I", self.received)))
            self.received = 0

    def on_answer(self, stream, request, content, sections):
        if sections[0][:1] == b"\x88" and content == request[1]:
            self.tally.answers += 1
        else:
            self.tally.failures[f"{request[0]}: another answer, {len(content)} bytes"] += 1
        self.end(stream)

    def on_goaway(self, last, code):
        if code:
            self.tally.failures[f"GOAWAY with error {code}"] += 1
        self.ends = True
        for stream in [stream for stream in self.open if stream > last]:
            self.retry(stream, "stream above GOAWAY's last")
        self.change.set()
        self.settle()

    def on_reset(self, stream, code):
        if code == 7:  # REFUSED_STREAM: it was not processed (RFC 9113 section 8.7)
            self.retry(stream, "stream refused")
        else:
            self.tally.failures[f"stream reset with {code}"] += 1
            self.end(stream)

    def retry(self, stream, reason):
        self.tally.retries[reason] += 1
        self.waiting.append(self.open[stream][0])
        self.end(stream)

    def end(self, stream):
        del self.open[stream]
        self.change.set()
        self.settle()

    def settle(self):
        if self.ends and not self.open:
            self.close()

    def connection_lost(self, error):
        if self.open:
            after = "after GOAWAY" if self.ends else "without GOAWAY"
            self.tally.failures[f"connection lost {after}: {error!r}"] += len(self.open)
            self.open.clear()
        self.ends = True
        self.change.set()
        if not self.finished.done():
            self.finished.set_result(None)

    def close(self):
        self.transport.close()
