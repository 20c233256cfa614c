#include "exporter/inventory/quota_share.h"

#include <cmath>

namespace virtlens::exporter {
namespace {

constexpr std::string_view kOfClass = ".storageclass.storage.k8s.io/";

std::int64_t Whole(double amount) { return std::llround(amount); }

}  // namespace

// What a quota's resource counts, and how much of an amount is one of it.
struct QuotaShare::Counted {
  std::string_view resource;
  std::int64_t QuotaShare::*amount;
  double divisor;
  bool of_pods;
};

const QuotaShare::Counted* QuotaShare::Find(std::string_view resource) {
  static constexpr Counted kCounted[] = {
      {"cpu", &QuotaShare::request_millicores_, 1000, true},
      {"requests.cpu", &QuotaShare::request_millicores_, 1000, true},
      {"limits.cpu", &QuotaShare::limit_millicores_, 1000, true},
      {"memory", &QuotaShare::request_bytes_, 1, true},
      {"requests.memory", &QuotaShare::request_bytes_, 1, true},
      {"limits.memory", &QuotaShare::limit_bytes_, 1, true},
      {"pods", &QuotaShare::pods_, 1, true},
      {"count/pods", &QuotaShare::pod_objects_, 1, true},
      {"count/virtualmachines.kubevirt.io", &QuotaShare::vms_, 1, false},
      {"count/virtualmachineinstances.kubevirt.io", &QuotaShare::instances_, 1, false},
  };
  for (const Counted& counted : kCounted) {
    if (counted.resource == resource) return &counted;
  }
  return nullptr;
}

void QuotaShare::Add(const LauncherRow& launcher) {
  ++pod_objects_;
  if (launcher.ended()) return;
  ++pods_;
  request_millicores_ += Whole(launcher.resources.cpu_request * 1000);
  limit_millicores_ += Whole(launcher.resources.cpu_limit * 1000);
  request_bytes_ += Whole(launcher.resources.memory_request);
  limit_bytes_ += Whole(launcher.resources.memory_limit);
}

void QuotaShare::Claims::Add(const ClaimRow& claim) {
  ++count;
  bytes += Whole(claim.requested_bytes);
}

std::optional<double> QuotaShare::Claims::Of(std::string_view resource) const {
  if (resource == "requests.storage") return static_cast<double>(bytes);
  if (resource == "persistentvolumeclaims") return static_cast<double>(count);
  return std::nullopt;
}

void QuotaShare::Add(const ClaimRow& claim) {
  claims_.Add(claim);
  claims_of_class_[claim.storage_class].Add(claim);
}

void QuotaShare::AddMachine(bool has_vm, bool has_instance) {
  vms_ += has_vm ? 1 : 0;
  instances_ += has_instance ? 1 : 0;
}

std::optional<double> QuotaShare::Of(std::string_view resource) const {
  if (const Counted* counted = Find(resource)) {
    return static_cast<double>(this->*counted->amount) / counted->divisor;
  }
  if (resource == "count/persistentvolumeclaims") return claims_.Of("persistentvolumeclaims");
  const std::size_t of_class = resource.find(kOfClass);
  if (of_class == std::string_view::npos) return claims_.Of(resource);
  const auto found = claims_of_class_.find(Symbol(resource.substr(0, of_class)));
  const Claims claims = found == claims_of_class_.end() ? Claims{} : found->second;
  return claims.Of(resource.substr(of_class + kOfClass.size()));
}

bool QuotaShare::CountsPods(std::string_view resource) {
  const Counted* counted = Find(resource);
  return counted != nullptr && counted->of_pods;
}

}  // namespace virtlens::exporter
