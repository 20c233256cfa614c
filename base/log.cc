#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "base/time.h"

namespace virtlens {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 4> kLevelTags = {"DEBUG", "INFO", "WARN", "ERROR"};

std::atomic<LogLevel> g_level = LogLevel::kInfo;
std::atomic<LogFormat> g_format = LogFormat::kText;
std::mutex g_mutex;
std::function<void(std::string_view)> g_sink;

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
  }
  return false;
}

// JSON's escapes, so that a value with a line break cannot forge a second line.
std::string Quoted(std::string_view value) { return nlohmann::json(RepairUtf8(value)).dump(); }

std::string TextLine(LogLevel level, std::string_view message, LogFields fields) {
  std::string line = FormatRfc3339(Clock::System().Now());
  line += ' ';
  line += kLevelTags[static_cast<std::size_t>(level)];
  line += ' ';
  for (const char c : message) line += c == '\n' || c == '\r' ? ' ' : c;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += NeedsQuotes(field.value) ? Quoted(field.value) : field.value;
  }
  return line;
}

std::string JsonLine(LogLevel level, std::string_view message, LogFields fields) {
  nlohmann::ordered_json line;
  line["time"] = FormatRfc3339(Clock::System().Now());
  line["level"] = kLevelNames[static_cast<std::size_t>(level)];
  line["msg"] = RepairUtf8(message);
  for (const LogField& field : fields) line[std::string(field.key)] = RepairUtf8(field.value);
  return line.dump();
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (text == kLevelNames[i]) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> ParseLogFormat(std::string_view text) {
  if (text == "text") return LogFormat::kText;
  if (text == "json") return LogFormat::kJson;
  return std::nullopt;
}

void ConfigureLog(LogLevel level, LogFormat format) {
  g_level = level;
  g_format = format;
}

void SetLogSink(std::function<void(std::string_view)> sink) {
  std::lock_guard lock(g_mutex);
  g_sink = std::move(sink);
}

void Log(LogLevel level, std::string_view message, LogFields fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  std::string line = g_format == LogFormat::kJson ? JsonLine(level, message, fields)
                                                  : TextLine(level, message, fields);
  std::lock_guard lock(g_mutex);
  if (g_sink) {
    g_sink(line);
    return;
  }
  line += '\n';
  // A log that cannot be written must not stop the program; there is nowhere to say so.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace virtlens
