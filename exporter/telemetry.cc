#include "exporter/telemetry.h"

#include <dirent.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <sstream>

namespace virtlens::exporter {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using LabelPairs = std::vector<ClientMetric::Label>;

// A family that is filled line by line.
class FamilyBuilder {
 public:
  FamilyBuilder(std::vector<MetricFamily>& families, MetricType type, std::string name,
                std::string help)
      : family_(families.emplace_back()), type_(type) {
    family_.type = type;
    family_.name = std::move(name);
    family_.help = std::move(help);
  }

  FamilyBuilder& Add(double value, LabelPairs labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type_ == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    family_.metric.push_back(std::move(metric));
    return *this;
  }
  FamilyBuilder& Add(std::uint64_t value, LabelPairs labels = {}) {
    return Add(static_cast<double>(value), std::move(labels));
  }
  FamilyBuilder& Add(ClientMetric metric) {
    family_.metric.push_back(std::move(metric));
    return *this;
  }

 private:
  MetricFamily& family_;
  const MetricType type_;
};

struct SourceCounter {
  std::string_view name;
  std::string_view help;
  std::uint64_t (*read)(const Sources::Status&);
};

constexpr SourceCounter kSourceCounters[] = {
    {"virtlens_lists_total", "Lists begun.",
     [](const Sources::Status& s) { return s.reflector->lists.load(); }},
    {"virtlens_list_errors_total", "Lists that broke off or were refused.",
     [](const Sources::Status& s) { return s.reflector->list_errors.load(); }},
    {"virtlens_watches_total", "Watches opened.",
     [](const Sources::Status& s) { return s.reflector->watches.load(); }},
    {"virtlens_watch_errors_total", "Watches that broke off or were refused.",
     [](const Sources::Status& s) { return s.reflector->watch_errors.load(); }},
    {"virtlens_watch_expired_total", "Times that the API server had forgotten our resourceVersion.",
     [](const Sources::Status& s) { return s.reflector->expired.load(); }},
    {"virtlens_watch_bookmarks_total", "Bookmarks received.",
     [](const Sources::Status& s) { return s.reflector->bookmarks.load(); }},
    {"virtlens_received_bytes_total", "Bytes of lists and watches.",
     [](const Sources::Status& s) { return s.reflector->bytes.load(); }},
    {"virtlens_decode_errors_total", "Objects that did not decode.",
     [](const Sources::Status& s) { return s.decode_errors; }},
    {"virtlens_repaired_strings_total", "Ill-formed UTF-8 sequences replaced while decoding.",
     [](const Sources::Status& s) { return s.repaired; }},
    {"virtlens_label_conflicts_total",
     "Pairs of keys that met in one name of virt_vm_labels; the log names them.",
     [](const Sources::Status& s) { return s.label_conflicts; }},
};

using Readers = std::vector<std::shared_ptr<ClusterReader>>;

void AppendSources(const Readers& readers, std::vector<MetricFamily>& families) {
  std::vector<std::pair<std::string, Sources::Status>> statuses;
  for (const auto& reader : readers) {
    const std::string cluster = reader->name();
    for (auto& status : reader->sources().statuses()) statuses.emplace_back(cluster, status);
  }
  for (const SourceCounter& counter : kSourceCounters) {
    FamilyBuilder family(families, MetricType::Counter, std::string(counter.name),
                         std::string(counter.help));
    for (const auto& [cluster, status] : statuses) {
      family.Add(counter.read(status), {{"cluster", cluster}, {"resource", status.resource}});
    }
  }
  FamilyBuilder events(families, MetricType::Counter, "virtlens_watch_events_total",
                       "Watch events received.");
  for (const auto& [cluster, status] : statuses) {
    const auto add = [&, &name = cluster, &of = status](const char* type, std::uint64_t count) {
      events.Add(count, {{"cluster", name}, {"resource", of.resource}, {"type", type}});
    };
    add("added", status.reflector->events_added.load());
    add("modified", status.reflector->events_modified.load());
    add("deleted", status.reflector->events_deleted.load());
  }
}

ClientMetric HistogramMetric(const Histogram& histogram, LabelPairs labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram.sample_count = histogram.count();
  metric.histogram.sample_sum = histogram.sum();
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    below += histogram.counts()[i];
    metric.histogram.bucket.push_back({below, histogram.bounds()[i]});
  }
  metric.histogram.bucket.push_back({histogram.count(), std::numeric_limits<double>::infinity()});
  return metric;
}

