"""DataVolumes and claims through the real cdi-controller."""

from test_lifecycle import value_one, vm


def volume(project, name, owner="", **labels):
    """Returns the selector of one DataVolume's series."""
    return vm(project, owner, workspace="research", cluster="e2e", datavolume=name, job="exporter", **labels)


def test_imported_volume_succeeds_and_belongs_to_no_vm(project, prometheus):
    project.create_data_volume("image")
    prometheus.wait_for(f'virt_datavolume_phase{volume(project, "image", phase="Succeeded")}', value_one)
    prometheus.wait_for(f'virt_datavolume_info{volume(project, "image", source="http")}', value_one)
    prometheus.wait_for(f'virt_datavolume_progress_ratio{volume(project, "image")}', value_one)


def test_volume_of_a_vm_goes_by_the_vms_name(project, prometheus):
    project.create_running_vm("database", disk_size="2Gi")
    prometheus.wait_for(
        f'virt_datavolume_phase{volume(project, "database-root", "database", phase="Succeeded")}', value_one)
    size = f'virt_vm_disk_size_bytes{vm(project, "database", persistentvolumeclaim="database-root", job="exporter")}'
    prometheus.wait_for(size, lambda found: [value for _, value in found] == [float(2 << 30)])


def test_failing_import_shows_its_restarts_and_never_succeeds(project, prometheus):
    project.create_data_volume("image", behavior="import-fail")
    prometheus.wait_for(f'virt_datavolume_restarts_total{volume(project, "image")} >= 1',
                        lambda found: len(found) == 1, 60.0)
    assert not prometheus.query(f'virt_datavolume_phase{volume(project, "image", phase="Succeeded")}')


def test_stalled_import_stays_in_progress(project, prometheus):
    project.create_data_volume("image", behavior="import-stall")
    prometheus.wait_for(f'virt_datavolume_phase{volume(project, "image", phase="ImportInProgress")}', value_one)
    since = f'virt_datavolume_phase_since_timestamp_seconds{volume(project, "image")}'
    prometheus.wait_for(since, lambda found: len(found) == 1 and found[0][1] > 0)


def test_deleted_volumes_series_are_gone(project, prometheus):
    project.create_data_volume("image")
    of_image = f'{{project="{project.name}",datavolume="image"}}'
    prometheus.wait_for(of_image)
    project.kube.delete("DataVolume", "image", project.name)
    prometheus.wait_none(of_image)
