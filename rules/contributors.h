#pragma once

#include <string>
#include <vector>

#include "rules/signal_table.h"

namespace candor::rules {

/// A signal that made a rule hold, and since when it does so.
struct Contributor {
  Instant since{};
  const SignalTable::value_type* signal = nullptr;
};

/// First those that began first; of one instant in the order of ids.
struct ContributorOrder {
  bool operator()(const Contributor& a, const Contributor& b) const {
    return a.since != b.since ? a.since < b.since : a.signal->first < b.signal->first;
  }
};

/// Puts them in order, and each signal once, with its first instant.
void put_in_order(std::vector<Contributor>& contributors);

/// The evidence of the first few, for responders: `checkout-http (location=fra1): connect timed out; …; and 4 more`.
/// `cut`: there are more contributors than these.
[[nodiscard]] std::string evidence_of(const std::vector<Contributor>& contributors, bool cut);

/// The first symptom that one of them has, for customers; may be empty.
[[nodiscard]] std::string symptom_of(const std::vector<Contributor>& contributors);

}  // namespace candor::rules
