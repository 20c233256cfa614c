#include "base/time.h"

#include <fmt/format.h>

#include <charconv>

namespace virtlens {
namespace {

// Reads digits from the front of a view; every step keeps `ok`.
class DigitReader {
 public:
  explicit DigitReader(std::string_view text) : text_(text) {}

  int Number(std::size_t digits) {
    int value = 0;
    if (text_.size() < digits) ok_ = false;
    for (std::size_t i = 0; ok_ && i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + (text_[i] - '0');
    }
    if (ok_) text_.remove_prefix(digits);
    return value;
  }
  void Expect(char a, char b) {
    if (text_.empty() || (text_[0] != a && text_[0] != b)) {
      ok_ = false;
      return;
    }
    text_.remove_prefix(1);
  }
  bool Take(char c) {
    if (!ok_ || text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // One or more digits as nanoseconds of a second; digits after the ninth are dropped.
  std::chrono::nanoseconds Fraction() {
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; ++count, text_.remove_prefix(1)) {
      if (count < 9) value = value * 10 + (text_[0] - '0');
    }
    if (count == 0) ok_ = false;
    for (; count < 9; ++count) value *= 10;
    return std::chrono::nanoseconds(value);
  }
  bool ok() const { return ok_; }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

std::optional<WallTime> ParseRfc3339(std::string_view text) {
  using namespace std::chrono;
  DigitReader reader(text);
  const int y = reader.Number(4);
  reader.Expect('-', '-');
  const int mo = reader.Number(2);
  reader.Expect('-', '-');
  const int d = reader.Number(2);
  reader.Expect('T', 't');
  const int h = reader.Number(2);
  reader.Expect(':', ':');
  const int mi = reader.Number(2);
  reader.Expect(':', ':');
  const int s = reader.Number(2);
  const nanoseconds fraction = reader.Take('.') ? reader.Fraction() : nanoseconds(0);
  minutes offset{0};
  if (!reader.Take('Z') && !reader.Take('z')) {
    const bool east = reader.Take('+');
    if (!east) reader.Expect('-', '-');
    const int oh = reader.Number(2);
    reader.Expect(':', ':');
    const int om = reader.Number(2);
    if (oh > 23 || om > 59) return std::nullopt;
    offset = hours(oh) + minutes(om);
    if (!east) offset = -offset;
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  if (!reader.ok() || !reader.at_end() || !date.ok() || y < 1 || h > 23 || mi > 59 || s > 60) {
    return std::nullopt;
  }
  // system_clock counts nanoseconds in 64 bits: years 1678 to 2261. Outside, the sum would wrap.
  if (y < 1678 || y > 2261) {
    return y < 1678 ? WallTime::min() : WallTime::max();
  }
  return time_point_cast<WallTime::duration>(sys_days(date) + hours(h) + minutes(mi) + seconds(s) +
                                             fraction - offset);
}

std::string FormatRfc3339(WallTime time, bool micros) {
  using namespace std::chrono;
  const auto day_start = floor<days>(time);
  const year_month_day date(day_start);
  const hh_mm_ss clock(floor<microseconds>(time - day_start));
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()),
                  unsigned(date.day()), clock.hours().count(), clock.minutes().count(),
                  clock.seconds().count());
  if (micros) text += fmt::format(".{:06}", clock.subseconds().count());
  return text + "Z";
}

std::optional<Duration> ParseDuration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    if (text[0] < '0' || text[0] > '9') return std::nullopt;
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      if (found == nullptr && text.starts_with(unit.name)) found = &unit;
    }
    if (found == nullptr) return std::nullopt;
    text.remove_prefix(found->name.size());
    total += number * found->milliseconds;
  }
  constexpr double kHundredYears = 100 * 365.25 * 24 * 3600e3;
  if (total > kHundredYears) return std::nullopt;
  return Duration(static_cast<Duration::rep>(total));
}

double UnixSeconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace virtlens
