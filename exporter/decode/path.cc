#include "exporter/decode/path.h"

namespace virtlens::exporter {
namespace {

tl::unexpected<Error> BadPath(std::string_view path, std::size_t at, std::string_view why) {
  const std::string shown(path.substr(0, kMaxPathBytes));
  return Fail(Code::kInvalidArgument,
              "path \"" + shown + "\": " + std::string(why) + " at byte " + std::to_string(at + 1));
}

// "*" or a quoted member, between brackets.
Result<PathStep> BracketStep(std::string_view path, std::size_t& at) {
  const std::size_t open = at++;
  if (path.substr(at).starts_with("*]")) {
    at += 2;
    return PathStep{.each = true};
  }
  const char quote = at < path.size() ? path[at] : '\0';
  if (quote != '\'' && quote != '"') {
    return BadPath(path, open, "after [ comes * or a name in quotes");
  }
  const std::size_t begin = at + 1;
  const std::size_t end = path.find(quote, begin);
  if (end == std::string_view::npos || end + 1 >= path.size() || path[end + 1] != ']') {
    return BadPath(path, open, "the name is not closed by a quote and ]");
  }
  if (end == begin) return BadPath(path, open, "the name is empty");
  at = end + 2;
  return PathStep{.member = std::string(path.substr(begin, end - begin))};
}

Result<PathStep> MemberStep(std::string_view path, std::size_t& at) {
  const std::size_t begin = ++at;
  while (at < path.size() && path[at] != '.' && path[at] != '[') ++at;
  if (at == begin) return BadPath(path, begin - 1, "after . comes a name");
  const std::string_view name = path.substr(begin, at - begin);
  const std::size_t odd = name.find_first_of("]*'\" ");
  if (odd != std::string_view::npos) {
    return BadPath(path, begin + odd, "a name with odd characters is written ['name']");
  }
  return PathStep{.member = std::string(name)};
}

}  // namespace

Result<std::vector<PathStep>> ParsePath(std::string_view path) {
  if (path.size() > kMaxPathBytes) return BadPath(path, kMaxPathBytes, "longer than 256 bytes");
  if (path.empty() || path.front() != '.') return BadPath(path, 0, "a path begins with .");
  std::vector<PathStep> steps;
  for (std::size_t at = 0; at < path.size();) {
    if (steps.size() == kMaxPathSteps) return BadPath(path, at, "more than 16 steps");
    const bool bracket = path[at] == '[';
    if (!bracket && path[at] != '.') return BadPath(path, at, "expected . or [");
    VIRTLENS_TRY(PathStep step, bracket ? BracketStep(path, at) : MemberStep(path, at));
    steps.push_back(std::move(step));
  }
  return steps;
}

const PathNode* PathNode::Member(std::string_view name) const {
  for (const auto& node : members) {
    if (node->member == name) return node.get();
  }
  return nullptr;
}

void PathNode::Add(const std::vector<PathStep>& path, std::size_t target) {
  PathNode* node = this;
  for (const PathStep& step : path) {
    if (step.each) {
      if (!node->each) node->each = std::make_unique<PathNode>();
      node = node->each.get();
      continue;
    }
    auto* next = const_cast<PathNode*>(node->Member(step.member));
    if (next == nullptr) {
      next = node->members.emplace_back(std::make_unique<PathNode>()).get();
      next->member = step.member;
    }
    node = next;
  }
  node->targets.push_back(target);
}

}  // namespace virtlens::exporter
