#include "probes/history.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>

namespace candor::probes {
namespace {

using Time = Latencies::Time;

constexpr char format = 1;
/// Beyond any day's runs of a probe.
constexpr std::uint64_t most_in_a_count = std::uint64_t{1} << 32U;

/// The longest time of each bucket in µs. Whole numbers, so that every machine has the same ones: 1, 2, … 19, and then
/// each some 10.5 % more than the one before, up to beyond the longest timeout (5 min).
constexpr std::size_t bucket_count = 194;
constexpr std::array<std::int64_t, bucket_count> limits = [] {
  std::array<std::int64_t, bucket_count> list{};
  std::int64_t limit = 0;
  for (std::int64_t& each : list) {
    limit = std::max(limit + 1, limit * 2100 / 1900);
    each = limit;
  }
  return list;
}();
static_assert(limits.back() > 600'000'000, "the longest timeout and what a probe may take beyond it");

std::uint16_t bucket_of(Time time) {
  const auto found = std::ranges::lower_bound(limits, time.count());
  return static_cast<std::uint16_t>(std::min<std::ptrdiff_t>(found - limits.begin(), std::ssize(limits) - 1));
}

/// The time in a bucket that is off from both its ends by the same part.
Time middle_of(std::size_t bucket) {
  const std::int64_t most = limits.at(bucket);
  const std::int64_t least = bucket == 0 ? 1 : limits.at(bucket - 1) + 1;
  return Time{(4 * least * most / (least + most) + 1) / 2};
}

void put(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) bytes += static_cast<char>(0x80U | (number & 0x7FU));
  bytes += static_cast<char>(number);
}

/// Takes varints off the front of bytes; after the first that is wrong there is nothing more.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
      if (bytes_.empty()) return fail();
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) != 0) continue;
      const bool longer_than_need_be = byte == 0 && shift > 0;
      return longer_than_need_be || value < least || value > most ? fail() : value;
    }
    return fail();
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && bytes_.empty(); }

 private:
  std::uint64_t fail() {
    good_ = false;
    bytes_ = {};
    return 0;
  }

  std::string_view bytes_;
  bool good_ = true;
};

/// Whether somebody answered, however badly. Kinds that take no time, such as a heartbeat, have no times.
bool was_answered(const Outcome& outcome) {
  if (outcome.phases.total <= Time{0}) return false;
  if (outcome.health == rules::Health::unknown) return false;
  return outcome.health != rules::Health::failing || outcome.answered || outcome.phases.first_byte > Time{0};
}

}  // namespace

std::string_view to_string(Resolution resolution) {
  static constexpr std::array<std::string_view, 3> words{"minute", "hour", "day"};
  return words.at(std::to_underlying(resolution));
}

std::optional<Resolution> resolution_from(std::string_view text) {
  const auto found = std::ranges::find(resolutions, text, [](Resolution each) { return to_string(each); });
  return found == resolutions.end() ? std::nullopt : std::optional{*found};
}

Duration length_of(Resolution resolution) {
  static constexpr std::array<Duration, 3> lengths{std::chrono::minutes{1}, std::chrono::hours{1},
                                                   std::chrono::days{1}};
  return lengths.at(std::to_underlying(resolution));
}

Duration kept_for(Resolution resolution) {
  static constexpr std::array<Duration, 3> spans{std::chrono::hours{48}, std::chrono::days{90}, std::chrono::days{730}};
  return spans.at(std::to_underlying(resolution));
}

Instant begin_of(Resolution resolution, Instant at) {
  const std::int64_t length = length_of(resolution).count();
  const std::int64_t into = to_ms(at) % length;
  return from_ms(to_ms(at) - (into < 0 ? into + length : into));
}

void Latencies::add(Time time) {
  time = std::max(time, Time{1});
  const std::uint16_t bucket = bucket_of(time);
  const auto place = std::ranges::lower_bound(buckets_, bucket, {}, &Buckets::value_type::first);
  if (place != buckets_.end() && place->first == bucket) {
    ++place->second;
  } else {
    buckets_.insert(place, {bucket, 1});
  }
  max_ = std::max(max_, std::min(time, Time{limits.back()}));
}

void Latencies::merge(const Latencies& other) {
  Buckets merged;
  merged.reserve(buckets_.size() + other.buckets_.size());
  std::ranges::merge(buckets_, other.buckets_, std::back_inserter(merged), {}, &Buckets::value_type::first,
                     &Buckets::value_type::first);
  buckets_.clear();
  for (const auto& [bucket, count] : merged) {
    if (!buckets_.empty() && buckets_.back().first == bucket) {
      buckets_.back().second += count;
    } else {
      buckets_.emplace_back(bucket, count);
    }
  }
  max_ = std::max(max_, other.max_);
}

