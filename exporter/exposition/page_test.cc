#include "exporter/exposition/page.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "exporter/exposition/family_header.h"
#include "exporter/exposition/sample_writer.h"
#include "exporter/exposition/testing/exposition_reader.h"

namespace virtlens::exporter {
namespace {

FamilyPart Part(const FamilyDescription& family, const std::vector<std::string>& texts) {
  FamilyPart part;
  part.name = family.name;
  part.text_header = Compress(FamilyHeader(family, Format::kText));
  part.openmetrics_header = Compress(FamilyHeader(family, Format::kOpenMetrics));
  for (const std::string& text : texts) part.chunks.push_back(Compress(text));
  return part;
}

Page SmallPage() {
  std::vector<FamilyPart> families;
  families.push_back(
      Part({"virt_vm_info", FamilyType::kInfo, "", "The VM."},
           {"virt_vm_info{vm_name=\"a\"} 1\n", "", "virt_vm_info{vm_name=\"b\"} 1\n"}));
  families.push_back(Part({"virt_vm_ready", FamilyType::kGauge, "", "Never seen."}, {""}));
  families.push_back(Part({"virt_vm_migrations_total", FamilyType::kCounter, "", "Migrations."},
                          {"virt_vm_migrations_total{vm_name=\"a\"} 7\n"}));
  return Page(std::move(families));
}

constexpr std::string_view kSmallText =
    "# HELP virt_vm_info The VM.\n"
    "# TYPE virt_vm_info gauge\n"
    "virt_vm_info{vm_name=\"a\"} 1\n"
    "virt_vm_info{vm_name=\"b\"} 1\n"
    "# HELP virt_vm_migrations_total Migrations.\n"
    "# TYPE virt_vm_migrations_total counter\n"
    "virt_vm_migrations_total{vm_name=\"a\"} 7\n";

constexpr std::string_view kSmallOpenMetrics =
    "# HELP virt_vm The VM.\n"
    "# TYPE virt_vm info\n"
    "virt_vm_info{vm_name=\"a\"} 1\n"
    "virt_vm_info{vm_name=\"b\"} 1\n"
    "# HELP virt_vm_migrations Migrations.\n"
    "# TYPE virt_vm_migrations counter\n"
    "virt_vm_migrations_total{vm_name=\"a\"} 7\n"
    "# EOF\n";

std::optional<std::string> Header(const http::Response& response, std::string_view name) {
  for (const auto& [field, value] : response.headers.fields()) {
    if (field == name) return value;
  }
  return std::nullopt;
}

std::string Gunzip(std::string gzip) {
  std::string text(1 << 20, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(gzip.data());
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int status = inflate(&stream, Z_FINISH);
  text.resize(text.size() - stream.avail_out);
  inflateEnd(&stream);
  return status == Z_STREAM_END ? text : "not one gzip member";
}

std::string BytesOf(const http::Response& response) {
  std::string bytes;
  for (const http::Buffer& buffer : std::get<std::vector<http::Buffer>>(response.body)) {
    bytes += buffer.bytes;
  }
  return bytes;
}

// The pieces a server would send one after another.
std::vector<std::string> PiecesOf(const http::Response& response) {
  std::vector<std::string> pieces;
  http::BodyGenerator generate = std::get<http::BodyGenerator>(response.body);
  std::string piece;
  while (generate(piece)) pieces.push_back(piece);
  return pieces;
}

std::string TextOf(const http::Response& response) {
  std::string text;
  for (const std::string& piece : PiecesOf(response)) text += piece;
  return text;
}

TEST(Page, GzipAndIdentityCarryTheSameText) {
  const Page page = SmallPage();
  EXPECT_EQ(Gunzip(BytesOf(page.Respond(Format::kText, true))), kSmallText);
  EXPECT_EQ(TextOf(page.Respond(Format::kText, false)), kSmallText);
  EXPECT_EQ(Gunzip(BytesOf(page.Respond(Format::kOpenMetrics, true))), kSmallOpenMetrics);
  EXPECT_EQ(TextOf(page.Respond(Format::kOpenMetrics, false)), kSmallOpenMetrics);
  EXPECT_EQ(TextOf(page.Respond(Format::kOpenMetrics001, false)), kSmallOpenMetrics);
}

TEST(Page, BothFormatsPassTheStrictReader) {
  const Page page = SmallPage();
  const auto text = ReadExposition(TextOf(page.Respond(Format::kText, false)));
  ASSERT_TRUE(text) << text.error().message;
  const auto openmetrics =
      ReadExposition(TextOf(page.Respond(Format::kOpenMetrics, false)), Format::kOpenMetrics);
  ASSERT_TRUE(openmetrics) << openmetrics.error().message;
  EXPECT_EQ(text->sample_count(), 3U);
  EXPECT_EQ(openmetrics->Value("virt_vm_migrations_total", {{"vm_name", "a"}}), 7);
}

TEST(Page, HeadersSayFormatAndCoding) {
  const Page page = SmallPage();
  const http::Response gzip = page.Respond(Format::kOpenMetrics, true);
  EXPECT_EQ(gzip.status, 200);
  EXPECT_EQ(Header(gzip, "Content-Type"), ContentType(Format::kOpenMetrics));
  EXPECT_EQ(Header(gzip, "Content-Encoding"), "gzip");
  const http::Response identity = page.Respond(Format::kText, false);
  EXPECT_EQ(Header(identity, "Content-Type"), ContentType(Format::kText));
  EXPECT_EQ(Header(identity, "Content-Encoding"), std::nullopt);
  EXPECT_EQ(Header(identity, "Vary"), "Accept, Accept-Encoding");
}

TEST(Page, OnlyNamedFamiliesAreSent) {
  const Page page = SmallPage();
  const FamilyNames only = {"virt_vm_migrations_total", "virt_vm_ready", "no_such_family"};
  const std::string expected =
      "# HELP virt_vm_migrations_total Migrations.\n"
      "# TYPE virt_vm_migrations_total counter\n"
      "virt_vm_migrations_total{vm_name=\"a\"} 7\n";
  EXPECT_EQ(TextOf(page.Respond(Format::kText, false, &only)), expected);
  EXPECT_EQ(Gunzip(BytesOf(page.Respond(Format::kText, true, &only))), expected);
  const FamilyNames none;
  EXPECT_EQ(TextOf(page.Respond(Format::kText, false, &none)), "");
  EXPECT_EQ(Gunzip(BytesOf(page.Respond(Format::kText, true, &none))), "");
  EXPECT_EQ(TextOf(page.Respond(Format::kOpenMetrics, false, &none)), "# EOF\n");
}

TEST(Page, SizesAreThoseOfTheBodies) {
  const Page page = SmallPage();
  EXPECT_EQ(page.raw_bytes(), kSmallText.size());
  EXPECT_EQ(page.raw_bytes(Format::kOpenMetrics), kSmallOpenMetrics.size());
  EXPECT_EQ(page.gzip_bytes(), BytesOf(page.Respond(Format::kText, true)).size());
  EXPECT_EQ(page.gzip_bytes(Format::kOpenMetrics),
            BytesOf(page.Respond(Format::kOpenMetrics, true)).size());
}

TEST(Page, AnEmptyPageIsAnEmptyText) {
  const Page page({});
  EXPECT_EQ(TextOf(page.Respond(Format::kText, false)), "");
  EXPECT_EQ(TextOf(page.Respond(Format::kOpenMetrics, false)), "# EOF\n");
  EXPECT_EQ(page.raw_bytes(), 0U);
}

TEST(Page, ResponsesOutliveThePageAndLetChunksGoAsTheyAreSent) {
  std::weak_ptr<const Chunk> first;
  http::Response identity;
  http::Response gzip;
  {
    const std::string large(100'000, 'x');
    const Page page({Part({"a", FamilyType::kGauge, "", "h"}, {large, large, large})});
    first = page.families()[0].chunks[0];
    identity = page.Respond(Format::kText, false);
    gzip = page.Respond(Format::kText, true);
  }
  EXPECT_EQ(Gunzip(BytesOf(gzip)).size(),
            300'000U + std::string("# HELP a h\n# TYPE a gauge\n").size());
  gzip = {};
  EXPECT_FALSE(first.expired());
  auto& generate = std::get<http::BodyGenerator>(identity.body);
  std::string piece;
  ASSERT_TRUE(generate(piece));
  EXPECT_TRUE(first.expired());
}

TEST(Page, IdentityComesInPiecesOfAboutOneChunk) {
  const std::string line(1000, 'x');
  const std::string large(100'000, 'y');
  std::vector<std::string> texts(500, line);
  texts.resize(510, large);
  const Page page({Part({"a", FamilyType::kGauge, "", "h"}, texts)});
  const std::vector<std::string> pieces = PiecesOf(page.Respond(Format::kText, false));
  std::size_t total = 0;
  for (const std::string& piece : pieces) {
    EXPECT_LE(piece.size(), 32'768 + large.size());
    total += piece.size();
  }
  EXPECT_EQ(total, page.raw_bytes());
  EXPECT_LT(pieces.size(), 30U);
}

TEST(Page, ADamagedChunkMakesTheWholeTextUnreadable) {
  FamilyPart part =
      Part({"a", FamilyType::kGauge, "", "h"}, {"a{x=\"1\"} 1\n", "", "a{x=\"3\"} 3\n"});
  auto damaged = std::make_shared<Chunk>(*Compress("a{x=\"2\"} 2\n"));
  damaged->crc32 ^= 1;
  part.chunks[1] = damaged;
  const Page page({part});
  const std::string text = TextOf(page.Respond(Format::kText, false));
  EXPECT_EQ(text.find("x=\"3\""), std::string::npos);
  EXPECT_FALSE(ReadExposition(text));
}

std::string Lines(const std::string& project, const std::string& cluster) {
  return "virt_vm_ready{workspace=\"w\",project=\"" + project + "\",cluster=\"" + cluster +
         "\",vm_name=\"a\"} 1\n";
}

TEST(ScopedPage, ATenantReadsItsOwnProjectsOnly) {
  FamilyPart vms = Part({"virt_vm_ready", FamilyType::kGauge, "", "Ready."}, {});
  const auto add = [&](const std::string& text, const std::string& first, const std::string& last) {
    const auto chunk = Compress(text);
    chunk->first_project = first;
    chunk->last_project = last;
    vms.chunks.push_back(chunk);
  };
  add(Lines("a", "c1") + Lines("b", "c1"), "a", "b");
  add(Lines("b", "c2") + Lines("shop", "c1"), "b", "shop");
  FamilyPart nodes = Part({"virt_node_ready", FamilyType::kGauge, "", "Ready."},
                          {"virt_node_ready{cluster=\"c1\",node=\"b\"} 1\n"});
  const Page page({vms, nodes});

  SeriesScope scope;
  scope.Allow("c1", "b");
  const std::string header = "# HELP virt_vm_ready Ready.\n# TYPE virt_vm_ready gauge\n";
  EXPECT_EQ(TextOf(page.Respond(Format::kText, false, nullptr, &scope)), header + Lines("b", "c1"));
  EXPECT_EQ(Gunzip(BytesOf(page.Respond(Format::kText, true, nullptr, &scope))),
            header + Lines("b", "c1"));
  SeriesScope unknown;
  unknown.Allow("c1", "ab");
  EXPECT_EQ(TextOf(page.Respond(Format::kText, false, nullptr, &unknown)), "");
}

// A value may look like a label; only the identity in front counts.
TEST(SeriesScope, LabelsThatQuoteOthersDoNotCount) {
  SeriesScope scope;
  scope.Allow("c", "mine");
  const auto line = [](const std::string& workspace, const std::string& project) {
    return "f{workspace=\"" + EscapeLabelValue(workspace) + "\",project=\"" + project +
           "\",cluster=\"c\",x=\"project=mine\"} 1\n";
  };
  EXPECT_TRUE(scope.Keeps(line("w", "mine")));
  EXPECT_FALSE(scope.Keeps(line("w", "theirs")));
  EXPECT_FALSE(scope.Keeps(line("\",project=\"mine\",cluster=\"c", "theirs")));
  EXPECT_FALSE(scope.Keeps("f{cluster=\"c\",project=\"mine\"} 1\n"));
  EXPECT_FALSE(scope.Keeps("f 1\n"));
  EXPECT_FALSE(scope.Keeps("f{workspace=\"a"));
}

}  // namespace
}  // namespace virtlens::exporter
