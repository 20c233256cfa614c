#include "exporter/endpoints.h"

#include <charconv>
#include <cmath>

#include "exporter/exposition/negotiation.h"
#include "exporter/scrape_selection.h"

namespace virtlens::exporter {
namespace {

constexpr double kMaxScrapeTimeoutSeconds = 3600;

constexpr std::string_view kLandingPage = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Virtlens exporter</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}
code{background:#8882;padding:.1em .3em}</style></head><body>
<h1>Virtlens exporter )" VIRTLENS_VERSION R"(</h1>
<ul><li><a href="/metrics">/metrics</a> series of the platform's virtual machines
(<code>?families=virt_vm_status</code> and <code>?resources=migrations</code> select)</li>
<li><a href="/readyz">/readyz</a> which sources are synced</li>
<li><a href="/livez">/livez</a> whether the process answers</li></ul>
<p>The program's own metrics are on the telemetry address.</p></body></html>
)";

int StatusOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return 400;
    case Code::kUnauthorized:
      return 401;
    case Code::kForbidden:
      return 403;
    default:
      return 503;
  }
}

http::Response Refuse(const EndpointInputs& inputs, const Error& error) {
  const int status = StatusOf(error.code);
  inputs.refusals->Count(status);
  http::Response response = http::Response::Text(status, error.message + "\n");
  if (status == 401) response.headers.Set("WWW-Authenticate", "Bearer");
  return response;
}

http::Response Metrics(const EndpointInputs& inputs, const http::Request& request) {
  const auto selection = SelectScrape(request, inputs.clusters, inputs.access);
  if (!selection) return Refuse(inputs, selection.error());
  const Format format = Negotiate(request.headers.Find("Accept").value_or(""));
  const bool gzip = AcceptsGzip(request.headers.Find("Accept-Encoding").value_or(""));
  http::Response response =
      inputs.clusters.Scrape(selection->clusters)
          ->Respond(format, gzip, selection->families ? &*selection->families : nullptr,
                    selection->scope ? &*selection->scope : nullptr);
  response.send_within = ScrapeTimeout(request);
  return response;
}

http::Response Readiness(const EndpointInputs& inputs) {
  if (inputs.draining()) return http::Response::Text(503, "stopping\n");
  const bool ready = inputs.clusters.ready();
  const auto readers = inputs.clusters.readers();
  std::string body;
  for (const auto& reader : readers) {
    const std::string cluster = readers.size() == 1 ? "" : reader->name() + " ";
    for (const Sources::Status& status : reader->sources().statuses()) {
      body += std::string(status.ready ? "[+] " : "[-] ") + cluster + status.resource + ": " +
              std::string(status.reason.text());
      if (!status.ready && !status.detail.empty()) body += " (" + status.detail + ")";
      body += "\n";
    }
  }
  for (const Clusters::Refusal& refusal : inputs.clusters.refusals()) {
    body += "[-] " + refusal.name + ": " + refusal.reason + "\n";
  }
  return http::Response::Text(ready ? 200 : 503, body + (ready ? "ready\n" : "not ready\n"));
}

http::Route LivenessRoute() {
  return {.path = "/livez",
          .handler = [](const http::Request&) { return http::Response::Text(200, "ok\n"); },
          .run_on = http::RunOn::kInline};
}

http::Route ReadinessRoute(const EndpointInputs& inputs) {
  return {.path = "/readyz",
          .handler = [inputs](const http::Request&) { return Readiness(inputs); }};
}

}  // namespace

std::optional<std::chrono::milliseconds> ScrapeTimeout(const http::Request& request) {
  const auto value = request.headers.Find("X-Prometheus-Scrape-Timeout-Seconds");
  if (!value) return std::nullopt;
  double seconds = 0;
  const char* const end = value->data() + value->size();
  const auto [rest, error] = std::from_chars(value->data(), end, seconds);
  if (error != std::errc() || rest != end) return std::nullopt;
  if (!(seconds > 0) || seconds > kMaxScrapeTimeoutSeconds) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

std::vector<http::Route> PlatformRoutes(const EndpointInputs& inputs) {
  return {{.path = "/metrics",
           .handler = [inputs](const http::Request& request) { return Metrics(inputs, request); },
           .max_in_flight = inputs.max_scrapes},
          ReadinessRoute(inputs),
          LivenessRoute(),
          {.path = "/",
           .handler =
               [](const http::Request& request) {
                 if (request.path != "/") return http::Response::Text(404, "not found\n");
                 http::Response page;
                 page.headers.Set("Content-Type", "text/html; charset=utf-8");
                 page.body = std::string(kLandingPage);
                 return page;
               },
           .run_on = http::RunOn::kInline}};
}

std::vector<http::Route> TelemetryRoutes(const EndpointInputs& inputs,
                                         std::function<std::string()> text) {
  return {{.path = "/metrics",
           .handler =
               [text = std::move(text)](const http::Request&) {
                 http::Response page = http::Response::Text(200, text());
                 page.headers.Set("Content-Type", std::string(ContentType(Format::kText)));
                 return page;
               },
           .max_in_flight = inputs.max_scrapes},
          ReadinessRoute(inputs),
          LivenessRoute()};
}

}  // namespace virtlens::exporter
