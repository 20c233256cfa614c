#include "tools/json_objects.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "exporter/decode/decode.h"
#include "kube/splitter.h"
#include "tools/yaml_scalar.h"

namespace virtlens::tools {
namespace {

constexpr int kMaxListDepth = 4;  // Lists in Lists
constexpr std::size_t kMaxWaitingBytes = std::size_t{256} * 1024 * 1024;
constexpr std::string_view kListSuffix = "List";
constexpr std::string_view kArrayHead = R"({"items":)";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

enum class Shape { kObject, kKindless, kList, kIllFormed };

// What the members of an object say of its shape.
struct Outline {
  bool api_version = false;
  bool kind = false;
  bool list_kind = false;  // kind: SomethingList
  bool items = false;      // an array
};

// False at the first error: an object that simdjson gave up on must not be asked again.
bool Look(simdjson::ondemand::object object, Outline& outline) {
  for (auto field : object) {
    std::string_view key;
    simdjson::ondemand::value value;
    simdjson::ondemand::json_type type{};
    if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS ||
        value.type().get(type) != simdjson::SUCCESS) {
      return false;
    }
    if (key == "items") outline.items |= type == simdjson::ondemand::json_type::array;
    if (key == "apiVersion") outline.api_version = true;
    if (key == "kind") {
      std::string_view kind;
      outline.kind = true;
      outline.list_kind = value.get(kind) == simdjson::SUCCESS && kind.ends_with(kListSuffix);
    }
    // An object says so early, and the rest of it is its decoder's.
    if (outline.api_version && outline.kind) return true;
  }
  return true;
}

// `padded` is an object with padding behind it. kIllFormed: not UTF-8, which simdjson refuses to
// look into. What is no JSON counts as an object: its decoder will say so.
Shape ShapeOf(std::string_view padded) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  const auto error = parser.iterate(padded, padded.size() + kube::kItemPadding).get(document);
  if (error == simdjson::UTF8_ERROR) return Shape::kIllFormed;
  Outline outline;
  if (error != simdjson::SUCCESS || document.get_object().get(object) != simdjson::SUCCESS ||
      !Look(object, outline)) {
    return Shape::kObject;
  }
  if (outline.list_kind || (!outline.kind && outline.items)) return Shape::kList;
  return outline.kind && outline.api_version ? Shape::kObject : Shape::kKindless;
}

// The line, counted from 0, where `text` stops being JSON; nullopt when it is JSON. Ill-formed
// UTF-8 is no reason: decoders repair it.
std::optional<std::size_t> BadLine(std::string_view text) {
  const std::string repaired = RepairUtf8(text);
  try {
    const auto keep_nothing = [](int, nlohmann::json::parse_event_t, nlohmann::json&) {
      return false;
    };
    [[maybe_unused]] const auto nothing = nlohmann::json::parse(repaired, keep_nothing);
    return std::nullopt;
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t bytes = std::min(error.byte, repaired.size());
    return static_cast<std::size_t>(
        std::count(repaired.begin(), repaired.begin() + static_cast<std::ptrdiff_t>(bytes), '\n'));
  } catch (const nlohmann::json::out_of_range&) {
    return std::nullopt;  // a number that no double holds is JSON all the same
  }
}

// Finds the end of a value by its brackets; strings are skipped.
class BracketScanner {
 public:
  void Start() { *this = BracketScanner(); }
  // How many bytes of `bytes` belong to the value; done() tells whether it ended there.
  std::size_t Scan(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (Step(bytes[i])) return i + 1;
    }
    return bytes.size();
  }
  bool done() const { return done_; }

 private:
  bool Step(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      return false;
    }
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') done_ = --depth_ == 0;
    return done_;
  }

  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool done_ = false;
};

}  // namespace

struct JsonObjects::State {
  explicit State(OnObject handler) : on_object(std::move(handler)) {}

  Error At(std::size_t zero_based_line, const std::string& what) const {
    return Error{Code::kDecode, std::to_string(zero_based_line + 1) + ": " + what};
  }

