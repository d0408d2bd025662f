"""A delivery service in the middle: it stands before a real one, sees every envelope, and may change, hold back, repeat
or make up any. Python's standard library only."""
import socket
import threading

from ds_client import Fields, vector


def frame(data, opcode, masked):
    """A WebSocket frame (RFC 6455); a mask of zeros where one has to be."""
    size, bit = len(data), 0x80 if masked else 0
    if size < 126:
        head = bytes([0x80 | opcode, bit | size])
    elif size < 65536:
        head = bytes([0x80 | opcode, bit | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, bit | 127]) + size.to_bytes(8, "big")
    return head + (bytes(4) if masked else b"") + data


class Stream:
    """One direction of a connection, read."""

    def __init__(self, source):
        self.source, self.data = source, b""

    def more(self):
        data = self.source.recv(65536)
        if not data:
            raise ConnectionError
        self.data += data

    def exactly(self, count):
        while len(self.data) < count:
            self.more()
        data, self.data = self.data[:count], self.data[count:]
        return data

    def head(self):
        while b"\r\n\r\n" not in self.data:
            self.more()
        return self.exactly(self.data.index(b"\r\n\r\n") + 4)

    def message(self):
        """(opcode, data), fragments put together."""
        whole, kind = b"", None
        while True:
            first, second = self.exactly(2)
            size = second & 0x7f
            if size > 125:
                size = int.from_bytes(self.exactly(2 if size == 126 else 8), "big")
            mask = self.exactly(4) if second & 0x80 else bytes(4)
            data = self.exactly(size)
            key = mask * (size // 4 + 1)
            data = (int.from_bytes(data, "big") ^ int.from_bytes(key[:size], "big")).to_bytes(size, "big")
            if first & 0x08:  # between fragments too
                return first & 0x0f, data
            whole, kind = whole + data, kind or first & 0x0f
            if first & 0x80:
                return kind, whole


class Middle:
    """up(connection, envelope) and down(connection, envelope) see each envelope of a client and of the service, and
    return those that are passed on; connections are numbered from 0 as they come. `seen` is all that crossed."""

    def __init__(self, address, up=None, down=None):
        host, port = address.rsplit(":", 1)
        self.target, self.seen, self.count = (host, int(port)), [], 0
        self.hooks = (up or self.as_it_is, down or self.as_it_is)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nobody accepts any more when it returns: a thread that still waited would by its descriptor's number, which
        the next listener may get, take what is the next one's."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()

    @staticmethod
    def as_it_is(_, envelope):
        return [envelope]

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            service = socket.create_connection(self.target)
            for ends in ((client, service, True), (service, client, False)):
                threading.Thread(target=self.carry, args=(self.count, *ends), daemon=True).start()
            self.count += 1

    def carry(self, number, source, sink, is_client):
        stream, hook = Stream(source), self.hooks[0 if is_client else 1]
        try:
            sink.sendall(stream.head())
            while True:
                opcode, data = stream.message()
                if opcode != 2:
                    sink.sendall(frame(data, opcode, is_client))
                    continue
                self.seen.append(data)
                for envelope in hook(number, data):
                    sink.sendall(frame(envelope, 2, is_client))
        except (OSError, ConnectionError):
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def with_payload(envelope, change):
    """A relay or relayed envelope with another payload."""
    fields = Fields(envelope[5:])
    return envelope[:5] + vector(change(fields.vector()))
