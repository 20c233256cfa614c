#!/usr/bin/env python3
"""Judges a history of a real exporter on a real API server (oracle_live) on standard input.

When the exporter has caught up, its page must hold exactly the series that the API's objects mean.
When the exporter saw something is not known, so counters are judged by what must hold in any case:
they never go back, not even across a restart; no VM has run or been down for longer than there was
time; a project has at least what its VMs have. Exit code 1 and the first problems otherwise.
"""

import json
import sys
from fractions import Fraction

from cluster import STATE_FAMILIES, VM, VMI, Cluster
from oracle import differences, family_of, split
from usage import SECOND, no_usage

VM_METERS = ("running_seconds", "allocated_core_seconds", "allocated_memory_byte_seconds",
             "disk_byte_seconds", "downtime_seconds")
LIFE = ("downtime_seconds", "running_seconds")


def labels_of(series):
    return {name: text.strip('"') for name, _, text in (
        pair.partition("=") for pair in series[series.index("{") + 1:-1].split(","))}


def readings(page):
    """(project, VM or "", meter) -> value; downtime of both kinds together."""
    found = {}
    for line in page:
        family = family_of(line)
        for subject in ("vm", "project"):
            meter = family.removeprefix(f"virt_{subject}_").removesuffix("_total")
            if meter not in VM_METERS or not family.startswith(f"virt_{subject}_"):
                continue
            series, value = split(line)
            labels = labels_of(series)
            key = labels["project"], labels.get("vm_name", ""), meter
            found[key] = found.get(key, 0) + Fraction(value)
    return found


class Counters:
    """What counters have read, by the UID of the VM, or the name of the project."""

    def __init__(self):
        self.before = {}
        self.oldest = {}  # by VM, the creation of the first instance of its name

    def judge(self, cluster, page, now):
        names = cluster.names()
        uids = {(key[0], names[key]): vm.uid for key, vm in cluster.objects[VM].items()}
        now_read, problems, sums = {}, [], {}
        for (project, vm, meter), value in readings(page).items():
            if vm and (project, vm) not in uids:
                continue  # an instance without a VM: another may take its name
            who = uids.get((project, vm), project)
            now_read[who, meter] = value
            if vm:
                sums[project, meter] = sums.get((project, meter), 0) + value
            before = self.before.get((who, meter), 0)
            if value < before:
                problems.append(f"went back: {project}/{vm} {meter}: {before} -> {value}")
        for key, vmi in cluster.objects[VMI].items():
            self.oldest[key] = min(vmi.created, self.oldest.get(key, vmi.created))
        for key, vm in cluster.objects[VM].items():
            down, ran = (now_read.get((vm.uid, meter), 0) * SECOND for meter in LIFE)
            oldest = min(vm.created, self.oldest.get(key, vm.created))
            if down > now - vm.created + SECOND or down + ran > now - oldest + SECOND:
                problems.append(f"longer than it lives: {key}: down {down}, ran {ran}")
        for (project, meter), value in sums.items():
            if now_read.get((project, meter), 0) < value:
                problems.append(f"less than its VMs: {project} {meter}")
        self.before = now_read
        return problems


def expected_of(cluster, page):
    # A project with usage of VMs that are gone is shown; which, only its counters know.
    for (project, vm, _), value in readings(page).items():
        if not vm and value:
            cluster.usage.projects[project] = {**no_usage(), "running": 1}
    lines = cluster.page()
    cluster.usage.projects.clear()
    return [line for line in lines if family_of(line) in STATE_FAMILIES]


def main():
    cluster, counters, step = Cluster(), Counters(), {}
    pages = compared = restarts = troubles = first = 0
    for text in sys.stdin:
        event = json.loads(text)
        first = first or event["at"]
        if event["op"] == "restart":
            restarts += 1
        elif event["op"] == "step":
            step = event
            troubles += len(event["what"])
        elif event["op"] == "list":
            cluster.list(event["kind"], event["objects"], event["at"])
        if event["op"] != "page":
            continue
        pages += 1
        page = [sys.stdin.readline().rstrip("\n") for _ in range(event["lines"])]
        lines = [line for line in page if family_of(line) in STATE_FAMILIES]
        compared += len(lines)
        problems = counters.judge(cluster, page, event["at"])
        expected = expected_of(cluster, page)
        if sorted(lines) != sorted(expected):
            problems += differences(lines, expected)
        if problems:
            print(f"page {pages}, at {event['at']}, {step}:", *problems[:20], sep="\n  ")
            return 1
    if pages:
        minutes = (event["at"] - first) / SECOND / 60
        print(f"live: {pages} pages over {minutes:.0f} minutes of the exporter's time, "
              f"{restarts} starts of the exporter, {troubles} troubles; {compared} series computed "
              "a second time, all the same")
    return 0 if pages else 1


if __name__ == "__main__":
    sys.exit(main())
