"""Answers each POST with 200 and tells of it on standard output: first the port, then a line for each with the time at
which it was there (of the Unix epoch, in seconds) and its body. A process of its own: Python lets one thread run at a time, and the one that posts an alert
would hold up the one that waits for its webhook."""

import re
import selectors
import socket
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def whole(data):
    """How long the request at the beginning of `data` is, 0 while some of it is missing."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return 0
    length = int(LENGTH.search(head + b"\r\n")[1])
    return len(head) + len(end) + length if len(body) >= length else 0


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    ready = selectors.DefaultSelector()
    ready.register(listener, selectors.EVENT_READ)
    received = {}
    while True:
        for key, _ in ready.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                ready.register(connection, selectors.EVENT_READ)
                received[connection] = b""
                continue
            connection = key.fileobj
            data = connection.recv(65536)
            if not data:
                ready.unregister(connection)
                del received[connection]
                connection.close()
                continue
            received[connection] += data
            while size := whole(received[connection]):
                at = time.time()
                body = received[connection][:size].partition(b"\r\n\r\n")[2]
                received[connection] = received[connection][size:]
                connection.sendall(ANSWER)
                print(at, body.decode().replace("\n", " "), flush=True)


main()
