#include "probes/standstills.h"

#include <utility>

namespace candor::probes {
namespace {

constexpr Standstills::Time shortest = std::chrono::milliseconds{500};

}  // namespace

std::optional<Standstills::Time> Standstills::turned(Time now) {
  const Time waited = now - std::exchange(turned_, now).value_or(now);
  if (waited < beat + shortest) return std::nullopt;
  over_ = now;
  return waited;
}

}  // namespace candor::probes
