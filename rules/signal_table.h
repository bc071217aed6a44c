#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/look.h"
#include "rules/rule.h"
#include "rules/signal.h"

namespace candor::rules {

/// A signal's identity in one piece of memory: there are many signals, and their labels are the most of them.
class PackedId {
 public:
  explicit PackedId(const SignalId& id);

  [[nodiscard]] SignalKind kind() const { return kind_; }
  /// That of the SignalId.
  [[nodiscard]] std::size_t hash() const;
  /// The source, then name and value of each label, in order.
  [[nodiscard]] std::vector<std::string_view> words() const;
  [[nodiscard]] SignalId unpacked() const;

  friend bool operator==(const PackedId&, const PackedId&) = default;
  /// The order of the SignalIds.
  friend std::strong_ordering operator<=>(const PackedId& a, const PackedId& b);
  friend bool operator==(const PackedId& packed, const SignalId& id);

 private:
  SignalKind kind_;
  std::string bytes_;  ///< each word behind its length
};

/// What a leaf judges a signal by.
struct KnownHealth {
  Health health = Health::unknown;
  Instant since{};
  Instant degraded_since{};  ///< `since` where the signal has none
  Instant failing_since{};

  KnownHealth() = default;
  explicit KnownHealth(const Signal& signal);
};

/// Since when the signal counts for a leaf, before the leaf's `for`; nothing where it does not.
[[nodiscard]] std::optional<Instant> counts_since(const SignalLeaf& leaf, const KnownHealth& health);
/// Whether the leaf cannot see what the signal's health is.
[[nodiscard]] bool is_hidden(const SignalLeaf& leaf, const KnownHealth& health);

struct Words {
  std::string evidence;
  std::string symptom;
};

/// That nobody has looked at a signal.
struct Unseen {
  Absence latest;   ///< since when, and until when nobody could: absences that are hardly apart are one
  Absence longest;  ///< since it was looked at
};

struct KnownSignal {
  KnownHealth health;
  std::vector<std::uint32_t> leaves;   ///< that match it, in ascending order
  std::unique_ptr<const Words> words;  ///< only while the signal counts for a leaf
  bool remembered = false;             ///< while a Look lasts: nobody has looked at it since
  std::optional<Instant> held_up;  ///< a `for` of it ran out in an absence since, which began then: the same for that
  std::unique_ptr<const Unseen> unseen;  ///< however long the absence is over
};

struct PackedIdHash {
  using is_transparent = void;
  std::size_t operator()(const PackedId& id) const { return id.hash(); }
  std::size_t operator()(const SignalId& id) const;
};
struct PackedIdEqual {
  using is_transparent = void;
  bool operator()(const PackedId& a, const PackedId& b) const { return a == b; }
  bool operator()(const PackedId& a, const SignalId& b) const { return a == b; }
  bool operator()(const SignalId& a, const PackedId& b) const { return b == a; }
};
/// The signals that a leaf matches, and probes: of other alerts, which may be many, there is nothing to know. Items
/// keep their addresses until they are forgotten.
using SignalTable = std::unordered_map<PackedId, KnownSignal, PackedIdHash, PackedIdEqual>;

}  // namespace candor::rules
