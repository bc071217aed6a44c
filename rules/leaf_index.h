#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/rule.h"
#include "rules/signal.h"

namespace candor::rules {

/// Finds the leaves that match a signal without trying each: every leaf is filed under a value that one of its matchers
/// asks for (`component="checkout"`, or each value of `severity=~"page|critical"`). The few that ask for none are tried
/// for every signal.
class LeafIndex {
 public:
  /// A leaf's number is its place in `leaves`, which must outlive the index.
  explicit LeafIndex(const std::vector<const SignalLeaf*>& leaves);

  /// In ascending order.
  [[nodiscard]] std::vector<std::uint32_t> matching(const SignalId& signal) const;

 private:
  struct View {
    SignalKind kind;
    std::string_view name;
    std::string_view value;
  };
  struct Key {
    SignalKind kind;
    std::string name;
    std::string value;
    operator View() const {
      return {kind, name, value};
    }  // NOLINT(google-explicit-constructor): to look keys up by view
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const View& key) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const View& a, const View& b) const {
      return a.kind == b.kind && a.name == b.name && a.value == b.value;
    }
  };
  template <class T>
  using ByKey = std::unordered_map<Key, T, Hash, Equal>;

  /// The values one of which `matcher` demands; none where it does not name them.
  [[nodiscard]] static std::vector<Key> keys_of(SignalKind kind, const Matcher& matcher);
  [[nodiscard]] static std::vector<Key> best_keys(const SignalLeaf& leaf, const ByKey<std::uint32_t>& uses);

  const std::vector<const SignalLeaf*>& leaves_;
  ByKey<std::vector<std::uint32_t>> filed_;
  std::array<std::vector<std::uint32_t>, 2> unfiled_;  ///< by kind of signal
};

}  // namespace candor::rules
