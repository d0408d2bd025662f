"""A client of the delivery service, written from docs/protocol.md alone. Python's standard library only."""
import base64
import hashlib
import os
import socket
import struct

SUBPROTOCOL = "sotto-ds.2"
(HELLO, APPEND, READ, FETCH, LIST, PUT_KEY_PACKAGE, TAKE_KEY_PACKAGES, RELAY, RENEW, KICK, CLOSE_ROOM) = range(1, 12)
ADMITTED, APPENDED, ENTRIES, PART, SEQS, KEY_PACKAGES, DONE, ERROR = 0x81, 0x82, 0x83, 0x84, 0x85, 0x87, 0x88, 0x8f
ENTRY, RELAYED, KEY_PACKAGES_WAITING, JOINED, LEFT = 0x91, 0x92, 0x93, 0x94, 0x95
COMMIT, WELCOME, GROUP_INFO = 0, 1, 2
WAITING, ONE_USE, LAST_RESORT = 1, 2, 3
(MALFORMED, NOT_ADMITTED, TOKEN, FORBIDDEN, RATE_LIMITED, NOT_FOUND, FULL, STORAGE, INTERNAL, DRAINING, EXPIRED, REPLACED,
 SLOW, KICKED, ROOM_CLOSED) = range(1, 16)


class Closed(Exception):
    """The connection has ended; code is the WebSocket's, None if it was cut."""

    def __init__(self, code=None):
        super().__init__(f"closed: {code}")
        self.code = code


class Refused(Exception):
    """An upgrade was answered with something else."""


def vector(data):
    """opaque data<V>"""
    size = len(data)
    if size < 64:
        return bytes([size]) + data
    if size < 16384:
        return struct.pack(">H", size | 0x4000) + data
    return struct.pack(">I", size | 0x80000000) + data


def optional(data):
    return b"\0" if data is None else b"\1" + vector(data)


class Fields:
    def __init__(self, data):
        self.data, self.pos = data, 0

    def bytes(self, count):
        assert self.pos + count <= len(self.data), "an envelope is cut"
        self.pos += count
        return self.data[self.pos - count:self.pos]

    def number(self, count):
        return int.from_bytes(self.bytes(count), "big")

    def vector(self):
        size = 1 << (self.data[self.pos] >> 6)
        assert size < 8
        return self.bytes(self.number(size) & ((1 << 8 * size - 2) - 1))

    def more(self):
        return self.pos < len(self.data)


class Message:
    """An envelope from the server: its fields as attributes."""

    def __init__(self, data):
        f = Fields(data)
        self.type, self.request = f.number(1), f.number(4)
        if self.type == ADMITTED:
            self.log_id, self.oldest, self.head = f.bytes(16), f.number(8), f.number(8)
            self.token_left_s, self.waiting = f.number(4), f.number(2)
            self.limits = struct.unpack(">HIHII", f.bytes(16))
            self.pseudonym = f.vector().decode()
            self.group_infos = numbers(f.vector())
            self.present = []
            ids = Fields(f.vector())
            while ids.more():
                self.present.append(ids.vector().decode())
        elif self.type == APPENDED:
            self.seq = f.number(8)
        elif self.type == ENTRIES:
            self.head = f.number(8)
            self.entries, inner = [], Fields(f.vector())
            while inner.more():
                self.entries.append(entry(inner))
        elif self.type == PART:
            self.seq, self.part, self.total, self.offset, self.data = *map(f.number, (8, 1, 4, 4)), f.vector()
        elif self.type == SEQS:
            self.part, self.seqs = f.number(1), numbers(f.vector())
        elif self.type == KEY_PACKAGES:
            self.waiting = f.number(2)
            self.packages, inner = [], Fields(f.vector())
            while inner.more():
                self.packages.append((inner.vector().decode(), inner.number(1), inner.vector()))
        elif self.type == ERROR:
            self.code, self.retry_after_ms, self.text = f.number(2), f.number(4), f.vector().decode()
        elif self.type == ENTRY:
            self.entry = entry(f)
        elif self.type == RELAYED:
            self.payload = f.vector()
        elif self.type == KEY_PACKAGES_WAITING:
            self.waiting = f.number(2)
        elif self.type in (JOINED, LEFT):
            self.pseudonym = f.vector().decode()
        else:
            assert self.type == DONE, f"an unknown type: {self.type}"
        assert not f.more(), "an envelope goes on behind its end"


def numbers(data):
    return [seq for (seq,) in struct.iter_unpack(">Q", data)]


def entry(f):
    """(seq, has_welcome, has_group_info, commit)"""
    return f.number(8), f.number(1) == 1, f.number(1) == 1, f.vector()


