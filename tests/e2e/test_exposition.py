"""The bytes of a scrape: formats, encodings, order, identity."""

import pytest

from exposition import IDENTITY, OPENMETRICS, TEXT, fetch
from processes import wait_until
from prometheus_server import promtool_complaints
from test_lifecycle import value_one, vm

# These tell how the exporter itself is doing, and may change on every scrape.
OWN_STATE = "virt_source_"
# Families summed over the VMs of a project have no vm_name.
PER_PROJECT = ("virt_vm_start_duration_seconds", "virt_migration_duration_seconds")


@pytest.fixture
def busy_project(project):
    """A project with a running VM, a stopped one and a volume."""
    project.create_running_vm("web")
    project.create_vm("spare", run_strategy="Halted")
    project.wait_status("spare", "Stopped")
    project.create_data_volume("image")
    project.kube.wait("DataVolume", "image", project.name, "Succeeded",
                      lambda one: one.get("status", {}).get("phase") == "Succeeded")
    return project


def settled_lines(scrape):
    """Returns the lines of a scrape that depend on the cluster alone."""
    return [line for line in scrape.body.splitlines() if OWN_STATE not in line]


def equal_pair(exporter, first: dict, second: dict):
    """Scrapes twice until nothing happened in between; the cluster is never quite still."""
    def probe():
        before, other, after = (exporter.scrape(**options) for options in (first, second, first))
        if settled_lines(before) != settled_lines(after):
            return None
        return before, other
    return wait_until("pair of scrapes with no event between them", probe)


def test_unchanged_series_keep_their_bytes_and_order(busy_project, exporter):
    def of_project(scrape):
        return [one.line for one in scrape.samples
                if one.labels.get("project") == busy_project.name and OWN_STATE not in one.name]
    wait_until("settled project", lambda: of_project(exporter.scrape()) == of_project(exporter.scrape()))
    first = of_project(exporter.scrape())
    busy_project.create_vm("zebra", run_strategy="Halted")
    busy_project.wait_status("zebra", "Stopped")
    wait_until("series of the new VM", lambda: exporter.scrape().of_vm(busy_project.name, "zebra"))
    second = [line for line in of_project(exporter.scrape()) if 'vm_name="zebra"' not in line]
    per_vm = [line for line in first if 'vm_name="' in line]
    assert [line for line in second if 'vm_name="' in line] == per_vm


def test_gzip_and_identity_bodies_are_equal(busy_project, exporter):
    plain, packed = equal_pair(exporter, {}, {"gzipped": True})
    assert settled_lines(plain) == settled_lines(packed)


def test_vm_series_begin_with_the_identity_labels(busy_project, exporter):
    for sample in exporter.scrape().samples:
        if not sample.name.startswith("virt_vm_") or sample.name.startswith(PER_PROJECT):
            continue
        assert tuple(sample.labels)[:len(IDENTITY)] == IDENTITY, sample.line


def test_promtool_finds_nothing_wrong(busy_project, exporter):
    assert promtool_complaints(exporter.scrape(accept=TEXT).body) == ""


def test_help_and_type_come_once_and_families_are_not_scattered(busy_project, exporter):
    names = [line.split()[2] for line in exporter.scrape().body.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names))
    order = []
    for line in exporter.scrape().body.splitlines():
        name = line.split()[2] if line.startswith("# ") else None
        if name and (not order or order[-1] != name):
            order.append(name)
    assert len(order) == len(set(order))


def test_openmetrics_is_negotiated_and_ended(busy_project, exporter):
    scrape = exporter.scrape(accept=OPENMETRICS)
    assert scrape.headers["Content-Type"].startswith("application/openmetrics-text")
    assert scrape.body.endswith("# EOF\n")
    assert "# UNIT virt_vm_created_timestamp_seconds seconds\n" in scrape.body
    text = exporter.scrape(accept=TEXT)
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "# EOF" not in text.body


def test_prometheus_takes_both_formats_and_finds_the_same_vms(busy_project, prometheus):
    for job in ("exporter", "exporter-text"):
        prometheus.wait_for(f'up{{job="{job}"}}', value_one)
        prometheus.wait_for(f'virt_vm_info{vm(busy_project, "web", job=job)}', value_one)
    difference = ('(virt_vm_info{job="exporter"} unless ignoring(job, instance) virt_vm_info{job="exporter-text"})'
                  ' or (virt_vm_info{job="exporter-text"} unless ignoring(job, instance) virt_vm_info{job="exporter"})')
    prometheus.wait_none(difference)


def test_telemetry_port_serves_the_programs_own_metrics(exporter):
    own = fetch(exporter.telemetry_url)
    assert any(one.name.startswith("virtlens_") for one in own.samples)
    assert not any(one.name.startswith("virtlens_") for one in exporter.scrape().samples)