  Result<void> Feed(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!open) {
        VIRTLENS_TRY(const std::size_t skipped, Begin(bytes));
        bytes.remove_prefix(skipped);
        continue;
      }
      const std::size_t taken = scanner.Scan(bytes);
      VIRTLENS_CHECK(Take(bytes.substr(0, taken)));
      bytes.remove_prefix(taken);
      if (scanner.done()) VIRTLENS_CHECK(End());
    }
    return {};
  }

  // Skips white space up to the next value, and says how much.
  Result<std::size_t> Begin(std::string_view bytes) {
    const auto first = std::find_if_not(bytes.begin(), bytes.end(), IsSpace);
    line += static_cast<std::size_t>(std::count(bytes.begin(), first, '\n'));
    if (first != bytes.end()) {
      if (*first != '{' && *first != '[') return Fail(At(line, "expected { or [ of JSON"));
      open = true;
      array = *first == '[';
      start_line = line;
      scanner.Start();
    }
    return static_cast<std::size_t>(first - bytes.begin());
  }

  Result<void> Take(std::string_view bytes) {
    if (list) return Stream(bytes);
    buffer += bytes;
    if (buffer.size() <= kube::kMaxItemBytes) {
      line += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
      return {};
    }
    // Too large for one object, so it must be a list.
    list.emplace([this](std::string_view item) { Item(item, 1); });
    line = start_line;
    if (array) VIRTLENS_CHECK(list->Feed(kArrayHead));
    const std::string head = std::move(buffer);
    buffer.clear();
    return Stream(head);
  }

  // Line by line, so that an error is where `line` says.
  Result<void> Stream(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t newline = bytes.find('\n');
      const std::size_t length = newline == std::string_view::npos ? bytes.size() : newline + 1;
      if (const auto fed = list->Feed(bytes.substr(0, length)); !fed) {
        return Fail(At(line, fed.error().message));
      }
      if (waiting_bytes > kMaxWaitingBytes) {
        return Fail(At(line, "more than 256 MiB of items without a kind"));
      }
      if (newline != std::string_view::npos) ++line;
      bytes.remove_prefix(length);
    }
    return {};
  }

  Result<void> End() {
    open = false;
    if (list) {
      if (array) VIRTLENS_CHECK(list->Feed("}"));
      const auto envelope = list->Finish();
      list.reset();
      if (!envelope) return Fail(At(line, envelope.error().message));
      HandOverWaiting(*envelope, 1);
      return {};
    }
    if (array) buffer = std::string(kArrayHead) + buffer + "}";
    const std::size_t size = buffer.size();
    buffer.append(kube::kItemPadding, '\0');
    const auto taken = Whole(std::string_view(buffer).substr(0, size), 0);
    if (!taken || !*taken) {
      buffer.resize(size);
      if (const auto bad = BadLine(buffer)) return Fail(At(start_line + *bad, "not JSON"));
      if (!taken) return Fail(At(start_line, taken.error().message));
    }
    buffer.clear();
    return {};
  }

  // An object that is in memory as a whole: handed over, or unpacked. False: it does not decode.
  Result<bool> Whole(std::string_view object, int depth) {
    const Shape shape = ShapeOf(object);
    if (shape == Shape::kIllFormed) {
      return Whole(exporter::PaddedObject(RepairUtf8(object)).view(), depth);
    }
    if (shape == Shape::kKindless) {
      ++foreign;
      return !BadLine(object);
    }
    if (shape == Shape::kObject || depth >= kMaxListDepth) return on_object(object);
    kube::ListSplitter splitter([&](std::string_view item) { Item(item, depth + 1); });
    VIRTLENS_CHECK(splitter.Feed(object));
    VIRTLENS_TRY(const kube::ListEnvelope envelope, splitter.Finish());
    HandOverWaiting(envelope, depth + 1);
    return true;
  }

  void Item(std::string_view item, int depth) {
    const Shape shape = ShapeOf(item);
    if (shape == Shape::kIllFormed) {
      return Item(exporter::PaddedObject(RepairUtf8(item)).view(), depth);
    }
    if (shape != Shape::kKindless) {
      // What is wrong inside an inner list is one malformed object of the outer.
      if (!Whole(item, depth)) on_object(item);
      return;
    }
    waiting.push_back({std::string(item), depth});
    waiting_bytes += item.size();
  }

  // Items of the list that ends now, with the kind that it gives them.
  void HandOverWaiting(const kube::ListEnvelope& envelope, int depth) {
    const bool typed =
        envelope.kind.size() > kListSuffix.size() && envelope.kind.ends_with(kListSuffix);
    const auto first = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const Waiting& one) { return one.depth >= depth; });
    for (auto one = first; one != waiting.end(); ++one) {
      std::string object = std::move(one->json);
      waiting_bytes -= object.size();
      if (!typed) {
        ++foreign;
        continue;
      }
      std::string head = R"({"apiVersion":)";
      AppendJsonString(envelope.api_version, head);
      head += R"(,"kind":)";
      AppendJsonString(envelope.kind.substr(0, envelope.kind.size() - kListSuffix.size()), head);
      object.replace(0, 1, head + ",");
      on_object(exporter::PaddedObject(object).view());
    }
    waiting.erase(first, waiting.end());
  }

  struct Waiting {
    std::string json;
    int depth;
  };

  OnObject on_object;
  std::size_t line = 0;        // counted from 0
  std::size_t start_line = 0;  // of the value being read
  bool open = false;           // inside a value
  bool array = false;          // which is an array
  BracketScanner scanner;
  std::string buffer;                      // of the value, while it may be one object
  std::optional<kube::ListSplitter> list;  // once it must be a list
  std::vector<Waiting> waiting;            // items without a kind
  std::size_t waiting_bytes = 0;
  std::size_t foreign = 0;
};

JsonObjects::JsonObjects(OnObject on_object)
    : state_(std::make_unique<State>(std::move(on_object))) {}

JsonObjects::~JsonObjects() = default;

Result<void> JsonObjects::Feed(std::string_view bytes) { return state_->Feed(bytes); }

std::size_t JsonObjects::foreign() const { return state_->foreign; }

Result<void> JsonObjects::Finish() {
  if (!state_->open) return {};
  return Fail(state_->At(state_->line, "the JSON that starts in line " +
                                           std::to_string(state_->start_line + 1) + " breaks off"));
}

}  // namespace virtlens::tools
