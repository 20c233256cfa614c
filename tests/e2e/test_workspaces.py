"""The workspace of a series is its Namespace's, now."""

from cluster import WORKSPACE_LABEL, Project
from processes import wait_until
from test_lifecycle import value_one, vm


def workspaces(scrape, project):
    """Returns the workspaces under which a project's series stand in one scrape."""
    return {one.labels["workspace"] for one in scrape.samples
            if one.labels.get("project") == project.name and "workspace" in one.labels}


def test_relabelled_namespace_moves_all_series_in_one_scrape(project, exporter, prometheus):
    project.create_running_vm("web")
    project.create_vm("spare", run_strategy="Halted")
    project.wait_status("spare", "Stopped")
    project.create_data_volume("image")
    wait_until("series of the project", lambda: workspaces(exporter.scrape(), project) == {"research"})
    project.move_to_workspace("teaching")
    def moved():
        seen = workspaces(exporter.scrape(), project)
        assert len(seen) == 1, f"series of two workspaces in one scrape: {seen}"
        return seen == {"teaching"}
    wait_until("series in the new workspace", moved)
    prometheus.wait_for(f'virt_vm_info{vm(project, "web", workspace="teaching", job="exporter")}', value_one)
    prometheus.wait_none(f'virt_vm_info{vm(project, "web", workspace="research")}')


def test_namespace_without_workspace_gives_an_empty_label(kube, exporter, prometheus):
    project = Project(kube, "no-workspace", None)
    project.create_vm("spare", run_strategy="Halted")
    found = wait_until("series of the VM", lambda: exporter.scrape().find(
        "virt_vm_info", project="no-workspace", vm_name="spare"))
    assert found[0].labels["workspace"] == ""


def test_workspace_label_taken_away_empties_the_label(project, kube, exporter, prometheus):
    project.create_vm("spare", run_strategy="Halted")
    wait_until("series of the project", lambda: workspaces(exporter.scrape(), project) == {"research"})
    kube.patch("Namespace", project.name, {"metadata": {"labels": {WORKSPACE_LABEL: None}}})
    wait_until("empty workspace", lambda: workspaces(exporter.scrape(), project) == {""})


def test_same_name_in_two_projects_are_two_vms(project, kube, exporter, prometheus):
    other = Project(kube, project.name + "-b", "teaching")
    project.create_running_vm("web")
    other.create_vm("web", run_strategy="Halted")
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", workspace="research", status="Running", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_status{vm(other, "web", workspace="teaching", status="Stopped", job="exporter")}', value_one)
