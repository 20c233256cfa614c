// The closed sets of the VM world: every value of a phase, status, condition or reason label.
//
// Sources: KubeVirt v1.9 (api/core/v1/types.go, pkg/virt-controller) and CDI v1.66
// (core/v1beta1/types.go); names of older releases are kept where they differ.
#pragma once

#include <array>
#include <string_view>

#include "exporter/rows/closed_set.h"

namespace virtlens::exporter {

#define VIRTLENS_CLOSED_SET(name, ...)                                                  \
  struct name##Set {                                                                    \
    static constexpr auto kValues = std::to_array<std::string_view>({"", __VA_ARGS__}); \
  };                                                                                    \
  using name = OneOf<name##Set>

VIRTLENS_CLOSED_SET(ConditionStatus, "True", "False", "Unknown");

VIRTLENS_CLOSED_SET(RunStrategy, "Always", "Halted", "Manual", "RerunOnFailure", "Once",
                    "WaitAsReceiver");

// VirtualMachine.status.printableStatus: 17 values, first match wins upstream.
VIRTLENS_CLOSED_SET(PrintableStatus, "Stopped", "Provisioning", "Starting", "Running", "Paused",
                    "Stopping", "Terminating", "CrashLoopBackOff", "Migrating", "Unknown",
                    "ErrorUnschedulable", "ErrImagePull", "ImagePullBackOff", "ErrorPvcNotFound",
                    "DataVolumeError", "WaitingForVolumeBinding", "WaitingForReceiver");

VIRTLENS_CLOSED_SET(VmiPhase, "Pending", "Scheduling", "Scheduled", "Running", "Succeeded",
                    "Failed", "WaitingForSync", "Unknown");

VIRTLENS_CLOSED_SET(PodPhase, "Pending", "Running", "Succeeded", "Failed", "Unknown");

VIRTLENS_CLOSED_SET(MigrationPhase, "Pending", "Scheduling", "Scheduled", "PreparingTarget",
                    "TargetReady", "Running", "WaitingForSync", "Synchronizing", "Succeeded",
                    "Failed");

VIRTLENS_CLOSED_SET(MigrationMode, "PreCopy", "PostCopy", "Paused");
// Who asked for a migration: a node drain, the workload updater, or a person or program.
VIRTLENS_CLOSED_SET(MigrationTrigger, "evacuation", "workload-update", "user");
// Why KubeVirt lets a migration wait: conditions of the migration that are True.
VIRTLENS_CLOSED_SET(MigrationBlock, "resource_quota", "utility_volumes", "backup", "decentralized");
VIRTLENS_CLOSED_SET(AbortStatus, "Succeeded", "Failed", "Aborting");

VIRTLENS_CLOSED_SET(DataVolumePhase, "Pending", "PVCBound", "WaitForFirstConsumer",
                    "PendingPopulation", "ImportScheduled", "ImportInProgress", "CloneScheduled",
                    "CloneInProgress", "SnapshotForSmartCloneInProgress",
                    "CloneFromSnapshotSourceInProgress", "SmartClonePVCInProgress",
                    "CSICloneInProgress", "PrepClaimInProgress", "RebindInProgress",
                    "ExpansionInProgress", "NamespaceTransferInProgress", "UploadScheduled",
                    "UploadReady", "Paused", "Succeeded", "Failed", "Unknown");

VIRTLENS_CLOSED_SET(DataVolumeSource, "http", "s3", "gcs", "registry", "pvc", "upload", "blank",
                    "imageio", "vddk", "snapshot", "sourceRef", "populator");

VIRTLENS_CLOSED_SET(ClaimPhase, "Pending", "Bound", "Lost");
VIRTLENS_CLOSED_SET(VolumeMode, "Filesystem", "Block");

// Conditions of a VirtualMachine and of its instance (KubeVirt copies the latter to the former).
VIRTLENS_CLOSED_SET(VmCondition, "Ready", "Failure", "Paused", "Initialized", "RestartRequired",
                    "ManualRecoveryRequired", "PodScheduled", "Synchronized", "AgentConnected",
                    "AgentVersionNotSupported", "AccessCredentialsSynchronized", "LiveMigratable",
                    "StorageLiveMigratable", "MigrationRequired", "EvictionRequested",
                    "Provisioning", "DataVolumesReady", "HotVCPUChange", "HotMemoryChange",
                    "VolumesChange", "SoftwareEmulation", "DecentralizedLiveMigrationFailure");

