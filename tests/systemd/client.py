"""Asks an address again and again until it is told to stop by the end of its standard input, then prints what came back.

    client.py METHOD URL        one request after the other, each on a connection of its own
"""

import collections
import json
import select
import sys
import time
import urllib.error
import urllib.request

method, url = sys.argv[1:]
answers = collections.Counter()
accepted = []
number = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    number += 1
    body = None
    if method == "POST":
        body = json.dumps([{"labels": {"alertname": f"A{number}"}}]).encode()
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
            answers[answer.status] += 1
            if method == "POST":
                accepted.append(f"A{number}")
    except urllib.error.HTTPError as error:
        answers[error.code] += 1
    except urllib.error.URLError as error:
        answers[type(error.reason).__name__] += 1
    except OSError as error:
        answers[type(error).__name__] += 1
    time.sleep(0.002)
print(json.dumps({"answers": answers, "accepted": accepted}))
