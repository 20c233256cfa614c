// What the exporter reads of a kind of custom resource, as data: where its phase, conditions, owner
// and sizes are. The built-in kinds are such data (builtin_kinds.cc), and so is each entry of
// `custom_resources` of the configuration (exporter/kinds_config.h): one decoder reads them all.
//
// A path is written as in kubectl: ".status.phase", ".spec.disks[*].size",
// ".metadata.labels['app/name']" (decode/path.h).
//
// Thread contract: plain values; shared between threads as const.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virtlens::exporter {

// Which series a kind has.
enum class Role : std::uint8_t {
  kStatus,  // virt_cr_*
  kSnapshot,
  kVolumeSnapshot,
  kRestore,
  kClone,
  kExport,
  kBackup,
};

// What a path leads to. Of several paths to one text, flag or instant the first that holds
// something counts; sums and counts add up over all.
enum class Field : std::uint8_t {
  // Texts.
  kPhase,
  kVm,          // KubeVirt's name of the VM it belongs to
  kUserVm,      // the name of the user's VM (VirtualMachine, Wukong, Machine) it belongs to
  kSource,      // what it is made from, or protects
  kSourceKind,  // of what kind that is; when it says VirtualMachine, kSource is kVm
  kTarget,
  kTemplate,
  kClaim,  // the PersistentVolumeClaim that it stands for
  kPowerWanted,
  kPowerActual,
  kError,  // free text: for the log, and for 0 or 1
  // Flags.
  kReady,
  kComplete,
  // Instants, micros since 1970.
  kFinished,
  kExpires,
  // Sums of quantities, in bytes.
  kDiskRequested,
  kDiskActual,
  // Counts: of elements, or of those that are true.
  kDisksWanted,
  kDisksBound,
  kNetworksWanted,
  kNetworksBound,
  // Numbers.
  kReplicasWanted,
  kReplicasReady,
};

enum class FieldType : std::uint8_t { kText, kFlag, kInstant, kSum, kCount };

constexpr FieldType TypeOf(Field field) {
  if (field <= Field::kError) return FieldType::kText;
  if (field <= Field::kComplete) return FieldType::kFlag;
  if (field <= Field::kExpires) return FieldType::kInstant;
  if (field <= Field::kDiskActual || field >= Field::kReplicasWanted) return FieldType::kSum;
  return FieldType::kCount;
}

struct FieldPath {
  Field field;
  std::string path;
  double scale = 1;  // of sums: what one is worth, e.g. 1e9 for a field in GB
};

struct KindSpec {
  std::string group;
  std::vector<std::string> versions;  // in order of preference; empty: the server's choice
  std::string plural;
  std::string kind;
  Role role = Role::kStatus;
  bool is_vm = false;    // its name is what its VM goes by
  bool is_disk = false;  // stands for a claim: kClaim, else the claim of its own name
  std::vector<FieldPath> fields;
  std::string conditions = ".status.conditions";
  // The closed sets of the labels phase and condition. Empty: the first 32 texts of at most 64
  // characters that appear are taken.
  std::vector<std::string> phases;
  std::vector<std::string> condition_types;
  // Phases, and conditions that are True, that mean failure.
  std::vector<std::string> failures;
  // Conditions whose being True means complete.
  std::vector<std::string> completions;
  // Labels of virt_cr_labels and where their values are.
  std::vector<std::pair<std::string, std::string>> labels;

  // "wukongs.vm.novasphere.dev"
  std::string QualifiedName() const { return plural + "." + group; }
};

using KindList = std::vector<std::shared_ptr<const KindSpec>>;

// The platform's user CRs, and KubeVirt's snapshot, restore, clone, export, backup and pool.
const KindList& BuiltinKinds();

// The kind of that group and name; null when there is none.
std::shared_ptr<const KindSpec> FindKind(const KindList& kinds, std::string_view group,
                                         std::string_view kind);

}  // namespace virtlens::exporter