class Socket:
    """A WebSocket (RFC 6455), as much of it as is needed."""

    def __init__(self, address, path="/ds", subprotocols=SUBPROTOCOL, headers="", timeout=10, tls=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.received = b""
        try:
            self.upgrade(address, path, subprotocols, headers)
        except BaseException:
            self.socket.close()
            raise

    def upgrade(self, address, path, subprotocols, headers):
        key = base64.b64encode(os.urandom(16)).decode()
        offered = f"Sec-WebSocket-Protocol: {subprotocols}\r\n" if subprotocols else ""
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offered}{headers}\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.some()
        head, self.received = head.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Refused(head.decode(errors="replace").split("\r\n")[0])
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        fields = head.lower()
        assert b"sec-websocket-accept: " + accept.lower() in fields, head
        assert b"sec-websocket-protocol: " + SUBPROTOCOL.encode() in fields, head

    def some(self):
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            raise
        except OSError:
            data = b""
        if not data:
            raise Closed()
        return data

    def exactly(self, count):
        while len(self.received) < count:
            self.received += self.some()
        data, self.received = self.received[:count], self.received[count:]
        return data

    def send(self, data, opcode=2, final=True):
        size = len(data)
        head = bytes([opcode | (0x80 if final else 0)])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += struct.pack(">BH", 0x80 | 126, size)
        else:
            head += struct.pack(">BQ", 0x80 | 127, size)
        # a mask of zeros: what it is for are proxies, and it keeps the test quick
        try:
            self.socket.sendall(head + b"\0\0\0\0" + data)
        except OSError as error:
            raise Closed() from error

    def receive(self):
        """The next binary message."""
        message = b""
        while True:
            first, second = self.exactly(2)
            size = second & 0x7f
            if size == 126:
                size = int.from_bytes(self.exactly(2), "big")
            elif size == 127:
                size = int.from_bytes(self.exactly(8), "big")
            data, opcode = self.exactly(size), first & 0x0f
            if opcode == 8:
                raise Closed(int.from_bytes(data[:2], "big") if size >= 2 else None)
            if opcode == 9:
                self.send(data, opcode=10)
            elif opcode in (0, 2):
                message += data
                if first & 0x80:
                    return message

    def close(self):
        self.socket.close()


class Client:
    """One participant's connection. Pushed messages wait in self.pushed while an answer is waited for."""

    def __init__(self, address, room="room", name=None, token=b"", after=1, timeout=10, tls=None):
        self.ws = Socket(address, "/ds" + (f"?name={name}" if name else ""), timeout=timeout, tls=tls)
        self.number, self.pushed = 0, []
        self.admitted = self.ask(HELLO, vector(token) + vector(room.encode()) + struct.pack(">Q", after))
        if self.admitted.type == ERROR:
            self.close()
            raise Closed(4000 + self.admitted.code)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def close(self):
        self.ws.close()

    def post(self, kind, body=b""):
        """Sends a request; its number."""
        self.number += 1
        self.ws.send(struct.pack(">BI", kind, self.number) + body)
        return self.number

    def next(self):
        return Message(self.ws.receive())

    def answer(self, number):
        while True:
            message = self.next()
            if message.request == number:
                return message
            if message.type == ERROR:
                raise Closed(4000 + message.code)
            self.pushed.append(message)

    def ask(self, kind, body=b""):
        return self.answer(self.post(kind, body))

    def append(self, commit, welcome=None, group_info=None, append_id=None):
        return self.ask(APPEND, append_body(commit, welcome, group_info, append_id))

    def read(self, start=0, most=256):
        return self.ask(READ, struct.pack(">QH", start, most))

    def fetch(self, seq, part, offset=0):
        """A piece of a part, as it is answered."""
        return self.ask(FETCH, struct.pack(">QBI", seq, part, offset))

    def fetch_all(self, seq, part):
        """A part's bytes, fetched piece by piece."""
        data, total = b"", 1
        while len(data) < total:
            piece = self.fetch(seq, part, len(data))
            assert piece.type == PART and piece.offset == len(data) and piece.data, piece.__dict__
            data, total = data + piece.data, piece.total
        return data

    def pushed_message(self, kind):
        """The next pushed message of a type; those before it are dropped."""
        while self.pushed:
            message = self.pushed.pop(0)
            if message.type == kind:
                return message
        while True:
            message = self.next()
            if message.type == kind:
                return message
            if message.type == ERROR and message.request == 0:
                raise Closed(4000 + message.code)

    def entries(self, count):
        """So many pushed entries."""
        return [self.pushed_message(ENTRY).entry for _ in range(count)]


def append_body(commit, welcome=None, group_info=None, append_id=None):
    return (append_id or os.urandom(16)) + vector(commit) + optional(welcome) + optional(group_info)
