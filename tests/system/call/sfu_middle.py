"""A forwarding unit in the middle: it stands before a real one's HTTP, passes everything on, and adds what it likes to each
answer. Python's standard library only."""
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Middle:
    """`url` is where clients go; edit(method, description) gives another description, headers are added to each answer."""

    def __init__(self, address, edit, headers):
        host, port = address.rsplit(":", 1)
        self.edited = 0
        middle = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                there = http.client.HTTPConnection(host, int(port), timeout=20)
                there.request(self.command, self.path, body or None,
                              {name: value for name, value in self.headers.items() if name.lower() != "host"})
                answer = there.getresponse()
                content = answer.read()
                if answer.getheader("Content-Type") == "application/sdp":
                    content = edit(content.decode()).encode()
                    middle.edited += 1
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "connection", "date", "server"):
                        self.send_header(name, value)
                for name, value in headers.items():
                    self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                there.close()

            do_GET = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
