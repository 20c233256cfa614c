"""Live migrations through the real virt-controller."""

from test_lifecycle import value_one, vm


def migrations(project, name, result):
    """Returns the query that counts a VM's ended migrations."""
    return f'sum(virt_vm_migrations_total{vm(project, name, result=result, job="exporter")})'


def counted(number):
    """Returns the check that a sum is the given number."""
    return lambda found: [value for _, value in found] == [float(number)]


def prepare(project, name, **options):
    """Runs a VM that may migrate and returns the node it starts from."""
    project.create_running_vm(name, **options)
    project.wait_live_migratable(name)
    return project.instance(name)["status"]["nodeName"]


def test_successful_migration_is_counted_and_moves_the_vm(project, prometheus):
    source = prepare(project, "web")
    prometheus.wait_for(f'virt_vm_node_info{vm(project, "web", node=source, job="exporter")}', value_one)
    project.start_migration("move", "web")
    status = project.wait_migration_end("move")
    assert status["phase"] == "Succeeded", status
    # virt-controller may copy the instance's migration state after it has set the phase.
    moved = project.kube.wait("VirtualMachineInstanceMigration", "move", project.name, "target node",
                              lambda one: one["status"].get("migrationState", {}).get("targetNode"))
    target = moved["status"]["migrationState"]["targetNode"]
    assert target != source
    prometheus.wait_for(migrations(project, "web", "succeeded"), counted(1))
    prometheus.wait_for(f'virt_vm_node_info{vm(project, "web", node=target, job="exporter")}', value_one)
    prometheus.wait_none(f'virt_vm_node_info{vm(project, "web", node=source)}')
    prometheus.wait_for(f'virt_migration_phase{vm(project, "web", migration="move", phase="Succeeded", job="exporter")}', value_one)
    info = vm(project, "web", migration="move", source_node=source, target_node=target, job="exporter")
    prometheus.wait_for(f"virt_migration_info{info}", value_one)


def test_migrations_instants_are_in_order(project, prometheus):
    prepare(project, "web")
    project.start_migration("move", "web")
    project.wait_migration_end("move")
    selector = vm(project, "web", migration="move", job="exporter")
    prometheus.wait_for(f"virt_migration_end_timestamp_seconds{selector} >= virt_migration_start_timestamp_seconds",
                        lambda found: len(found) == 1)


def test_failed_migration_is_counted_with_a_reason_and_the_vm_stays(project, prometheus):
    source = prepare(project, "web", behavior="migrate-fail")
    project.start_migration("move", "web", behavior="migrate-fail")
    status = project.wait_migration_end("move")
    assert status["phase"] == "Failed", status
    prometheus.wait_for(migrations(project, "web", "failed"), counted(1))
    assert all(labels["reason"] for labels, _ in prometheus.query(
        f'virt_vm_migrations_total{vm(project, "web", result="failed", job="exporter")}'))
    prometheus.wait_for(f'virt_migration_phase{vm(project, "web", migration="move", phase="Failed", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_node_info{vm(project, "web", node=source, job="exporter")}', value_one)
    assert not prometheus.query(migrations(project, "web", "succeeded") + " > 0")


def test_hanging_migration_is_neither_failed_nor_succeeded(project, prometheus):
    prepare(project, "web", behavior="migrate-hang")
    project.start_migration("move", "web", behavior="migrate-hang")
    prometheus.wait_for(f'virt_migration_phase{vm(project, "web", migration="move", phase="Running", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_status{vm(project, "web", status="Migrating", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_heartbeat{vm(project, "web", state="not_expected", job="exporter")}', value_one)
    assert not prometheus.query(f'virt_vm_migrations_total{vm(project, "web")} > 0')


def test_count_outlives_the_migration_object(project, prometheus):
    prepare(project, "web")
    project.start_migration("move", "web")
    project.wait_migration_end("move")
    prometheus.wait_for(migrations(project, "web", "succeeded"), counted(1))
    project.kube.delete("VirtualMachineInstanceMigration", "move", project.name)
    prometheus.wait_none(f'virt_migration_phase{vm(project, "web")}')
    prometheus.wait_for(migrations(project, "web", "succeeded"), counted(1))


def test_a_migration_that_loses_its_target_pod_says_so(project, prometheus):
    prepare(project, "web", behavior="migrate-hang")
    project.start_migration("move", "web", behavior="migrate-hang")
    prometheus.wait_for(f'virt_migration_phase{vm(project, "web", migration="move", phase="Running", job="exporter")}', value_one)
    prometheus.wait_for(f'virt_vm_pod_info{vm(project, "web", job="exporter")}', lambda found: len(found) == 2)
    [target] = [pod for pod in project.kube.list("Pod", project.name, labels="kubevirt.io=virt-launcher")
                if "kubevirt.io/migrationJobUID" in pod["metadata"]["labels"]]
    project.kube.delete("Pod", target["metadata"]["name"], project.name)
    assert project.wait_migration_end("move")["phase"] == "Failed"
    prometheus.wait_for('virt_source_objects{resource="events",job="exporter"} >= 1')
    prometheus.wait_for(f'virt_vm_migrations_total{vm(project, "web", result="failed", reason="target_pod", job="exporter")}',
                        value_one)
