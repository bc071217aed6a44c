"""Candor beside its peers, in one run: each row measures both in turn and prints medians and their ratio.

    CANDOR_BIN=build/release/bin python3 tests/bench/table.py [ROW …]

Needs nginx, wrk, nagios4-core, prometheus, prometheus-alertmanager and prometheus-blackbox-exporter of Debian. Everything is on loopback.
"""

import sys

import rows_alerts
import rows_page
import rows_probes
import rows_process

ROOMS = (rows_probes, rows_alerts, rows_page, rows_process)


def main():
    rows = {name.removeprefix("row_"): row for room in ROOMS for name, row in vars(room).items() if name.startswith("row_")}
    asked = sys.argv[1:] or list(rows)
    for name in asked:
        if name not in rows:
            sys.exit(f"there is no row {name}; there are {', '.join(rows)}")
        rows[name]()


if __name__ == "__main__":
    main()
