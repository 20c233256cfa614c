#include "exporter/exposition/family_header.h"

#include "base/text.h"
#include "exporter/exposition/sample_writer.h"

namespace virtlens::exporter {
namespace {

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kInfo = "_info";

bool EndsWithUnit(std::string_view name, std::string_view unit) {
  return !unit.empty() && name.size() > unit.size() + 1 && name.ends_with(unit) &&
         name[name.size() - unit.size() - 1] == '_';
}

void AppendHelp(std::string& out, std::string_view help, bool escape_quotes) {
  for (const char c : help) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && escape_quotes)) out += '\\';
    out += c;
  }
}

void AppendLine(std::string& out, std::string_view keyword, std::string_view name,
                std::string_view rest) {
  out += "# ";
  out += keyword;
  out += ' ';
  out += name;
  out += ' ';
  out += rest;
  out += '\n';
}

}  // namespace

std::string_view FamilyTypeName(FamilyType type) {
  switch (type) {
    case FamilyType::kGauge:
      return "gauge";
    case FamilyType::kCounter:
      return "counter";
    case FamilyType::kHistogram:
      return "histogram";
    case FamilyType::kInfo:
      break;
  }
  return "info";
}

Result<void> CheckFamily(const FamilyDescription& family) {
  const auto bad = [&](std::string_view what) {
    return Fail(Code::kInvalidArgument,
                "metric family " + std::string(family.name) + ": " + std::string(what));
  };
  if (!IsMetricName(family.name)) return bad("not a metric name");
  const bool total = family.name.ends_with(kTotal);
  if (total != (family.type == FamilyType::kCounter)) {
    return bad("_total belongs to counters, and to all of them");
  }
  const bool info = family.name.ends_with(kInfo);
  if (info != (family.type == FamilyType::kInfo)) {
    return bad("_info belongs to info families, and to all of them");
  }
  if (OpenMetricsName(family).empty()) return bad("nothing but a suffix");
  if (!family.unit.empty() && !IsLabelName(family.unit)) return bad("not a unit");
  if (info && !family.unit.empty()) return bad("an info family has no unit");
  if (family.help.empty()) return bad("no help");
  if (!IsUtf8(family.help)) return bad("help is not UTF-8");
  return {};
}

std::string_view OpenMetricsName(const FamilyDescription& family) {
  std::string_view name = family.name;
  if (family.type == FamilyType::kCounter && name.ends_with(kTotal)) {
    name.remove_suffix(kTotal.size());
  } else if (family.type == FamilyType::kInfo && name.ends_with(kInfo)) {
    name.remove_suffix(kInfo.size());
  }
  return name;
}

std::string FamilyHeader(const FamilyDescription& family, Format format) {
  const bool open_metrics = IsOpenMetrics(format);
  const std::string_view name = open_metrics ? OpenMetricsName(family) : family.name;
  // Text 0.0.4 knows no info type; one unknown type and Prometheus drops the scrape.
  const FamilyType type =
      !open_metrics && family.type == FamilyType::kInfo ? FamilyType::kGauge : family.type;
  std::string help;
  AppendHelp(help, family.help, open_metrics);
  std::string header;
  AppendLine(header, "HELP", name, help);
  AppendLine(header, "TYPE", name, FamilyTypeName(type));
  if (open_metrics && family.type != FamilyType::kInfo && EndsWithUnit(name, family.unit)) {
    AppendLine(header, "UNIT", name, family.unit);
  }
  return header;
}

}  // namespace virtlens::exporter
