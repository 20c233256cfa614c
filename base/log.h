// The log: one line per event on standard error, as text or JSON.
//
//   Info("watch ended", {{"resource", "pods"}, {"reason", "expired"}});
//   2026-11-21T10:00:00Z INFO watch ended resource=pods reason=expired
//   {"time":"2026-11-21T10:00:00Z","level":"info","msg":"watch ended","resource":"pods",...}
//
// Free text from objects (condition messages, failure reasons) belongs here, never in a label. No
// secret may be passed: tokens and keys are never logged, not even at debug.
//
// Thread contract: every function may be called from any thread; a line is written whole.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace virtlens {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

struct LogField {
  std::string_view key;
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

std::optional<LogLevel> ParseLogLevel(std::string_view text);    // debug info warning error
std::optional<LogFormat> ParseLogFormat(std::string_view text);  // text json

void ConfigureLog(LogLevel level, LogFormat format);
// Replaces standard error, for tests; an empty function restores it.
void SetLogSink(std::function<void(std::string_view line)> sink);

void Log(LogLevel level, std::string_view message, LogFields fields = {});
inline void Debug(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kDebug, message, fields);
}
inline void Info(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void Warning(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kError, message, fields);
}

}  // namespace virtlens