// Reasons of those conditions; upstream writes free text for some, which becomes "other".
VIRTLENS_CLOSED_SET(
    VmConditionReason, "GuestNotRunning", "PodTerminating", "PodNotExists", "PodConditionMissing",
    "VMINotExists", "VMIConditionMissing", "PausedByUser", "PausedIOError",
    "PausedByMigrationMonitor", "FailedCreate", "FailedDelete", "FailedPvcNotFound",
    "FailedDataVolumeCreate", "Unschedulable", "AllDVsReady", "NotAllDVsReady",
    "DisksNotLiveMigratable", "InterfaceNotLiveMigratable", "HotplugNotLiveMigratable",
    "CPUModeLiveMigratable", "VirtIOFSNotLiveMigratable", "HostDeviceNotLiveMigratable",
    "SEVNotLiveMigratable", "SecureExecutionNotLiveMigratable", "TDXNotLiveMigratable",
    "NoTSCFrequencyNotLiveMigratable", "HypervPassthroughNotLiveMigratable",
    "PersistentReservationNotLiveMigratable", "RealtimeNotLiveMigratable", "NotMigratable",
    // MigrationRequired, EvictionRequested, VolumesChange
    "AutoMigrationDueToLiveUpdate", "AutoMigrationPending", "EvictionRequested",
    "VolumesChangeCancellation",
    // Failure of a VM: what vm.go could not do
    "FailedUpdate", "FailedUpdateError", "UnauthorizedDataVolumeCreate", "FirmwareUUIDError",
    "HotPlugVolumeError", "HotPlugCPUError", "HotPlugMemoryError", "VolumesUpdateError",
    "AffinityChangeError", "TolerationsChangeError", "AnnotationsLabelsChangeError",
    // Synchronized=False of an instance
    "FailedDataVolumeImport", "FailedHandOver", "FailedBackendStorageCreate",
    "FailedBackendStorageProbe", "BackendStorageNotReady", "FailedGuaranteeResources",
    "MissingAttachmentPod", "PVCNotReady", "FailedHotplugSync", "FailedPodPatch",
    "MigrationBackoff", "ErrImagePull", "ImagePullBackOff",
    // Copied from the launcher pod
    "SchedulingGated", "SchedulerError", "ContainersNotReady", "ReadinessGatesNotReady",
    "PodCompleted", "PodFailed");

// VirtualMachineInstance.status.reason
VIRTLENS_CLOSED_SET(VmiReason, "NodeUnresponsive");

VIRTLENS_CLOSED_SET(DataVolumeCondition, "Bound", "Running", "Ready");
// From CDI's annotations cdi.kubevirt.io/storage.condition.*.reason, which carry the words of CDI
// itself or the reason of a waiting or ended container.
VIRTLENS_CLOSED_SET(DataVolumeConditionReason, "Bound", "Pending", "NotFound", "ClaimLost",
                    "Claim Lost", "Claim Pending", "AwaitingVDDK", "CreatingScratchSpace",
                    "Pod is running", "TransferRunning", "Completed", "Error", "Unknown",
                    "Unschedulable", "ContainerCreating", "PodInitializing", "ImagePullFailed",
                    "ErrImagePull", "ImagePullBackOff", "InvalidImageName",
                    "CreateContainerConfigError", "CreateContainerError", "CrashLoopBackOff",
                    "OOMKilled", "ChecksumError", "Scratch space required", "ErrExceededQuota",
                    "ErrClaimNotValid", "ErrClaimLost", "ErrUnableToProcess", "ErrUnableToClone",
                    "ErrResourceExists", "ErrResourceDoesntExist", "ErrResourceMarkedForDeletion");

VIRTLENS_CLOSED_SET(PlatformPhase, "Deploying", "Deployed", "Deleting", "Deleted", "Error",
                    "Upgrading");
VIRTLENS_CLOSED_SET(PlatformCondition, "Available", "Progressing", "Degraded", "Created",
                    "Synchronized");

// KubeVirt's operator, then CDI's.
VIRTLENS_CLOSED_SET(PlatformConditionReason, "AllResourcesCreated", "AllComponentsReady",
                    "DeploymentInProgress", "DeploymentFailed", "UpdateInProgress",
                    "DeletionInProgress", "DeletionFailed", "ExistingDeployment", "DeployStarted",
                    "DeployCompleted", "UpgradeStarted", "ConfigError", "CreateResources",
                    "CreateNamespaceResources", "CreateDynamicResources");

VIRTLENS_CLOSED_SET(DataImportCronCondition, "Progressing", "UpToDate");
VIRTLENS_CLOSED_SET(DataImportCronConditionReason, "NoDigest", "NoImport", "NotAuthorized",
                    "Outdated", "ImportScheduled", "ImportProgressing", "UpToDate");

// Which kind of object wanted a VM: the user CRs of the platform, then KubeVirt's own.
VIRTLENS_CLOSED_SET(OwnerKind, "VirtualMachine", "Wukong", "Machine", "VirtualMachinePool",
                    "VirtualMachineInstanceReplicaSet");

// How an interface is attached to its network.
VIRTLENS_CLOSED_SET(InterfaceBinding, "bridge", "masquerade", "sriov", "macvtap", "passt", "slirp",
                    "passtBinding", "plugin");

VIRTLENS_CLOSED_SET(DiskDevice, "disk", "lun", "cdrom", "filesystem");
VIRTLENS_CLOSED_SET(DiskBus, "virtio", "sata", "scsi", "usb");
VIRTLENS_CLOSED_SET(VolumeSource, "dataVolume", "persistentVolumeClaim", "containerDisk",
                    "cloudInitNoCloud", "cloudInitConfigDrive", "sysprep", "emptyDisk", "ephemeral",
                    "hostDisk", "configMap", "secret", "serviceAccount", "downwardAPI",
                    "downwardMetrics", "memoryDump", "containerPath");

#undef VIRTLENS_CLOSED_SET

}  // namespace virtlens::exporter