std::uint64_t Latencies::count() const {
  return std::transform_reduce(buckets_.begin(), buckets_.end(), std::uint64_t{0}, std::plus{},
                               [](const auto& bucket) { return bucket.second; });
}

Time Latencies::quantile(double q) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count())));
  std::uint64_t seen = 0;
  for (const auto& [bucket, count] : buckets_) {
    seen += count;
    if (seen >= rank) return std::min(middle_of(bucket), max_);
  }
  return max_;
}

void RollUp::add(const Outcome& outcome) {
  ++runs.at(std::to_underlying(outcome.health));
  if (was_answered(outcome)) times.add(outcome.phases.total);
}

void RollUp::merge(const RollUp& other) {
  for (std::size_t i = 0; i < runs.size(); ++i) runs.at(i) += other.runs.at(i);
  times.merge(other.times);
}

void put_in(std::vector<RollUpAt>& roll_ups, Resolution resolution, const RollUpAt& added) {
  const Instant begin = begin_of(resolution, added.begin);
  const auto place = std::ranges::lower_bound(roll_ups, begin, {}, &RollUpAt::begin);
  if (place != roll_ups.end() && place->begin == begin) {
    place->roll_up.merge(added.roll_up);
  } else {
    roll_ups.insert(place, {begin, added.roll_up});
  }
}

std::string encode(const RollUp& roll_up) {
  std::string bytes(1, format);
  for (const std::uint64_t count : roll_up.runs) put(bytes, count);
  put(bytes, static_cast<std::uint64_t>(roll_up.times.max_.count()));
  put(bytes, roll_up.times.buckets_.size());
  std::uint16_t before = 0;
  for (const auto& [bucket, count] : roll_up.times.buckets_) {
    put(bytes, std::uint64_t{bucket} - before);
    put(bytes, count);
    before = bucket;
  }
  return bytes;
}

std::optional<RollUp> decode(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != format) return std::nullopt;
  Reader reader{bytes.substr(1)};
  RollUp roll_up;
  for (std::uint64_t& count : roll_up.runs) count = reader.number(0, most_in_a_count);
  Latencies& times = roll_up.times;
  times.max_ = Time{static_cast<std::int64_t>(reader.number(0, static_cast<std::uint64_t>(limits.back())))};
  const std::uint64_t size = reader.number(0, bucket_count);
  std::uint64_t bucket = 0;
  for (std::uint64_t i = 0; i < size && reader.good(); ++i) {
    bucket += reader.number(i == 0 ? 0 : 1, bucket_count - 1);
    if (bucket >= bucket_count) return std::nullopt;
    times.buckets_.emplace_back(static_cast<std::uint16_t>(bucket), reader.number(1, most_in_a_count));
  }
  if (!reader.at_end()) return std::nullopt;
  const bool longest_fits = times.buckets_.empty()
                                ? times.max_ == Time{0}
                                : times.max_ > Time{0} && bucket_of(times.max_) == times.buckets_.back().first;
  const std::uint64_t runs = std::accumulate(roll_up.runs.begin(), roll_up.runs.end(), std::uint64_t{0});
  if (!longest_fits || times.count() > runs) return std::nullopt;
  return roll_up;
}

std::optional<HistoryBook::Minute> HistoryBook::record(const std::string& probe, const Outcome& outcome, Instant now) {
  const Instant begin = begin_of(Resolution::minute, now);
  std::optional<Minute> ended;
  if (begin != minute_.begin) {
    ended = take();
    minute_.begin = begin;
  }
  minute_.probes[probe].add(outcome);
  return ended;
}

std::optional<HistoryBook::Minute> HistoryBook::take_ended(Instant now) {
  return begin_of(Resolution::minute, now) == minute_.begin ? std::nullopt : take();
}

std::optional<HistoryBook::Minute> HistoryBook::take() {
  if (minute_.probes.empty()) return std::nullopt;
  return std::exchange(minute_, {});
}

std::optional<RollUpAt> HistoryBook::open(const std::string& probe) const {
  const auto found = minute_.probes.find(probe);
  if (found == minute_.probes.end()) return std::nullopt;
  return RollUpAt{minute_.begin, found->second};
}

}  // namespace candor::probes
