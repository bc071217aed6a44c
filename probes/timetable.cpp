#include "probes/timetable.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "base/signature.h"

namespace candor::probes {

Microseconds phase_of(std::string_view probe, std::string_view location, Microseconds every) {
  std::string text{probe};
  text += '\0';
  text += location;
  const Digest digest = sha256(text);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i) hash = hash << 8U | digest.at(i);
  return Microseconds{static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(every.count()))};
}

Microseconds until_phase(Microseconds now, Microseconds phase, Microseconds every) {
  const Microseconds past = (now - phase) % every;
  return past.count() == 0 ? Microseconds{0} : past.count() < 0 ? -past : every - past;
}

bool Timetable::later(const Slot& a, const Slot& b) { return std::tie(a.at, a.id) > std::tie(b.at, b.id); }

void Timetable::add(std::uint64_t id, Microseconds first, Microseconds regular, Microseconds every) {
  heap_.push_back({std::min(first, regular), regular, every, id});
  std::ranges::push_heap(heap_, later);
}

void Timetable::remove_if(const std::function<bool(std::uint64_t)>& gone) {
  std::erase_if(heap_, [&](const Slot& slot) { return gone(slot.id); });
  std::ranges::make_heap(heap_, later);
}

std::optional<Microseconds> Timetable::next() const {
  return heap_.empty() ? std::nullopt : std::optional{heap_.front().at};
}

std::optional<Timetable::Due> Timetable::take_due(Microseconds now) {
  if (heap_.empty() || heap_.front().at > now) return std::nullopt;
  std::ranges::pop_heap(heap_, later);
  Slot& slot = heap_.back();
  Due due{.id = slot.id, .at = slot.at};
  const std::int64_t passed = slot.regular > now ? 0 : (now - slot.regular) / slot.every + 1;
  due.missed = static_cast<std::uint64_t>(passed) - (slot.at == slot.regular ? 1 : 0);
  slot.regular += passed * slot.every;
  slot.at = slot.regular;
  std::ranges::push_heap(heap_, later);
  return due;
}

}  // namespace candor::probes
