// The kinds that every exporter knows.
//
// Sources: the seeds of the user APIs (KubeSphere's proposal, Wukong, Viti Stack) and the CRDs of
// KubeVirt v1.9. A kind of which two shapes exist lists the paths of both.
#include "exporter/rows/kind_spec.h"

namespace virtlens::exporter {
namespace {

using enum Field;
using Words = std::vector<std::string>;

// What controllers of VMs write as phase, with KubeVirt's printableStatus, which some copy.
const Words vm_phases = {"Pending",
                         "Creating",
                         "Provisioning",
                         "Scheduling",
                         "Starting",
                         "Running",
                         "Paused",
                         "Migrating",
                         "Updating",
                         "Stopping",
                         "Stopped",
                         "Restarting",
                         "Deleting",
                         "Terminating",
                         "Succeeded",
                         "Failed",
                         "Error",
                         "CrashLoopBackOff",
                         "ErrorUnschedulable",
                         "ErrImagePull",
                         "ImagePullBackOff",
                         "ErrorPvcNotFound",
                         "DataVolumeError",
                         "WaitingForVolumeBinding",
                         "WaitingForReceiver",
                         "Unknown"};
const Words storage_phases = {"Pending",   "Creating", "Provisioning", "Importing", "Cloning",
                              "Uploading", "Bound",    "Available",    "Ready",     "InUse",
                              "Expanding", "Resizing", "Deleting",     "Succeeded", "Failed",
                              "Error",     "Lost",     "Unknown"};
const Words snapshot_phases = {"Pending", "InProgress", "Succeeded", "Ready",
                               "Failed",  "Deleting",   "Unknown"};
const Words plain_phases = {"Pending", "Active", "Available", "Ready",
                            "Failed",  "Error",  "Deleting"};

const Words vm_conditions = {"Ready",          "PowerOperation",
                             "Migration",      "DisksReady",
                             "NetworksReady",  "NetworksConfigured",
                             "VolumesBound",   "VirtualMachineReady",
                             "StorageReady",   "NetworkReady",
                             "Available",      "Progressing",
                             "Degraded",       "Failure",
                             "Paused",         "AgentConnected",
                             "LiveMigratable", "RestartRequired"};
const Words plain_conditions = {"Ready",      "Bound",    "Available",   "Provisioned",
                                "Imported",   "Resizing", "Progressing", "Degraded",
                                "Configured", "Synced",   "Failure"};
const Words protection_conditions = {"Ready", "Progressing", "Failure"};
const Words failures = {"Failed", "Error", "Failure", "Lost"};

const char* const user_group = "virtualization.kubesphere.io";
const char* const proposal_group = "virtualmachine.kubesphere.io";

KindSpec Kind(std::string group, Words versions, std::string plural, std::string kind) {
  KindSpec spec;
  spec.group = std::move(group);
  spec.versions = std::move(versions);
  spec.plural = std::move(plural);
  spec.kind = std::move(kind);
  spec.failures = failures;
  return spec;
}

KindSpec VmKind(std::string group, Words versions, std::string plural, std::string kind) {
  KindSpec spec = Kind(std::move(group), std::move(versions), std::move(plural), std::move(kind));
  spec.is_vm = true;
  spec.phases = vm_phases;
  spec.condition_types = vm_conditions;
  return spec;
}

KindSpec PlainKind(std::string group, Words versions, std::string plural, std::string kind,
                   Words phases) {
  KindSpec spec = Kind(std::move(group), std::move(versions), std::move(plural), std::move(kind));
  spec.phases = std::move(phases);
  spec.condition_types = plain_conditions;
  return spec;
}

KindSpec ProtectionKind(Role role, std::string group, Words versions, std::string plural,
                        std::string kind) {
  KindSpec spec = Kind(std::move(group), std::move(versions), std::move(plural), std::move(kind));
  spec.role = role;
  spec.condition_types = protection_conditions;
  return spec;
}

void AddUserKinds(std::vector<KindSpec>& kinds) {
  const Words versions = {"v1beta1", "v1alpha1"};
  KindSpec vm = VmKind(user_group, versions, "virtualmachines", "VirtualMachine");
  vm.fields = {{kPhase, ".status.phase"},
               {kPowerWanted, ".spec.powerState"},
               {kPowerActual, ".status.powerState"},
               {kVm, ".status.vmName"},
               {kDisksWanted, ".spec.disks[*]"},
               {kNetworksWanted, ".spec.nets[*]"},
               {kTemplate, ".spec.templateRef.name"}};
  kinds.push_back(std::move(vm));

  KindSpec disk = PlainKind(user_group, versions, "virtualdisks", "VirtualDisk", storage_phases);
  disk.is_disk = true;
  disk.fields = {{kPhase, ".status.phase"},
                 {kClaim, ".status.claimName"},
                 {kDiskRequested, ".spec.size"},
                 {kDiskActual, ".status.capacity"}};
  kinds.push_back(std::move(disk));

  KindSpec net = PlainKind(user_group, versions, "virtualnets", "VirtualNet", plain_phases);
  net.fields = {{kPhase, ".status.phase"}};
  kinds.push_back(std::move(net));

  KindSpec snapshot = PlainKind(user_group, versions, "vmsnapshots", "VMSnapshot", snapshot_phases);
  snapshot.fields = {{kPhase, ".status.phase"},
                     {kUserVm, ".spec.sourceRef.name"},
                     {kUserVm, ".spec.sourceRef"},
                     {kReady, ".status.readyToUse"}};
  kinds.push_back(std::move(snapshot));

  KindSpec from = PlainKind(user_group, versions, "vmtemplates", "VMTemplate", plain_phases);
  from.fields = {{kPhase, ".status.phase"}};
  kinds.push_back(std::move(from));
}

void AddProposalKinds(std::vector<KindSpec>& kinds) {
  KindSpec vm = VmKind(proposal_group, {"v1alpha1"}, "virtualmachines", "VirtualMachine");
  vm.fields = {{kPhase, ".status.printableStatus"},
               {kPhase, ".status.phase"},
               {kPowerWanted, ".spec.runStrategy"},
               {kReady, ".status.ready"},
               {kDisksWanted, ".spec.diskVolumeTemplates[*]"},
               {kDisksWanted, ".spec.hardware.volumes[*].persistentVolumeClaim"},
               {kNetworksWanted, ".spec.hardware.domain.devices.interfaces[*]"}};
  kinds.push_back(std::move(vm));

  KindSpec image =
      PlainKind(proposal_group, {"v1alpha1"}, "imagetemplates", "ImageTemplate", storage_phases);
  image.fields = {{kPhase, ".status.phase"},
                  {kReady, ".status.ready"},
                  {kDiskRequested, ".spec.resources.requests.storage"},
                  {kDiskActual, ".status.capacity"}};
  kinds.push_back(std::move(image));

  KindSpec disk = PlainKind("diskvolume.kubesphere.io", {"v1alpha1"}, "diskvolumes", "DiskVolume",
                            storage_phases);
  disk.is_disk = true;
  disk.fields = {{kPhase, ".status.phase"},
                 {kReady, ".status.ready"},
                 {kUserVm, ".status.owner"},
                 {kClaim, ".spec.pvcName"},
                 {kTemplate, ".spec.source.image.name"},
                 {kDiskRequested, ".spec.resources.requests.storage"},
                 {kDiskActual, ".status.capacity"}};
  kinds.push_back(std::move(disk));
}

void AddOtherVmKinds(std::vector<KindSpec>& kinds) {
  KindSpec wukong = VmKind("vm.novasphere.dev", {"v1alpha1"}, "wukongs", "Wukong");
  wukong.fields = {{kPhase, ".status.phase"},
                   {kVm, ".status.vmName"},
                   {kPowerWanted, ".spec.startStrategy.runStrategy"},
                   {kDiskRequested, ".spec.disks[*].size"},
                   {kDiskActual, ".status.volumes[*].size"},
                   {kDisksWanted, ".spec.disks[*]"},
                   {kDisksBound, ".status.volumes[*].bound"},
                   {kNetworksWanted, ".spec.networks[*]"},
                   {kNetworksBound, ".status.networks[*]"}};
  kinds.push_back(std::move(wukong));

  // The shape of the documentation, then that of the CRD in use.
  KindSpec machine = VmKind("vitistack.io", {"v1alpha1"}, "machines", "Machine");
  machine.fields = {{kPhase, ".status.phase"},
                    {kVm, ".status.vmName"},
                    {kError, ".status.failureMessage"},
                    {kError, ".status.failureReason"},
                    {kTemplate, ".spec.template"},
                    {kTemplate, ".spec.machineClass"},
                    {kDiskRequested, ".spec.disks[*].size"},
                    {kDiskRequested, ".spec.disks[*].sizeGB", 1e9},
                    {kDisksWanted, ".spec.disks[*]"},
                    {kDisksBound, ".status.disks[*]"},
                    {kNetworksWanted, ".spec.networks[*]"},
                    {kNetworksWanted, ".spec.network.interfaces[*]"},
                    {kNetworksBound, ".status.networkInterfaces[*]"}};
  kinds.push_back(std::move(machine));

  KindSpec pool = Kind("pool.kubevirt.io", {"v1beta1", "v1alpha1"}, "virtualmachinepools",
                       "VirtualMachinePool");
  pool.condition_types = {"ReplicaFailure", "ReplicaPaused"};
  pool.failures = {"ReplicaFailure"};
  pool.fields = {{kReplicasWanted, ".spec.replicas"}, {kReplicasReady, ".status.readyReplicas"}};
  kinds.push_back(std::move(pool));
}

void AddSnapshotKinds(std::vector<KindSpec>& kinds) {
  const Words versions = {"v1beta1", "v1alpha1"};
  KindSpec snapshot = ProtectionKind(Role::kSnapshot, "snapshot.kubevirt.io", versions,
                                     "virtualmachinesnapshots", "VirtualMachineSnapshot");
  snapshot.phases = {"InProgress", "Succeeded", "Failed", "Deleting", "Unknown"};
  snapshot.fields = {
      {kPhase, ".status.phase"},           {kSource, ".spec.source.name"},
      {kSourceKind, ".spec.source.kind"},  {kReady, ".status.readyToUse"},
      {kFinished, ".status.creationTime"}, {kFinished, ".status.error.time"},
      {kError, ".status.error.message"},   {kTarget, ".status.virtualMachineSnapshotContentName"}};
  kinds.push_back(std::move(snapshot));

  // KubeVirt labels those that it makes (pkg/storage/snapshot/snapshot.go).
  KindSpec volume = ProtectionKind(Role::kVolumeSnapshot, "snapshot.storage.k8s.io", {"v1"},
                                   "volumesnapshots", "VolumeSnapshot");
  volume.is_disk = true;
  volume.fields = {{kVm, ".metadata.labels['snapshot.kubevirt.io/source-vm-name']"},
                   {kClaim, ".spec.source.persistentVolumeClaimName"},
                   {kReady, ".status.readyToUse"},
                   {kDiskActual, ".status.restoreSize"},
                   {kFinished, ".status.creationTime"},
                   {kError, ".status.error.message"}};
  kinds.push_back(std::move(volume));

  KindSpec restore = ProtectionKind(Role::kRestore, "snapshot.kubevirt.io", versions,
                                    "virtualmachinerestores", "VirtualMachineRestore");
  restore.fields = {{kVm, ".spec.target.name"},
                    {kSource, ".spec.virtualMachineSnapshotName"},
                    {kComplete, ".status.complete"},
                    {kFinished, ".status.restoreTime"}};
  kinds.push_back(std::move(restore));
}

void AddCopyKinds(std::vector<KindSpec>& kinds) {
  KindSpec clone = ProtectionKind(Role::kClone, "clone.kubevirt.io", {"v1beta1", "v1alpha1"},
                                  "virtualmachineclones", "VirtualMachineClone");
  clone.phases = {"SnapshotInProgress", "CreatingTargetVM", "RestoreInProgress",
                  "Succeeded",          "Failed",           "Unknown"};
  clone.fields = {{kPhase, ".status.phase"},          {kSource, ".spec.source.name"},
                  {kSourceKind, ".spec.source.kind"}, {kTarget, ".status.targetName"},
                  {kTarget, ".spec.target.name"},     {kFinished, ".status.creationTime"}};
  kinds.push_back(std::move(clone));

  KindSpec exported =
      ProtectionKind(Role::kExport, "export.kubevirt.io", {"v1", "v1beta1", "v1alpha1"},
                     "virtualmachineexports", "VirtualMachineExport");
  exported.phases = {"Pending", "Ready", "Terminated", "Skipped"};
  exported.condition_types = {"Ready", "PVCReady", "VolumesCreated", "OCIReady"};
  exported.fields = {{kPhase, ".status.phase"},
                     {kVm, ".status.virtualMachineName"},
                     {kSource, ".spec.source.name"},
                     {kSourceKind, ".spec.source.kind"},
                     {kExpires, ".status.ttlExpirationTime"}};
  kinds.push_back(std::move(exported));

  KindSpec backup = ProtectionKind(Role::kBackup, "backup.kubevirt.io", {"v1alpha1"},
                                   "virtualmachinebackups", "VirtualMachineBackup");
  backup.condition_types = {"Initializing",    "Progressing", "Done",   "Complete", "Aborting",
                            "ExportInitiated", "ExportReady", "Failed", "Deleting"};
  backup.completions = {"Done", "Complete"};
  backup.fields = {{kSource, ".spec.source.name"},
                   {kSourceKind, ".spec.source.kind"},
                   {kTarget, ".spec.pvcName"}};
  kinds.push_back(std::move(backup));
}

KindList Shared(std::vector<KindSpec> kinds) {
  KindList list;
  for (KindSpec& kind : kinds) list.push_back(std::make_shared<const KindSpec>(std::move(kind)));
  return list;
}

}  // namespace

const KindList& BuiltinKinds() {
  static const KindList& list = *new KindList([] {
    std::vector<KindSpec> kinds;
    AddUserKinds(kinds);
    AddProposalKinds(kinds);
    AddOtherVmKinds(kinds);
    AddSnapshotKinds(kinds);
    AddCopyKinds(kinds);
    return Shared(std::move(kinds));
  }());
  return list;
}

std::shared_ptr<const KindSpec> FindKind(const KindList& kinds, std::string_view group,
                                         std::string_view kind) {
  for (const auto& spec : kinds) {
    if (spec->group == group && spec->kind == kind) return spec;
  }
  return nullptr;
}

}  // namespace virtlens::exporter
