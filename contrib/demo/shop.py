#!/usr/bin/env python3
"""A small shop to watch, and the phone of the one person on call for it.

    shop.py [--port 18480] [--break-after 20] [--broken-for 45] [--ack-after 8]

GET /healthz/catalogue is always well. GET /healthz/checkout answers 503 while the checkout is broken. POST /phone takes
a page of Candor's webhook channel, shows it, and after a while acks it through the page's own link.
"""

import argparse
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOST_BYTES = 1 << 20  # of a page


def tell(who, text):
    """Shows what `who` did; the demo puts its own in place."""
    print(f"{who}: {text}", flush=True)


class Shop(ThreadingHTTPServer):
    """The shop and the phone on one address. `told` is called for everything worth telling: told(who, text)."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address, told=tell, ack_after=8.0):
        super().__init__(address, Handler)
        self.told = told
        self.ack_after = ack_after
        self.broken = threading.Event()
        self.broken_at = None  # by time.monotonic()
        self.happened = set()  # of "broken", "paged", "acked", "recovered", "all clear"
        self.timers = []

    def begin(self, break_after, broken_for):
        """The checkout breaks `break_after` seconds from now and recovers `broken_for` seconds later."""
        self.later(break_after, self.break_checkout)
        self.later(break_after + broken_for, self.mend_checkout)

    def later(self, seconds, action, *arguments):
        timer = threading.Timer(seconds, action, arguments)
        timer.daemon = True
        timer.start()
        self.timers.append(timer)

    def end(self):
        for timer in self.timers:
            timer.cancel()
        self.shutdown()
        self.server_close()

    def break_checkout(self):
        self.broken_at = time.monotonic()
        self.broken.set()
        self.happened.add("broken")
        self.told("shop", "the checkout breaks: every request is answered with HTTP 503 from now on")

    def mend_checkout(self):
        self.broken.clear()
        self.happened.add("recovered")
        self.told("shop", "the checkout is mended: requests are answered with HTTP 200 again")

    def take_call(self, page):
        """A message of Candor's arrived on the phone."""
        incident = page.get("incident") or {}
        if page.get("event") == "resolved":
            self.happened.add("all clear")
            self.told("phone", f"Ana's phone: “{incident.get('title', '')}” is over")
            return
        self.happened.add("paged")
        shown = {key: incident.get(key) for key in ("title", "impact", "rule", "evidence", "url")}
        shown["playbook"] = (page.get("playbook") or {}).get("url")
        self.told("phone", "\n".join(["Ana's phone rings:"] +
                                     [f"    {name:<10}{value}" for name, value in shown.items() if value]))
        if page.get("ack_url"):
            self.told("phone", f"Ana puts her coffee down; she will ack in {self.ack_after:g} s …")
            self.later(self.ack_after, self.ack, page["ack_url"])

    def ack(self, url):
        request = urllib.request.Request(url, data=b"", method="POST")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=5) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            self.told("phone", f"the ack was refused: HTTP {error.code}")
            return
        except OSError as error:
            self.told("phone", f"the ack did not get through: {error}")
            return
        self.happened.add("acked")
        self.told("phone", f"Ana follows the signed link and acks (HTTP {status}): she leads the incident now")


class Handler(BaseHTTPRequestHandler):
    server: Shop
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path == "/healthz/catalogue":
            self.answer(200, "ok\n")
        elif self.path == "/healthz/checkout":
            if self.server.broken.is_set():
                self.answer(503, "the payment gateway does not answer\n")
            else:
                self.answer(200, "ok\n")
        else:
            self.answer(404, "the shop has no such page\n")

    def do_POST(self):
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if self.path != "/phone" or not 0 <= length <= MOST_BYTES:
            self.close_connection = True
            self.answer(404 if self.path != "/phone" else 400, "the phone takes JSON on /phone\n")
            return
        try:
            page = json.loads(self.rfile.read(length))
        except ValueError:
            page = None
        if not isinstance(page, dict):
            self.answer(400, "that is not a JSON object\n")
            return
        self.answer(200, "thanks\n")
        self.server.take_call(page)

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # a request a second is not worth telling


def timings(parser):
    """The options that this program and the demo have in common."""
    parser.add_argument("--break-after", type=float, default=20, metavar="SECONDS", help="until the checkout breaks")
    parser.add_argument("--broken-for", type=float, default=45, metavar="SECONDS", help="until it is mended")
    parser.add_argument("--ack-after", type=float, default=8, metavar="SECONDS", help="until a page is acked")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=18480)
    timings(parser)
    options = parser.parse_args()
    try:
        shop = Shop(("127.0.0.1", options.port), ack_after=options.ack_after)
    except OSError as error:
        sys.exit(f"shop.py: port {options.port} of 127.0.0.1 cannot be had: {error.strerror} (choose another with --port)")
    tell("shop", f"open on http://127.0.0.1:{options.port}")
    shop.begin(options.break_after, options.broken_for)
    try:
        shop.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
