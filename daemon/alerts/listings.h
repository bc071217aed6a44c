#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/net/loop.h"
#include "daemon/alerts/intake.h"
#include "daemon/alerts/listing.h"

namespace candor::alerts {

/// The listings that were asked for, made one after the other, so that neither the loop nor memory is theirs alone.
/// Thread: the loop's.
class Listings {
 public:
  /// A text that is sent, however slowly it is read, counts as under way until it is let go of.
  using Text = std::shared_ptr<const std::string>;
  using Answer = std::move_only_function<void(Result<Text>)>;

  Listings(net::Loop& loop, const Intake& intake, const PushBook& book);

  /// Calls `answer` with what Listing::go_on() ends with: at once where that is little and nothing waits. False, and no
  /// call, where too many are under way.
  [[nodiscard]] bool ask(Listing listing, Answer answer);

 private:
  struct Asked {
    Listing listing;
    Answer answer;
  };

  void go_on();

  const Intake& intake_;
  const PushBook& book_;
  net::Timer next_;
  std::deque<Asked> asked_;
  std::vector<std::weak_ptr<const std::string>> sent_;
};

}  // namespace candor::alerts
