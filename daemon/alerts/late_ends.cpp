#include "daemon/alerts/late_ends.h"

#include <algorithm>
#include <chrono>

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_words = 5000;  ///< of those told lately, and of those told before
constexpr Duration kept = 10min;
constexpr Duration least_tolerance = 2s;

}  // namespace

LateEnds::Heard LateEnds::hear(const Key& key, Instant end, Instant now) {
  if (now - began_ >= kept || now < began_) {
    before_ = now - began_ < 2 * kept ? std::move(words_) : Words{};
    words_.clear();
    began_ = now;
  }
  Heard heard{.end = end, .first = now};
  auto known = words_.find(key);
  if (known == words_.end()) {
    if (words_.size() >= most_words) return heard;
    const auto earlier = before_.find(key);
    known = words_.emplace(key, earlier != before_.end() ? earlier->second : heard).first;
  }
  if (known->second.end != end) {
    if (moves_on(known->second.end, known->second.first, end, now)) heard.moves = known->second.moves + 1;
    known->second = heard;
  }
  return known->second;
}

void LateEnds::clock_set(Duration by) {
  began_ += by;
  for (Words* words : {&words_, &before_}) {
    for (auto& [key, heard] : *words) heard.first += by;
  }
}

bool moves_on(Instant end_before, Instant heard_before, Instant end, Instant now) {
  const Duration time = now - heard_before;
  return end > end_before && std::chrono::abs(end - end_before - time) <= std::max<Duration>(least_tolerance, time / 4);
}

}  // namespace candor::alerts
