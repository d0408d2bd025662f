"""A terminal of our own: a program runs on it, what it writes is drawn as a terminal does, and what it would show now,
and has let scroll away, can be asked."""
import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import unicodedata

SEQUENCE = re.compile(r"\033\[(\??[\d;]*)([@-~])")


class Terminal:
    def __init__(self, rows=24, columns=80):
        self.rows, self.columns = rows, columns
        self.lock, self.gone = threading.Lock(), []  # lines that have scrolled off, which people can scroll back to
        self.screen, self.row, self.column, self.rest = [[" "] * columns for _ in range(rows)], 0, 0, ""
        self.decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def run(self, command, **more):
        def own():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, preexec_fn=own, **more)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return process

    def read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            with self.lock:
                self.draw(self.rest + self.decode(data))

    def type(self, text):
        os.write(self.master, text.encode())

    def settings(self):
        return termios.tcgetattr(self.slave)[3]

    def shown(self):
        with self.lock:
            return "\n".join("".join(row).rstrip() for row in self.screen)

    def scrolled(self):
        with self.lock:
            return "\n".join(self.gone)

    def draw(self, text):
        i = 0
        while i < len(text):
            c = text[i]
            if c == "\033":
                sequence = SEQUENCE.match(text, i)
                if not sequence:
                    break  # the rest of it is still to come
                self.control(*sequence.groups())
                i = sequence.end()
                continue
            i += 1
            if c == "\r":
                self.column = 0
            elif c == "\n":
                self.down()
            elif c >= " ":
                self.put(c)
        self.rest = text[i:]

    def put(self, c):
        if unicodedata.combining(c):
            return
        wide = 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if self.column + wide > self.columns:
            self.column = 0
            self.down()
        self.screen[self.row][self.column] = c
        if wide == 2:
            self.screen[self.row][self.column + 1] = ""
        self.column += wide

    def down(self):
        if self.row + 1 < self.rows:
            self.row += 1
            return
        self.gone.append("".join(self.screen.pop(0)).rstrip())
        self.screen.append([" "] * self.columns)

    def control(self, parameters, final):
        assert final in "AJK", f"a terminal here knows no CSI {parameters}{final}"
        if final == "A":
            self.row = max(0, self.row - int(parameters or 1))
            return
        self.screen[self.row][self.column:] = [" "] * (self.columns - self.column)
        for row in range(self.row + 1, self.rows) if final == "J" else ():
            self.screen[row] = [" "] * self.columns
