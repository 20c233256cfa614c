"""A VM's life as a user lives it, seen through Prometheus."""

import pytest

from cluster import create_instance_type
from kube_client import ApiError


def vm(project, name, **labels):
    """Returns the selector of one VM's series."""
    matchers = {"project": project.name, "vm_name": name, **labels}
    return "{" + ",".join(f'{key}="{value}"' for key, value in matchers.items()) + "}"


def value_one(result):
    """Holds when exactly one series matched and its value is 1."""
    return [value for _, value in result] == [1.0]


def test_created_vm_appears_with_workspace_project_cluster_and_name(project, prometheus):
    project.create_running_vm("web")
    expected = vm(project, "web", workspace="research", cluster="e2e", job="exporter")
    prometheus.wait_for(f"virt_vm_info{expected}", value_one)
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", status="Running", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_phase{vm(project, "web", phase="Running", job="exporter")}', value_one)


def test_only_the_current_status_and_phase_are_exposed(project, prometheus, exporter):
    project.create_running_vm("web")
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", status="Running", job="exporter")}', value_one)
    scrape = exporter.scrape()
    for family in ("virt_vm_status", "virt_vm_phase", "virt_vm_node_info", "virt_vm_heartbeat", "virt_vm_info"):
        found = scrape.find(family, project=project.name, vm_name="web")
        assert len(found) == 1 and found[0].value == 1, [one.line for one in found]


def test_vm_is_on_the_node_its_instance_runs_on(project, prometheus):
    project.create_running_vm("web")
    node = project.instance("web")["status"]["nodeName"]
    prometheus.wait_for(f'virt_vm_node_info{vm(project, "web", node=node, job="exporter")}', value_one)


def test_info_carries_uid_run_strategy_and_instance_type(project, prometheus, kube):
    create_instance_type(kube, "u1.testbed")
    created = project.create_vm("typed", instance_type="u1.testbed")
    project.wait_status("typed", "Running")
    expected = vm(project, "typed", uid=created["metadata"]["uid"], run_strategy="Always",
                  instance_type="u1.testbed", job="exporter")
    prometheus.wait_for(f"virt_vm_info{expected}", value_one)


def test_created_instant_is_the_objects(project, prometheus):
    project.create_running_vm("web")
    [(_, value)] = prometheus.wait_for(
        f'virt_vm_created_timestamp_seconds{vm(project, "web", job="exporter")}', lambda found: len(found) == 1)
    [(_, now)] = prometheus.query("vector(time())")
    assert 0 <= now - value < 120


def test_running_vm_has_the_series_operators_look_at_first(project, prometheus):
    project.create_running_vm("web")
    for family in ("virt_vm_ready", "virt_vm_live_migratable", "virt_vm_condition", "virt_vm_guest_info",
                   "virt_vm_interface_info", "virt_vm_disk_info", "virt_vm_memory_bytes",
                   "virt_vm_status_since_timestamp_seconds", "virt_vm_phase_transition_timestamp_seconds"):
        prometheus.wait_for(f'{family}{vm(project, "web", job="exporter")}')


def test_start_is_measured_stage_by_stage(project, prometheus):
    project.create_running_vm("web")
    stages = f'virt_vm_start_duration_seconds_count{{project="{project.name}",workspace="research",job="exporter"}} == 1'
    prometheus.wait_for(stages, lambda found: {"scheduled", "running"} <= {one["stage"] for one, _ in found})


def test_halted_vm_is_stopped_and_not_desired(project, prometheus):
    project.create_vm("spare", run_strategy="Halted")
    prometheus.wait_for(f'virt_vm_status{vm(project, "spare", status="Stopped", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_desired_running{vm(project, "spare", job="exporter")}',
                        lambda found: [value for _, value in found] == [0.0])
    assert not prometheus.query(f'virt_vm_phase{vm(project, "spare")}')


def test_webhook_refuses_a_wrong_vm_and_no_series_appears(project, prometheus, exporter):
    wrong = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
             "metadata": {"name": "wrong", "namespace": project.name},
             "spec": {"runStrategy": "Always", "template": {"spec": {
                 "domain": {"devices": {"disks": [{"name": "absent", "disk": {}}]}}}}}}
    with pytest.raises(ApiError, match="denied the request.*absent"):
        project.kube.create(wrong)
    assert not exporter.scrape().of_vm(project.name, "wrong")


