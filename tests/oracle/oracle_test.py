"""The oracle must be able to say no."""

import io
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import hour  # noqa: E402
import live  # noqa: E402
import oracle  # noqa: E402
from cluster import Cluster, decimal  # noqa: E402
from usage import SECOND, Steps  # noqa: E402

PAGE = ['a{x="1"} 1', 'a{x="2"} 5']


class Differences(unittest.TestCase):
    def test_same_lines_in_any_order_are_right(self):
        self.assertEqual(oracle.differences(PAGE, PAGE[::-1]), [])

    def test_stale(self):
        self.assertEqual(oracle.differences(PAGE + ['b{} 1'], PAGE), ["stale: b{} 1"])

    def test_missing(self):
        self.assertEqual(oracle.differences(PAGE[:1], PAGE), ['missing: a{x="2"} 5'])

    def test_doubled(self):
        self.assertEqual(oracle.differences(PAGE + PAGE[:1], PAGE), ['doubled: a{x="1"}'])

    def test_different(self):
        self.assertEqual(oracle.differences(PAGE[:1] + ['a{x="2"} 6'], PAGE),
                         ['different: a{x="2"} 6, expected 5'])


class Arithmetic(unittest.TestCase):
    def test_decimals_keep_every_digit(self):
        self.assertEqual(decimal(1_500_000, 6), "1.5")
        self.assertEqual(decimal(10 ** 30 + 7, 9), "1000000000000000000000.000000007")

    def test_steps_sum_each_stretch(self):
        steps = Steps(0, 1)
        steps.set(10, 2)
        self.assertEqual(steps.settle(15), [(1, 10), (2, 5)])

    def test_a_minute_of_two_cores(self):
        cluster = Cluster()
        start = 1_700_000_010 * SECOND  # a multiple of 15 s
        cluster.restart(start)
        cluster.set_watch("current", start)
        at = "2023-11-14T22:13:30Z"
        meta = {"namespace": "web", "name": "shop", "creationTimestamp": at}
        domain = {"cpu": {"cores": 2}, "memory": {"guest": "1Gi"}}
        cluster.put({"kind": "VirtualMachine", "metadata": {**meta, "uid": "v"},
                     "spec": {"runStrategy": "Always",
                              "template": {"spec": {"domain": domain, "volumes": []}}}}, start)
        cluster.put({"kind": "VirtualMachineInstance", "metadata": {**meta, "uid": "i"},
                     "spec": {"domain": domain},
                     "status": {"phase": "Running", "phaseTransitionTimestamps": [
                         {"phase": "Running", "phaseTransitionTimestamp": at}]}}, start)
        cluster.usage.tick(start + 65 * SECOND)
        series = 'virt_vm_allocated_core_seconds_total{workspace="",project="web",cluster="c1",'
        self.assertIn(series + 'vm_name="shop"} 120', cluster.page())


class Heartbeats(unittest.TestCase):
    NOW = 1_700_000_010 * SECOND

    def setUp(self):
        self.cluster = Cluster()
        self.cluster.restart(self.NOW)
        self.cluster.set_watch("current", self.NOW)

    def instance(self, now, *conditions):
        self.cluster.put({
            "kind": "VirtualMachineInstance",
            "metadata": {"namespace": "web", "name": "shop", "uid": "i",
                         "creationTimestamp": "2023-11-14T22:13:30Z"},
            "spec": {"domain": {"cpu": {"cores": 1}, "memory": {"guest": "1Gi"}}},
            "status": {"phase": "Running", "nodeName": "n1", "conditions": list(conditions)}}, now)

    def test_an_agent_that_goes_is_lost_since_it_was_missed(self):
        key = ("web", "shop")
        self.instance(self.NOW)
        self.assertEqual(self.cluster.observed.heartbeats[key],
                         ("not_expected", "agent_never_seen", 0))
        self.instance(self.NOW, {"type": "AgentConnected", "status": "True"})
        self.assertEqual(self.cluster.observed.heartbeats[key], ("alive", "agent_connected", 0))
        self.instance(self.NOW + SECOND)
        self.instance(self.NOW + 2 * SECOND)
        self.assertEqual(self.cluster.observed.heartbeats[key],
                         ("lost", "agent_disconnected", self.NOW + SECOND))

    def test_a_silent_node_loses_its_guests_after_300_s(self):
        self.cluster.put({"kind": "Node", "metadata": {"name": "n1", "annotations": {
            "kubevirt.io/heartbeat": "2023-11-14T22:13:30Z"}}}, self.NOW)
        self.instance(self.NOW)
        self.cluster.tick(self.NOW + 300 * SECOND)
        self.assertEqual(self.cluster.observed.heartbeats["web", "shop"][0], "not_expected")
        self.cluster.tick(self.NOW + 300 * SECOND + 1)
        self.assertEqual(self.cluster.observed.heartbeats["web", "shop"],
                         ("lost", "node_heartbeat_stale", self.NOW + 300 * SECOND))


