#include "sim/actor/writer.h"

namespace virtlens::sim::actor {
namespace {

// What was awaited is so, or can no longer be.
bool Harmless(Verb verb, Code code) {
  if (verb == Verb::kCreate || verb == Verb::kBind) {
    return code == Code::kAlreadyExists || (verb == Verb::kBind && code == Code::kConflict);
  }
  return code == Code::kNotFound;
}

Result<Json> DeleteWith(kube::Client& client, const Write& write, std::stop_token stop) {
  const kube::ResourceType& type = DefaultType(write.key.kind);
  const Json options = {{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"gracePeriodSeconds", 0}};
  return client.Call("DELETE", kube::ObjectPath(type, write.key.space, write.key.name), &options,
                     stop);
}

}  // namespace

Result<Json> Writer::Send(const Write& write, std::stop_token stop) {
  const kube::ResourceType& type = DefaultType(write.key.kind);
  const std::string& space = write.key.space;
  const std::string& name = write.key.name;
  kube::PatchOptions options;
  options.field_manager = "virtlens-actor";
  switch (write.verb) {
    case Verb::kCreate:
      return client_.Create(type, space, write.body, stop);
    case Verb::kReplace:
      return client_.Replace(type, write.body, "", stop);
    case Verb::kReplaceStatus:
      return client_.Replace(type, write.body, "status", stop);
    case Verb::kMergeStatus:
      options.subresource = "status";
      [[fallthrough]];
    case Verb::kMerge:
      return client_.Patch(type, space, name, kube::PatchType::kMerge, write.body, options, stop);
    case Verb::kDelete: {
      auto deleted = client_.Delete(type, space, name, {}, stop);
      if (!deleted) return Fail(std::move(deleted.error()));
      return Json::object();
    }
    case Verb::kDeleteNow: {
      // Answers with the object that is gone: no version to expect.
      auto deleted = DeleteWith(client_, write, stop);
      if (!deleted) return deleted;
      return Json::object();
    }
    case Verb::kBind:
      return client_.Call("POST", kube::ObjectPath(type, space, name, "binding"), &write.body,
                          stop);
  }
  return Fail(Code::kInternal, "unknown verb");
}

Result<void> Writer::Do(const Write& write, std::stop_token stop) {
  ++writes_;
  const auto answer = Send(write, stop);
  if (answer) {
    // A Binding answers with a Status, which has no version.
    store_.Expect(write.key, Text(*answer, "metadata/resourceVersion"));
    return {};
  }
  const Error& error = answer.error();
  if (Harmless(write.verb, error.code)) return {};
  if (error.code == Code::kConflict) {
    ++conflicts_;
  } else if (error.code != Code::kCanceled) {
    ++errors_;
  }
  return Fail(error);
}

Result<Json> Writer::CreateOther(const kube::ResourceType& type, const Json& body,
                                 std::stop_token stop) {
  ++writes_;
  auto created = client_.Create(type, Space(body), body, stop);
  if (created || created.error().code != Code::kAlreadyExists) return created;
  return client_.Get(type, Space(body), Name(body), stop);
}

}  // namespace virtlens::sim::actor