def test_stop_and_start_through_the_subresource_are_followed(project, prometheus):
    project.create_running_vm("web")
    first = project.instance("web")["metadata"]["uid"]
    project.act("web", "stop")
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", status="Stopped", job="exporter")}', value_one)
    prometheus.wait_none(f'virt_vm_phase{vm(project, "web")}')
    prometheus.wait_none(f'virt_vm_node_info{vm(project, "web")}')
    project.act("web", "start")
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", status="Running", job="exporter")}', value_one)
    assert project.instance("web")["metadata"]["uid"] != first


def test_pause_and_unpause_are_followed_and_suspend_the_heartbeat(project, prometheus):
    project.create_running_vm("web")
    prometheus.wait_for(f'virt_vm_heartbeat{vm(project, "web", state="alive", job="exporter")}', value_one)
    project.act_on_instance("web", "pause")
    paused = f'virt_vm_paused{vm(project, "web", reason="PausedByUser", job="exporter")}'
    prometheus.wait_for(paused, value_one)
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", status="Paused", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_heartbeat{vm(project, "web", state="not_expected", job="exporter")}', value_one)
    project.act_on_instance("web", "unpause")
    prometheus.wait_none(paused + " == 1")
    prometheus.wait_for(f'virt_vm_heartbeat{vm(project, "web", state="alive", job="exporter")}', value_one)


def test_vanished_agent_is_a_lost_heartbeat(project, prometheus):
    project.create_running_vm("web", behavior="agent-lost")
    prometheus.wait_for(f'virt_vm_heartbeat{vm(project, "web", state="lost", job="exporter")}', value_one, 60.0)
    since = f'virt_vm_heartbeat_lost_since_timestamp_seconds{vm(project, "web", job="exporter")}'
    prometheus.wait_for(since, lambda found: len(found) == 1 and found[0][1] > 0)


def test_io_error_pauses_the_guest_and_loses_the_heartbeat(project, prometheus):
    project.create_vm("web", behavior="io-error")
    prometheus.wait_for(
        f'virt_vm_paused{vm(project, "web", reason="PausedIOError", job="exporter")}', value_one, 60.0)
    prometheus.wait_for(f'virt_vm_heartbeat{vm(project, "web", state="lost", job="exporter")}', value_one)


def test_crashing_vm_reads_crash_loop_and_counts_its_failures(project, prometheus):
    project.create_vm("web", behavior="crash")
    prometheus.wait_for(
        f'virt_vm_status{vm(project, "web", status="CrashLoopBackOff", job="exporter")}', value_one, 60.0)
    prometheus.wait_for(f'virt_vm_start_failures{vm(project, "web", job="exporter")} >= 1',
                        lambda found: len(found) == 1)


def test_hanging_start_stays_starting(project, prometheus):
    project.create_vm("web", behavior="start-hang")
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", status="Starting", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_desired_running{vm(project, "web", job="exporter")}', value_one)
    assert not prometheus.query(f'virt_vm_phase{vm(project, "web", phase="Running")}')


def test_instance_without_a_vm_goes_by_its_own_name(project, prometheus):
    project.create_orphan_instance("lonely")
    prometheus.wait_for(f'virt_vm_phase{vm(project, "lonely", phase="Running", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_node_info{vm(project, "lonely", job="exporter")}', value_one)
    project.kube.delete("VirtualMachineInstance", "lonely", project.name)
    prometheus.wait_none(f'{{project="{project.name}",vm_name="lonely"}}')


def test_deleted_vms_series_are_gone(project, prometheus, exporter):
    project.create_running_vm("web")
    project.create_running_vm("other")
    any_of_web = f'{{project="{project.name}",vm_name="web"}}'
    prometheus.wait_for(any_of_web)
    project.delete_vm("web")
    prometheus.wait_none(any_of_web)
    scrape = exporter.scrape()
    assert not scrape.of_vm(project.name, "web")
    assert scrape.of_vm(project.name, "other")
