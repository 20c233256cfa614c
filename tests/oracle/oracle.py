#!/usr/bin/env python3
"""Judges a history of the exporter (oracle_history) on standard input.

After each step the page must hold exactly the series that the objects mean: none stale, missing,
doubled or different, no counter lower than it was. Exit code 1 and the first difference otherwise.
"""

import json
import sys

from cluster import FAMILIES, Cluster
from usage import SECOND


def family_of(line):
    return line[:line.index("{")] if "{" in line else ""


def split(line):
    series, _, value = line.rpartition(" ")
    return series, value


def differences(lines, expected):
    """What is wrong with the page, one line each."""
    problems = []
    got = dict(map(split, lines))
    want = dict(map(split, expected))
    if len(got) != len(lines):
        seen = set()
        problems += [f"doubled: {s}" for s, _ in map(split, lines) if s in seen or seen.add(s)]
    if len(want) != len(expected):
        problems.append("the oracle itself doubles a series")
    problems += [f"stale: {s} {v}" for s, v in got.items() if s not in want]
    problems += [f"missing: {s} {v}" for s, v in want.items() if s not in got]
    problems += [f"different: {s} {v}, expected {want[s]}" for s, v in got.items()
                 if s in want and v != want[s]]
    return problems


def apply(cluster, event):
    now, op = event["at"], event["op"]
    if op == "put":
        cluster.put(event["object"], now)
    elif op == "delete":
        cluster.delete(event["kind"], (event["namespace"], event["name"]), now)
    elif op == "list":
        cluster.list(event["kind"], event["objects"], now)
    elif op == "watch":
        cluster.set_watch(event["state"], now)
    elif op == "restart":
        cluster.restart(now)
    else:
        raise ValueError(f"unknown op {op}")


def went_back(cluster, readings):
    """Meters of a VM that are lower than they were; `readings` is what they were."""
    lower = []
    for key, account in cluster.usage.accounts.items():
        if not account.vm_uid:
            continue  # an instance without a VM: another may take its name
        before = readings.get((key, account.vm_uid))
        now = list(account.totals.values()) + [account.restarts]
        if before and any(was > is_now for was, is_now in zip(before, now)):
            lower.append(f"went back: {key}: {before} -> {now}")
        readings[key, account.vm_uid] = now
    return lower


def main():
    cluster, recent, readings = Cluster(), [], {}
    pages = series = compared = first = 0
    source = sys.stdin
    for text in source:
        event = json.loads(text)
        first = first or event["at"]
        if event["op"] != "page":
            apply(cluster, event)
            recent = recent[-5:] + [text.rstrip()[:1500]]
            continue
        pages += 1
        page = [source.readline().rstrip("\n") for _ in range(event["lines"])]
        lines = [line for line in page if line[0] != "#" and family_of(line) in FAMILIES]
        series += sum(1 for line in page if line[0] != "#")
        compared += len(lines)
        cluster.tick(event["at"])
        if cluster.usage.saved is None:
            readings.clear()  # nothing outlives a restart yet
        expected = cluster.page()
        problems = went_back(cluster, readings)
        if sorted(lines) != sorted(expected):
            problems += differences(lines, expected)
        if problems:
            print(f"page {pages}, at {event['at']}:", *problems[:20], sep="\n  ")
            print("after:", *recent, sep="\n  ")
            return 1
    hours = (event["at"] - first) / SECOND / 3600 if pages else 0
    print(f"oracle: {pages} pages over {hours:.1f} hours, {series} series, {compared} of them computed a second time, "
          "all the same")
    return 0 if pages else 1


if __name__ == "__main__":
    sys.exit(main())
