#include "probes/timetable.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "base/signature.h"

namespace candor::probes {
namespace {

constexpr Microseconds step = std::chrono::milliseconds{10};

}  // namespace

Microseconds phase_of(std::string_view probe, std::string_view location, Microseconds every) {
  std::string text{probe};
  text += '\0';
  text += location;
  const Digest digest = sha256(text);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i) hash = hash << 8U | digest.at(i);
  const auto places = static_cast<std::uint64_t>(std::max<std::int64_t>(1, every / step));
  return static_cast<std::int64_t>(hash % places) * step;
}

Microseconds until_phase(Microseconds now, Microseconds phase, Microseconds every) {
  const Microseconds past = (now - phase) % every;
  return past.count() == 0 ? Microseconds{0} : past.count() < 0 ? -past : every - past;
}

Microseconds next_look(Microseconds began, Microseconds again, Microseconds now) {
  return began + std::max<std::int64_t>(1, (now - began + again - Microseconds{1}) / again) * again;
}

void Timetable::add(std::uint64_t id, Microseconds first, Microseconds regular, Microseconds every) {
  const Microseconds at = std::min(first, regular);
  if (slots_.emplace(id, Slot{at, regular, every}).second) order_.emplace(at, id);
}

void Timetable::next_at(std::uint64_t id, Microseconds at) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return;
  Slot& slot = found->second;
  if (slot.regular < at) slot.regular += ((at - slot.regular - Microseconds{1}) / slot.every + 1) * slot.every;
  move(id, slot, at);
}

void Timetable::move(std::uint64_t id, Slot& slot, Microseconds at) {
  auto place = order_.extract({slot.at, id});
  slot.at = at;
  place.value() = {at, id};
  order_.insert(std::move(place));
}

void Timetable::remove_if(const std::function<bool(std::uint64_t)>& gone) {
  std::erase_if(slots_, [&](const auto& slot) { return gone(slot.first); });
  std::erase_if(order_, [&](const auto& start) { return !slots_.contains(start.second); });
}

std::optional<Microseconds> Timetable::next() const {
  return order_.empty() ? std::nullopt : std::optional{order_.begin()->first};
}

std::optional<Timetable::Due> Timetable::take_due(Microseconds now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  const auto [at, id] = *order_.begin();
  Slot& slot = slots_.at(id);
  Due due{.id = id, .at = at};
  const std::int64_t passed = slot.regular > now ? 0 : (now - slot.regular) / slot.every + 1;
  due.missed = static_cast<std::uint64_t>(passed) - (at == slot.regular ? 1 : 0);
  slot.regular += passed * slot.every;
  move(id, slot, slot.regular);
  return due;
}

}  // namespace candor::probes
