#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/alerts/observations.h"

namespace candor::alerts {

/// A sender's clock that differs from ours.
struct ClockTrouble {
  std::string_view event;  ///< as it is logged: a literal
  Trouble trouble;
};

/// Who pushes alerts and repeats itself, by host and port of its generators: when it spoke last, whether it is silent,
/// and how its clock stands. At most 1,000, and one more for all others and those without a name. Pure.
class PushSenders {
 public:
  explicit PushSenders(Instant start) : start_(start) {}

  /// It spoke. Until that is reported(), `changes` has it.
  void heard(std::string_view generator_url, Instant now, std::vector<SourceChange>& changes);
  /// An alert of it has expired, which was believed for so long.
  void missed(std::string_view generator_url, Duration patience);
  /// Adds those that said nothing since an alert of theirs has expired, as long as their alerts are believed; answers
  /// when to ask again.
  [[nodiscard]] std::optional<Instant> fell_silent(Instant now, std::vector<SourceChange>& changes) const;
  /// The change was handed over.
  void reported(const SourceChange& change);
  /// One that is known no more: should it speak again, that is told as of a new one.
  void forget(const std::string& sender);

  /// It told an end that had passed by so long of an alert that fires; or that passes before it repeats itself.
  void is_behind(std::string_view generator_url, Duration by, Instant now, std::vector<ClockTrouble>& found);
  /// Whether that was so in the last 20 minutes.
  [[nodiscard]] bool is_known_to_be_behind(std::string_view generator_url, Instant now) const;
  /// It told of an alert so long before that began.
  void is_ahead(std::string_view generator_url, Duration by, Instant now, std::vector<ClockTrouble>& found);
  /// Whose clock was behind in the last 20 minutes, or ahead in the last six hours.
  [[nodiscard]] std::vector<Trouble> troubles(Instant now) const;

  /// "no word of it from prom:9090 since …", where nothing is known of the alert itself since its last word.
  [[nodiscard]] std::string silence(std::string_view generator_url, std::optional<Instant> last_word);

  /// The wall clock was set by `by`.
  void clock_set(Duration by);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  /// How far a sender's clock is from ours.
  struct Skew {
    Duration by{};
    Instant since{};  ///< when that was found
    Instant at{};     ///< when it was so last
  };
  /// One generator.
  struct Sender {
    Instant last_word{};
    Duration patience{};  ///< how long its alerts are believed
    bool missed = false;  ///< an alert of it has expired since its last word
    std::optional<bool> reported;
    Skew behind;
    Skew ahead;  ///< at most
  };
  /// By host and port; the empty one stands for all that have none, and for those too many.
  using Senders = std::unordered_map<std::string, Sender, TextHash, std::equal_to<>>;

  [[nodiscard]] static bool is_known(const Skew& skew, Duration kept, Instant now);
  /// Whether it was not known.
  static bool find(Skew& skew, Duration by, Duration kept, Instant now);
  Senders::value_type& sender_of(std::string_view generator_url);

  Instant start_;
  Senders senders_;
};

/// "push:prom.example:9090" of one at that address; "push" of those that have none.
[[nodiscard]] std::string push_sender(std::string_view authority);

/// "prom.example:9090" of "http://prom.example:9090/graph?…"; empty where the text has no such part.
[[nodiscard]] std::string_view authority_of(std::string_view url);

}  // namespace candor::alerts
