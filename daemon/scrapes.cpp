#include "daemon/scrapes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace candor {
namespace {

constexpr long most_at_once = 4;
constexpr std::size_t figures_in_a_turn = 500;  ///< of probes: some 1 ms of the loop

}  // namespace

Scrapes::Scrapes(net::Loop& loop, const probes::Scheduler& scheduler, std::shared_ptr<prometheus::Registry> registry)
    : loop_(loop), scheduler_(scheduler), registry_(std::move(registry)), scribe_(loop) {}

void Scrapes::scrape(Done done) {
  if (under_way_.use_count() > most_at_once) return done(failure("as many scrapes are under way as may be"));
  gather({},
         [counted = under_way_, done = std::move(done)](Result<std::string> text) mutable { done(std::move(text)); });
}

/// Some of the probes at a time: the watch goes on in between.
void Scrapes::gather(Figures probes, Done done) {
  Figures more = scheduler_.figures(probes.empty() ? "" : probes.back().name, figures_in_a_turn);
  const bool all = more.size() < figures_in_a_turn;
  std::ranges::move(more, std::back_inserter(probes));
  if (!all) {
    return loop_.post([this, probes = std::move(probes), done = std::move(done)]() mutable {
      gather(std::move(probes), std::move(done));
    });
  }
  scribe_.run([registry = registry_, probes = std::move(probes), done = std::move(done)]() mutable -> net::Task {
    std::string text = probes::exposition(probes) + prometheus::TextSerializer{}.Serialize(registry->Collect());
    return [text = std::move(text), done = std::move(done)]() mutable { done(std::move(text)); };
  });
}

}  // namespace candor