void AppendScrapes(const ScrapeStatistics& statistics, std::vector<MetricFamily>& families) {
  const auto each = [&](MetricType type, const char* name, const char* help, auto add) {
    FamilyBuilder family(families, type, name, help);
    for (const auto& [component, one] : statistics) {
      add(family, one, LabelPairs{{"component", std::string(ComponentName(component))}});
    }
  };
  each(MetricType::Gauge, "virtlens_component_targets", "Endpoints of components that are scraped.",
       [](FamilyBuilder& family, const ComponentStatistics& one, LabelPairs labels) {
         family.Add(one.targets, std::move(labels));
       });
  each(MetricType::Counter, "virtlens_component_scrapes_total",
       "Scrapes of components, by what came of them.",
       [](FamilyBuilder& family, const ComponentStatistics& one, const LabelPairs& labels) {
         for (const auto& [reason, count] : one.scrapes) {
           LabelPairs with_result = labels;
           with_result.push_back({"result", std::string(reason.text())});
           family.Add(count, std::move(with_result));
         }
       });
  each(MetricType::Histogram, "virtlens_component_scrape_duration_seconds",
       "How long scrapes of components took, failed ones too.",
       [](FamilyBuilder& family, const ComponentStatistics& one, LabelPairs labels) {
         family.Add(HistogramMetric(one.seconds, std::move(labels)));
       });
  each(MetricType::Counter, "virtlens_component_bytes_total", "Bytes of their metrics pages.",
       [](FamilyBuilder& family, const ComponentStatistics& one, LabelPairs labels) {
         family.Add(one.bytes, std::move(labels));
       });
  each(MetricType::Counter, "virtlens_component_skipped_lines_total",
       "Lines of their pages that no family needs.",
       [](FamilyBuilder& family, const ComponentStatistics& one, LabelPairs labels) {
         family.Add(one.skipped_lines, std::move(labels));
       });
}

// A counter of which each cluster has one.
template <class Values>
struct ClusterCounter {
  std::string_view name;
  std::string_view help;
  double (*read)(const Values&);
};

constexpr ClusterCounter<StoreStatistics> kStoreCounters[] = {
    {"virtlens_seals_total", "Scrapes that found changes to render.",
     [](const StoreStatistics& s) { return static_cast<double>(s.seals); }},
    {"virtlens_seal_seconds_total", "Time spent sealing.",
     [](const StoreStatistics& s) { return s.seal_seconds; }},
    {"virtlens_rendered_chunks_total", "Pairs of leaf and family rendered.",
     [](const StoreStatistics& s) { return static_cast<double>(s.rendered_chunks); }},
    {"virtlens_compressed_chunks_total", "Rendered chunks whose text differed.",
     [](const StoreStatistics& s) { return static_cast<double>(s.compressed_chunks); }},
    {"virtlens_repaired_labels_total", "Label values that were not UTF-8, repaired.",
     [](const StoreStatistics& s) { return static_cast<double>(s.repaired_labels); }},
};

constexpr ClusterCounter<kube::ClientStatistics> kClientCounters[] = {
    {"virtlens_api_requests_total", "Requests to the API server, without watches.",
     [](const kube::ClientStatistics& k) { return static_cast<double>(k.requests); }},
    {"virtlens_api_errors_total", "Of those, errors.",
     [](const kube::ClientStatistics& k) { return static_cast<double>(k.errors); }},
    {"virtlens_api_retries_total", "Of those, retries after Retry-After.",
     [](const kube::ClientStatistics& k) { return static_cast<double>(k.retries); }},
    {"virtlens_api_throttled_total", "Requests that API priority and fairness put off.",
     [](const kube::ClientStatistics& k) { return static_cast<double>(k.throttled); }},
};

void AppendClusters(const Readers& readers, std::vector<MetricFamily>& families) {
  const auto append = [&](const auto& counters, const auto& values_of) {
    for (const auto& counter : counters) {
      FamilyBuilder family(families, MetricType::Counter, std::string(counter.name),
                           std::string(counter.help));
      for (const auto& reader : readers) {
        family.Add(counter.read(values_of(*reader)), {{"cluster", reader->name()}});
      }
    }
  };
  append(kStoreCounters, [](const ClusterReader& r) { return r.store().statistics(); });
  append(kClientCounters, [](const ClusterReader& r) { return r.client().statistics(); });
  FamilyBuilder page(families, MetricType::Gauge, "virtlens_page_bytes",
                     "Size of the current page.");
  for (const auto& reader : readers) {
    const StoreStatistics s = reader->store().statistics();
    page.Add(s.raw_bytes, {{"cluster", reader->name()}, {"encoding", "identity"}})
        .Add(s.gzip_bytes, {{"cluster", reader->name()}, {"encoding", "gzip"}});
  }
}

