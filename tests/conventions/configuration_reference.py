"""Holds docs/reference/configuration.md against what the program reads: the same tables, the same keys.

    configuration_reference.py --ctl BUILD/bin/candorctl
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "configuration.md"


def documented(text):
    """The keys that the page's tables list, by the table that their heading names."""
    found, table = {}, None
    for number, line in enumerate(text.splitlines(), 1):
        if heading := re.match(r"## (.*)", line):
            name = heading.group(1).strip("`[] ")
            table = found.setdefault("" if name == "top level" else name, {})
        elif table is not None and (row := re.match(r"\| ((?:`[a-z_]+` ?)+)\|", line)):
            table.update((key, number) for key in re.findall(r"`([a-z_]+)`", row.group(1)))
    return found


def differences(page, known):
    for table in sorted(set(page) | set(known)):
        for key in sorted(set(known.get(table, ())) - set(page.get(table, {}))):
            yield f"{PAGE.name}: `{key}` of {table or 'the top level'} is read by the program and not documented"
        for key in sorted(set(page.get(table, {})) - set(known.get(table, ()))):
            yield f"{PAGE.name}:{page[table][key]}: `{key}` of {table or 'the top level'} is documented and not read"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctl", required=True)
    keys = subprocess.run([parser.parse_args().ctl, "config", "keys", "--json"], check=True, capture_output=True).stdout
    known, text = json.loads(keys), PAGE.read_text()

    # The check itself must be able to fail, both ways.
    for planted in (text.replace("| `fall` |", "| `fell` |"), text.replace("## `[page]`", "## `[pages]`")):
        if not list(differences(documented(planted), known)):
            sys.exit("configuration_reference.py does not see a planted mistake: mend it first")

    found = list(differences(documented(text), known))
    print("\n".join(found) or f"{sum(map(len, known.values()))} keys of {len(known)} tables: documented as they are read")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
