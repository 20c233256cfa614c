#include "sim/actor/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/random.h"

namespace virtlens::sim::actor {
namespace {

struct Weight {
  Action action;
  Behavior behavior;
  unsigned weight;
};

// Mostly what clusters mostly do: migrations that succeed, VMs stopped and started.
constexpr std::array<Weight, 14> kWeights = {{
    {Action::kMigrate, Behavior::kNone, 30},
    {Action::kMigrate, Behavior::kMigrateFail, 5},
    {Action::kMigrate, Behavior::kMigrateHang, 1},
    {Action::kStop, Behavior::kNone, 8},
    {Action::kStart, Behavior::kNone, 12},
    {Action::kCrash, Behavior::kNone, 5},
    {Action::kAgentLost, Behavior::kNone, 4},
    {Action::kIoError, Behavior::kNone, 2},
    {Action::kRecover, Behavior::kNone, 6},
    {Action::kImport, Behavior::kNone, 6},
    {Action::kImport, Behavior::kImportStall, 1},
    {Action::kImport, Behavior::kImportFail, 1},
    {Action::kDelete, Behavior::kNone, 2},
    {Action::kCreate, Behavior::kNone, 3},
}};
constexpr unsigned kMoveProjectWeight = 1;
constexpr int kNewVmIndex = 2'000'000;  // beyond every index of a population

ObjectKey KeyOf(const Json& vm) { return {Kind::kVm, Space(vm), Name(vm)}; }

Write Annotate(const ObjectKey& vm, Json value) {
  Json annotations = Json::object();
  annotations[std::string(kBehaviorAnnotation)] = std::move(value);
  return {Verb::kMerge,
          {Kind::kVmi, vm.space, vm.name},
          {{"metadata", {{"annotations", std::move(annotations)}}}}};
}

Write Run(const ObjectKey& vm, std::string_view strategy) {
  return {Verb::kMerge, vm, {{"spec", {{"runStrategy", strategy}}}}};
}

Write MakeMigration(const ScenarioStep& step) {
  Json metadata = {{"name", step.object.name}, {"namespace", step.object.space}};
  if (step.behavior != Behavior::kNone) {
    metadata["annotations"][std::string(kBehaviorAnnotation)] = BehaviorName(step.behavior);
  }
  return {Verb::kCreate,
          step.object,
          {{"apiVersion", "kubevirt.io/v1"},
           {"kind", "VirtualMachineInstanceMigration"},
           {"metadata", std::move(metadata)},
           {"spec", {{"vmiName", step.argument}}}}};
}

class Author {
 public:
  Author(std::uint64_t seed, const Population& population)
      : seed_(seed), random_(seed), population_(population) {
    for (const Json& vm : population.vms) alive_.push_back(KeyOf(vm));
  }

  ScenarioStep Next(Duration at) {
    ScenarioStep step;
    step.at = at;
    const Weight* choice = Draw();
    if (choice == nullptr || alive_.empty()) return MoveProject(std::move(step));
    step.action = choice->action;
    step.behavior = choice->behavior;
    const std::size_t index = random_.Below(alive_.size());
    step.object = alive_[index];
    Complete(step, index);
    return step;
  }

 private:
  const Weight* Draw() {
    unsigned total = kMoveProjectWeight;
    for (const Weight& one : kWeights) total += one.weight;
    std::uint64_t at = random_.Below(total);
    for (const Weight& one : kWeights) {
      if (at < one.weight) return &one;
      at -= one.weight;
    }
    return nullptr;
  }

  ScenarioStep MoveProject(ScenarioStep step) {
    const auto& namespaces = population_.namespaces;
    step.action = Action::kMoveProject;
    step.object = {Kind::kNamespace, "", Name(namespaces[random_.Below(namespaces.size())])};
    step.argument = fmt::format("workspace-{}", ++count_);
    return step;
  }

  void Complete(ScenarioStep& step, std::size_t index) {
    const ObjectKey vm = step.object;
    ++count_;
    if (step.action == Action::kMigrate) {
      step.argument = vm.name;
      step.object = {Kind::kMigration, vm.space, fmt::format("{}-migration-{}", vm.name, count_)};
    } else if (step.action == Action::kImport) {
      step.object = {Kind::kDataVolume, vm.space, fmt::format("import-{}", count_)};
    } else if (step.action == Action::kDelete) {
      alive_.erase(alive_.begin() + static_cast<std::ptrdiff_t>(index));
    } else if (step.action == Action::kCreate) {
      step.body = MakeVirtualMachine(seed_, kNewVmIndex + count_, vm.space);
      step.object = KeyOf(step.body);
      alive_.push_back(step.object);
    }
  }

  const std::uint64_t seed_;
  Random random_;
  const Population& population_;
  std::vector<ObjectKey> alive_;
  int count_ = 0;
};

}  // namespace

Scenario RandomScenario(std::uint64_t seed, const Population& population, Duration duration,
                        double per_second) {
  Scenario scenario;
  if (population.namespaces.empty() || per_second <= 0) return scenario;
  Author author(seed, population);
  Random pauses(seed + 1);
  Duration at{0};
  while (true) {
    const double pause = 2000.0 * pauses.Unit() / per_second;
    at += std::max(Duration(1), Duration(static_cast<Duration::rep>(pause)));
    if (at >= duration) return scenario;
    scenario.push_back(author.Next(at));
  }
}

std::vector<Write> WritesOf(const ScenarioStep& step) {
  switch (step.action) {
    case Action::kStart:
      return {Run(step.object, "Always")};
    case Action::kStop:
      return {Run(step.object, "Halted")};
    case Action::kCrash:
      return {Annotate(step.object, BehaviorName(Behavior::kCrash))};
    case Action::kAgentLost:
      return {Annotate(step.object, BehaviorName(Behavior::kAgentLost))};
    case Action::kIoError:
      return {Annotate(step.object, BehaviorName(Behavior::kIoError))};
    case Action::kRecover:
      return {Annotate(step.object, nullptr)};
    case Action::kMigrate:
      return {MakeMigration(step)};
    case Action::kImport:
      return {{Verb::kCreate, step.object,
               MakeDataVolume(step.object.space, step.object.name, step.behavior)}};
    case Action::kDelete:
      return {{Verb::kDelete, step.object, {}}};
    case Action::kCreate:
      return {{Verb::kCreate, step.object, step.body}};
    case Action::kMoveProject:
      return {{Verb::kMerge,
               step.object,
               {{"metadata", {{"labels", {{"kubesphere.io/workspace", step.argument}}}}}}}};
  }
  return {};
}

}  // namespace virtlens::sim::actor