void AppendMembers(const Clusters& clusters, std::vector<MetricFamily>& families) {
  FamilyBuilder family(families, MetricType::Gauge, "virtlens_cluster_up",
                       "1: the cluster is being read; 0: it cannot be, see /readyz for why.");
  for (const auto& reader : clusters.readers()) family.Add(1.0, {{"cluster", reader->name()}});
  for (const auto& refusal : clusters.refusals()) family.Add(0.0, {{"cluster", refusal.name}});
}

void AppendServer(const http::Server& server, std::vector<MetricFamily>& families) {
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    FamilyBuilder(families, MetricType::Counter, name, help).Add(value);
  };
  const http::ServerStatistics h = server.statistics();
  counter("virtlens_http_requests_total", "Requests received.", h.requests);
  counter("virtlens_http_requests_limited_total", "Requests refused: too many at once.",
          h.requests_limited);
  counter("virtlens_http_connections_total", "Connections accepted.", h.connections_accepted);
  counter("virtlens_http_connections_refused_total", "Connections refused: too many.",
          h.connections_refused);
  counter("virtlens_http_timeouts_total", "Connections cut because a deadline passed.", h.timeouts);
  counter("virtlens_http_protocol_errors_total", "Connections that did not speak HTTP or TLS.",
          h.protocol_errors);
  counter("virtlens_http_sent_bytes_total", "Bytes sent.", h.bytes_sent);
  counter("virtlens_certificate_reloads_total", "Server certificates reloaded.",
          h.certificate_reloads);
  counter("virtlens_certificate_reload_errors_total", "Server certificates that did not load.",
          h.certificate_reload_errors);
  FamilyBuilder(families, MetricType::Gauge, "virtlens_http_connections", "Connections open.")
      .Add(h.connections_open);
}

// Fields after the command name, which may itself hold spaces and parentheses (proc(5)).
std::vector<double> ProcessStat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 2)));
  std::string state;
  fields >> state;
  std::vector<double> numbers;
  for (double number = 0; fields >> number;) numbers.push_back(number);
  return numbers;
}

double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string key; file >> key;) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
    file.ignore(4096, '\n');
  }
  return 0;
}

double OpenFiles() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = -3;                                // ".", ".." and the directory itself
  while (::readdir(directory) != nullptr) ++count;  // NOLINT(concurrency-mt-unsafe): own stream
  ::closedir(directory);
  return count;
}

void AppendProcess(std::vector<MetricFamily>& families) {
  const std::vector<double> stat = ProcessStat();
  if (stat.size() < 21) return;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  const auto gauge = [&](const char* name, const char* help, double value) {
    FamilyBuilder(families, MetricType::Gauge, name, help).Add(value);
  };
  // proc(5) numbers fields from 1; "ppid", our first, is field 4.
  const auto field = [&](std::size_t number) { return stat[number - 4]; };
  FamilyBuilder(families, MetricType::Counter, "process_cpu_seconds_total",
                "User and system CPU time spent.")
      .Add((field(14) + field(15)) / ticks);
  gauge("process_start_time_seconds", "When the process started.", BootTime() + field(22) / ticks);
  gauge("process_virtual_memory_bytes", "Virtual memory size.", field(23));
  gauge("process_resident_memory_bytes", "Resident memory size.", field(24) * page);
  gauge("process_threads", "Threads.", field(20));
  gauge("process_open_fds", "Open file descriptors.", OpenFiles());
}

}  // namespace

std::string TelemetryText(const TelemetryInputs& inputs) {
  std::vector<MetricFamily> families;
  families.reserve(64);  // builders keep references
  FamilyBuilder(families, MetricType::Gauge, "virtlens_build_info", "The version that runs.")
      .Add(1.0, {{"version", VIRTLENS_VERSION}});
  const Readers readers = inputs.clusters.readers();
  AppendMembers(inputs.clusters, families);
  AppendSources(readers, families);
  AppendScrapes(readers.front()->components().statistics(), families);
  AppendClusters(readers, families);
  AppendServer(inputs.platform, families);
  FamilyBuilder refused(families, MetricType::Counter, "virtlens_scrapes_refused_total",
                        "Scrapes of /metrics that were answered with an error.");
  for (const auto& [status, count] : inputs.refusals.counts()) {
    refused.Add(count, {{"code", std::to_string(status)}});
  }
  AppendProcess(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace virtlens::exporter