class LiveCounters(unittest.TestCase):
    def judged(self, *pages):
        cluster, counters, problems = Cluster(), live.Counters(), []
        cluster.put({"kind": "VirtualMachine",
                     "metadata": {"namespace": "web", "name": "shop", "uid": "v",
                                  "creationTimestamp": "2023-11-14T22:13:30Z"},
                     "spec": {"runStrategy": "Halted", "template": {"spec": {
                         "domain": {"cpu": {"cores": 1}, "memory": {"guest": "1Gi"}},
                         "volumes": []}}}}, 0)
        for down, of_project in pages:
            page = [f'virt_vm_downtime_seconds_total{{project="web",vm_name="shop"}} {down}',
                    f'virt_project_downtime_seconds_total{{project="web"}} {of_project}']
            problems += counters.judge(cluster, page, (1_700_000_010 + 60) * SECOND)
        return problems

    def test_a_counter_may_stand_still_and_rise(self):
        self.assertEqual(self.judged((15, 15), (15, 15), (60, 75)), [])

    def test_a_counter_must_not_go_back(self):
        self.assertEqual(self.judged((30, 30), (15, 30)),
                         ["went back: web/shop downtime_seconds: 30 -> 15"])

    def test_nothing_is_down_for_longer_than_it_lives(self):
        self.assertEqual(self.judged((62, 62)),
                         ["longer than it lives: ('web', 'shop'): down 62000000, ran 0"])

    def test_a_project_has_at_least_what_its_vms_have(self):
        self.assertEqual(self.judged((15, 14)), ["less than its VMs: web downtime_seconds"])


class Hours(unittest.TestCase):
    VM = 'workspace="",project="web",cluster="c1",vm_name="shop"'
    PROJECT = 'workspace="",project="web",cluster="c1"'

    def judged(self, cores):
        """Of a VM that ran the last half hour, with 2 cores and then with 4."""
        start, at = 1_700_000_010 * SECOND, "2023-11-14T22:43:30Z"
        meta = {"namespace": "web", "name": "shop", "uid": "u"}

        def instance(minute, count):
            return {"op": "put", "at": start + minute * 60 * SECOND, "object": {
                "kind": "VirtualMachineInstance", "metadata": meta, "status": {
                    "phaseTransitionTimestamps": [
                        {"phase": "Running", "phaseTransitionTimestamp": at}],
                    "currentCPUTopology": {"sockets": count, "cores": 1, "threads": 1},
                    "memory": {"guestCurrent": "1Gi"}}}}

        amounts = {"running": 1800, "cores": cores, "memory": 1800 << 30, "disk": 0,
                   "planned": 1800, "unplanned": 0}
        page = []
        for subject, identity in (("vm", self.VM), ("project", self.PROJECT)):
            for meter, amount in amounts.items():
                name, _, label = hour.METERS[meter].rstrip("}").partition("{")
                more = "," + label if label else ""
                page.append(f"virt_{subject}_{name}{{{identity}{more}}} {amount}")
        page.append(f"virt_vm_restarts_total{{{self.VM}}} 0")
        log = [{"op": "restart", "at": start},
               {"op": "list", "at": start, "kind": "VirtualMachine",
                "objects": [{"kind": "VirtualMachine", "metadata": meta,
                             "spec": {"runStrategy": "Always"}}]},
               instance(30, 2), instance(45, 4), {"op": "page", "at": start, "lines": len(page)}]
        text = "\n".join([json.dumps(line) for line in log] + page) + "\n"
        return hour.judge(*hour.read(io.StringIO(text)))[0]

    def test_a_half_hour_to_the_last_digit(self):
        self.assertEqual(self.judged(15 * 60 * 6), [])
        self.assertEqual(self.judged("5400.000000001"),
                         ["web/shop allocated_core_seconds_total: 5400000000001/1000000000, "
                          "the log says 5400",
                          "web/* allocated_core_seconds_total: 5400000000001/1000000000, "
                          "the log says 5400"])


if __name__ == "__main__":
    unittest.main()
