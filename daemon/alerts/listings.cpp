#include "daemon/alerts/listings.h"

namespace candor::alerts {
namespace {

/// Each may be of 100,000 alerts, which are 50 MB.
constexpr std::size_t most_under_way = 8;

}  // namespace

Listings::Listings(net::Loop& loop, const Intake& intake, const PushBook& book)
    : intake_(intake), book_(book), next_(loop) {}

bool Listings::ask(Listing listing, Answer answer) {
  std::erase_if(sent_, [](const auto& text) { return text.expired(); });
  if (asked_.size() + sent_.size() >= most_under_way) return false;
  asked_.push_back({std::move(listing), std::move(answer)});
  if (asked_.size() == 1) go_on();
  return true;
}

void Listings::go_on() {
  const Instant now = intake_.now();  // which may change what signals() answers
  Result<std::optional<std::string>> part = asked_.front().listing.go_on(intake_.signals(), book_, now);
  if (!part || *part) {
    Answer answer = std::move(asked_.front().answer);
    asked_.pop_front();
    if (part) {
      const Text text = std::make_shared<const std::string>(**std::move(part));
      sent_.push_back(text);
      answer(text);
    } else {
      answer(std::unexpected(part.error()));
    }
  }
  if (!asked_.empty()) next_.after({}, [this] { go_on(); });
}

}  // namespace candor::alerts
