#include "exporter/scrape/object_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/log.h"
#include "kube/base64.h"

namespace virtlens::exporter {
namespace {

constexpr Duration kRefresh{60'000};
constexpr Duration kAbsentRefresh{600'000};
constexpr Duration kFirstRetry{1'000};  // doubled at each failure
constexpr std::size_t kMaxValueBytes = 1024 * 1024;

}  // namespace

ObjectData::ObjectData(ObjectDataWanted wanted, kube::Client& client, Clock& clock,
                       OnAnswer on_answer)
    : wanted_(std::move(wanted)),
      client_(client),
      clock_(clock),
      on_answer_(std::move(on_answer)) {}

void ObjectData::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void ObjectData::Join() {
  if (thread_.joinable()) thread_.join();
}

void ObjectData::Run(const std::stop_token& stop) {
  std::string complaint;
  std::optional<std::vector<std::string>> told;
  Duration retry = kFirstRetry;
  while (!stop.stop_requested()) {
    auto values = Read(stop);
    if (stop.stop_requested()) return;
    const std::string error = values ? "" : values.error().message;
    if (error != complaint && !error.empty()) Complain(error);
    complaint = error;
    if (values ? told != *values : !told.has_value()) {
      told = values ? std::move(*values) : std::vector<std::string>();
      on_answer_(*told);
    }
    const Duration wait = error.empty() ? kRefresh : retry;
    retry = error.empty() ? kFirstRetry
                          : std::min(2 * retry, wanted_.optional ? kAbsentRefresh : kRefresh);
    if (!clock_.Sleep(wait, stop)) return;
  }
}

Result<std::vector<std::string>> ObjectData::Read(const std::stop_token& stop) {
  VIRTLENS_TRY(const nlohmann::json object,
               client_.Get(wanted_.type, wanted_.space, wanted_.name, stop));
  std::vector<std::string> values;
  for (const std::string& key : wanted_.keys) {
    VIRTLENS_TRY(std::string value, ValueOf(object, key));
    values.push_back(std::move(value));
  }
  return values;
}

Result<std::string> ObjectData::ValueOf(const nlohmann::json& object,
                                        const std::string& key) const {
  const std::string where = "key " + key + " of " + wanted_.type.kind + " " + wanted_.name;
  const auto data = object.find("data");
  if (data == object.end() || !data->is_object() || !data->contains(key) ||
      !data->at(key).is_string()) {
    return Fail(Code::kDecode, where + " is missing");
  }
  std::optional<std::string> value = data->at(key).get<std::string>();
  if (wanted_.type.kind == "Secret") value = kube::DecodeBase64(*value);
  if (!value || value->size() > kMaxValueBytes || value->find("-----BEGIN ") == value->npos) {
    return Fail(Code::kDecode, where + " is no PEM");
  }
  return std::move(*value);
}

void ObjectData::Complain(const std::string& error) const {
  Log(wanted_.optional ? LogLevel::kDebug : LogLevel::kWarning,
      wanted_.type.kind + " cannot be read; " + std::string(wanted_.remedy),
      {{"namespace", wanted_.space}, {"name", wanted_.name}, {"error", error}});
}

}  // namespace virtlens::exporter
