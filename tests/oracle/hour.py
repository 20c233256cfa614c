#!/usr/bin/env python3
"""Sums up an hour of a simulated cluster (oracle_hour, on standard input) from its event log, and
compares every meter of the page at its end, to the last digit. Exit code 1 and the differences
otherwise.

A third, still simpler computation: it knows nothing of instants to come, restarts or outages.
"""

import collections
import json
import sys
from datetime import datetime
from fractions import Fraction

from cluster import decimal

SECOND = 1_000_000
UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}
METERS = {"running": "running_seconds_total", "cores": "allocated_core_seconds_total",
          "memory": "allocated_memory_byte_seconds_total", "disk": "disk_byte_seconds_total",
          "planned": 'downtime_seconds_total{planned="true"}',
          "unplanned": 'downtime_seconds_total{planned="false"}'}
RESTARTS = "restarts_total"


def micros(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * SECOND


def size(text):
    return int(text[:-2]) * UNITS[text[-2:]]


class Instance:
    """A VMI: when it ran, when its end was told, and the size it had from when on."""

    def __init__(self, told):
        self.began = self.ended = self.end_told = None
        self.told = told
        self.sizes = []

    def see(self, at, status):
        for step in status.get("phaseTransitionTimestamps", []):
            if step["phase"] == "Running":
                self.began = micros(step["phaseTransitionTimestamp"])
            elif step["phase"] in ("Succeeded", "Failed"):
                self.ended = micros(step["phaseTransitionTimestamp"])
                self.end_told = self.end_told or at
        if self.began is not None:
            cpu = status["currentCPUTopology"]
            now = (cpu["sockets"] * cpu["cores"] * cpu["threads"],
                   size(status["memory"]["guestCurrent"]))
            if not self.sizes or self.sizes[-1][1] != now:
                self.sizes.append((at if self.sizes else self.began, now))


def area(steps, begin, end):
    """The integral of a value that changes at (instant, value), between two instants."""
    total = 0
    for (at, value), after in zip(steps, [at for at, _ in steps[1:]] + [end]):
        total += value * max(0, min(after, end) - max(at, begin))
    return total


class Hour:
    def __init__(self):
        self.begin = self.vms = None
        self.instances = collections.defaultdict(dict)  # VM -> uid -> Instance
        self.disks = collections.defaultdict(list)
        self.halted = collections.defaultdict(list)  # VM -> (at, 1 while it is)
        self.acts = collections.Counter()
        self.events = 0

    def see(self, at, obj):
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        status = obj.get("status", {})
        if obj["kind"] == "VirtualMachineInstance":
            self.instances[key].setdefault(obj["metadata"]["uid"], Instance(at)).see(at, status)
        elif obj["kind"] == "VirtualMachine":
            self.halted[key].append((at, int(obj["spec"]["runStrategy"] == "Halted")))
        elif obj["kind"] == "PersistentVolumeClaim":
            vm = (key[0], key[1].removesuffix("-root"))
            self.disks[vm].append((at, size(status["capacity"]["storage"])))

    def usage(self, vm, end):
        of_vm = dict.fromkeys(METERS, 0)
        for one in self.instances[vm].values():
            if one.began is None:
                continue
            begin, until = max(one.began, self.begin), min(one.ended or end, end)
            of_vm["running"] += max(0, until - begin)
            of_vm["cores"] += area([(at, s[0]) for at, s in one.sizes], begin, until)
            of_vm["memory"] += area([(at, s[1]) for at, s in one.sizes], begin, until)
        of_vm["disk"] = area(self.disks[vm], self.begin, end)
        of_vm["planned"] = end - self.begin - of_vm["running"]  # nobody let one crash
        return of_vm


    def restarts(self, vm):
        """Instances after another one, with no moment between in which the VM was halted."""
        of_vm = list(self.instances[vm].values())
        return sum(1 for one, following in zip(of_vm, of_vm[1:])
                   if not area(self.halted[vm], one.end_told, following.told + 1))


def read(source):
    hour, page = Hour(), []
    for text in source:
        event = json.loads(text)
        at, op = event["at"], event["op"]
        if op == "restart":
            hour.begin = at
        elif op == "list":
            for obj in event["objects"]:
                hour.see(at, obj)
            if event["kind"] == "VirtualMachine":
                hour.vms = [(o["metadata"]["namespace"], o["metadata"]["name"])
                            for o in event["objects"]]
        elif op == "put":
            hour.events += 1
            hour.see(at, event["object"])
        elif op == "act":
            hour.acts[event["act"]] += 1
        elif op == "page":
            page = [source.readline().rstrip("\n") for _ in range(event["lines"])]
    return hour, page


def readings(page):
    """(project, VM or None, meter) -> exact value."""
    found = {}
    for line in page:
        family, _, rest = line.partition("{")
        for subject in ("vm", "project"):
            prefix = f"virt_{subject}_"
            if not family.startswith(prefix) or line[0] == "#":
                continue
            labels, _, value = rest.rpartition("} ")
            of = dict(pair.split("=", 1) for pair in labels.split(","))
            name = family.removeprefix(prefix)
            if "planned" in of:
                name += f"{{planned={of['planned']}}}"
            if name in METERS.values() or name == RESTARTS:
                vm = of["vm_name"].strip('"') if subject == "vm" else None
                found[of["project"].strip('"'), vm, name] = Fraction(value)
    return found


def judge(hour, page):
    """What is wrong, one line each, and the sums."""
    end = hour.begin + 3600 * SECOND
    got = readings(page)
    sums = dict.fromkeys(METERS, 0)
    by_project = collections.Counter()
    problems = []

    def compare(project, vm, meter, amount):
        told = got.pop((project, vm, METERS[meter]), None)
        exact = Fraction(amount, SECOND)
        if told != exact:
            problems.append(f"{project}/{vm or '*'} {METERS[meter]}: {told}, the log says {exact}")

    for vm in hour.vms:
        for meter, amount in hour.usage(vm, end).items():
            compare(*vm, meter, amount)
            sums[meter] += amount
            by_project[vm[0], meter] += amount
        restarts = got.pop((*vm, RESTARTS), None)
        if restarts != hour.restarts(vm):
            problems.append(f"{vm}: {restarts} restarts, the log says {hour.restarts(vm)}")
    for (project, meter), amount in by_project.items():
        compare(project, None, meter, amount)
    problems += [f"of nothing in the log: {key}" for key in got]
    problems += [line for line in page if line.startswith("virt_vm_crashes_total{")]
    return problems, sums


def main():
    hour, page = read(sys.stdin)
    problems, sums = judge(hour, page)
    if sum(hour.acts.values()) != 1000:
        problems.append(f"not 1,000 acts: {dict(hour.acts)}")
    if problems:
        print(*problems[:20], sep="\n")
        return 1
    acts = ", ".join(f"{n} {act}" for act, n in sorted(hour.acts.items()))
    print(f"hour: 1000 acts ({acts}), {hour.events} events, {len(hour.vms)} VMs, "
          f"{sum(len(i) for i in hour.instances.values())} instances, "
          f"{sum(map(hour.restarts, hour.vms))} restarts; every meter as the log says: "
          + ", ".join(f"{METERS[meter]} {decimal(amount, 6)}" for meter, amount in sums.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
