// What the VMs of a project take of what its ResourceQuotas count: their launcher Pods, their
// claims and the objects themselves.
//
// Counted as Kubernetes counts (pkg/quota/v1/evaluator/core): Pods that have not ended, claims by
// what they request. A quota with scopes counts fewer Pods; the share then says more than its used.
//
// Units: as ResourceQuota has them: cores, bytes, objects.
// Thread contract: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "exporter/rows/rows.h"

namespace virtlens::exporter {

class QuotaShare {
 public:
  void Add(const LauncherRow& launcher);
  void Add(const ClaimRow& claim);
  void AddMachine(bool has_vm, bool has_instance);

  // nullopt: VMs take nothing of it, or it is counted in a way that is not known here.
  std::optional<double> Of(std::string_view resource) const;
  // Whether the share of a resource comes from Pods.
  static bool CountsPods(std::string_view resource);

 private:
  struct Counted;
  // nullptr: it does not count Pods, VMs or instances.
  static const Counted* Find(std::string_view resource);

  struct Claims {
    std::int64_t count = 0, bytes = 0;
    void Add(const ClaimRow& claim);
    std::optional<double> Of(std::string_view resource) const;
  };

  std::int64_t request_millicores_ = 0, limit_millicores_ = 0;
  std::int64_t request_bytes_ = 0, limit_bytes_ = 0;
  std::int64_t pods_ = 0, pod_objects_ = 0;
  std::int64_t vms_ = 0, instances_ = 0;
  Claims claims_;
  std::map<Symbol, Claims> claims_of_class_;
};

}  // namespace virtlens::exporter
