"""What a project may use and what its VMs take of it, as the real API server counts; its labels."""

from conftest import running_exporter
from processes import wait_until
from test_lifecycle import vm
from user_kinds import UserKind

HARD = {"pods": "10", "requests.cpu": "20", "requests.memory": "64Gi",
        "count/virtualmachines.kubevirt.io": "5", "requests.storage": "100Gi",
        "persistentvolumeclaims": "8"}


def create_quota(project, name):
    """A quota that is enforced at once; kube-controller-manager, which is not here, would set its status."""
    project.kube.create({"apiVersion": "v1", "kind": "ResourceQuota",
                         "metadata": {"name": name, "namespace": project.name}, "spec": {"hard": HARD}})
    project.kube.patch("ResourceQuota", name, {"status": {"hard": HARD, "used": dict.fromkeys(HARD, "0")}},
                       project.name, "status")


def amounts(exporter, project, kind):
    """Returns hard, used or vms by resource."""
    return {one.labels["resource"]: one.value for one in exporter.scrape().find(
        "virt_project_quota", project=project.name, type=kind)}


def test_the_vms_share_is_what_the_api_server_counts_where_there_are_only_vms(project, exporter):
    create_quota(project, "all")
    wait_until("quota", lambda: amounts(exporter, project, "hard").get("pods") == 10)
    project.create_running_vm("web", disk_size="1Gi")
    project.create_running_vm("mail")

    def agreed():
        used, vms = amounts(exporter, project, "used"), amounts(exporter, project, "vms")
        # The claim that CDI fills first is a prime of its own; it goes when the import is done.
        return used.get("pods") == 2 and used == vms
    wait_until("used equals the VMs' share", agreed, timeout=60)
    vms = amounts(exporter, project, "vms")
    assert set(vms) == set(HARD)
    assert vms["count/virtualmachines.kubevirt.io"] == 2 and vms["requests.memory"] > 2 * 2**20


def test_a_vms_pod_is_known_by_its_name(project, prometheus):
    project.create_running_vm("web")
    [pod] = project.kube.list("Pod", project.name, labels="kubevirt.io=virt-launcher")
    expected = vm(project, "web", pod=pod["metadata"]["name"], node=pod["spec"]["nodeName"],
                  uid=pod["metadata"]["uid"], job="exporter")
    prometheus.wait_for(f"virt_vm_pod_info{expected}", lambda found: len(found) == 1)
    project.delete_vm("web")
    prometheus.wait_none(f'virt_vm_pod_info{vm(project, "web")}')


def test_snapshots_of_claims_add_up(project, exporter, kube):
    kind = UserKind(kube, "snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot")
    project.create_vm("web", run_strategy="Halted", disk_size="1Gi")
    kind.create(project.name, "nightly", {"source": {"persistentVolumeClaimName": "web-root"}},
                {"readyToUse": True, "restoreSize": "3Gi"})
    wait_until("snapshot of the VM", lambda: exporter.scrape().find(
        "virt_volumesnapshot_size_bytes", project=project.name, vm_name="web"))

    def total():
        [one] = exporter.scrape().find("virt_project_snapshot_size_bytes", project=project.name)
        return one.value
    assert total() == 3 * 2**30
    kind.delete(project.name, "nightly")
    wait_until("nothing left", lambda: total() == 0)


def test_labels_stand_on_every_series_of_a_vm_when_that_is_wanted(project, plane, tmp_path):
    project.create_vm("web", run_strategy="Halted")
    project.kube.patch("VirtualMachine", "web", {"metadata": {"labels": {"team": "red"}}}, project.name)
    project.kube.patch("Namespace", project.name, {"metadata": {"annotations": {"contact": "a@b"}}})
    with running_exporter(plane, tmp_path, "--vm-labels", "team", "--namespace-annotations", "contact",
                          "--labels-on-every-series") as exporter:
        def of_vm():
            return exporter.scrape().of_vm(project.name, "web")
        wanted = {"label_team": "red", "namespace_annotation_contact": "a@b"}
        wait_until("labelled series", lambda: of_vm() and all(
            wanted.items() <= one.labels.items() for one in of_vm()))
        project.kube.patch("VirtualMachine", "web", {"metadata": {"labels": {"team": "blue"}}}, project.name)
        wanted["label_team"] = "blue"
        wait_until("relabelled series", lambda: all(wanted.items() <= one.labels.items() for one in of_vm()))


def test_what_is_left_out_is_not_waited_for(project, plane, tmp_path):
    project.create_vm("web", run_strategy="Halted")
    with running_exporter(plane, tmp_path, "--without", "pods,events") as exporter:
        wait_until("VM", lambda: exporter.scrape().of_vm(project.name, "web"))
        scrape = exporter.scrape()
        assert not scrape.find("virt_source_up", resource="pods")
        assert scrape.find("virt_source_up", resource="resourcequotas")
