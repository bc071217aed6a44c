#include "daemon/config/reload.h"

#include <exception>

#include <fmt/format.h>

namespace candor::config {
namespace {

Position place_of(const Config& config, Lasting setting) {
  const auto found = config.places.find(setting);
  return found != config.places.end() ? found->second : Position{config.file.string(), 1, 1};
}

}  // namespace

std::optional<Config> load_next(const Config& running, const http::Address& admin_at, Problems& problems) {
  std::optional<Config> next;
  try {
    // Nothing is watched, and nobody answered, while this waits.
    next = load(running.file, problems, Readable::regular);
  } catch (const std::exception& error) {
    problems.add({running.file.string(), 1, 1}, fmt::format("cannot be read: {}", error.what()));
  }
  if (!next) return std::nullopt;
  refuse_restart(running, *next, problems);
  refuse_unguarded(*next, admin_at, problems);
  return problems.empty() ? std::move(next) : std::nullopt;
}

void refuse_restart(const Config& running, const Config& next, Problems& problems) {
  const auto note = [&](bool differs, Lasting setting, std::string_view what) {
    if (!differs) return;
    problems.add(place_of(next, setting), fmt::format("{} cannot change while candord runs", what),
                 "restart it, or take the change back");
  };
  note(running.location != next.location, Lasting::location, "[daemon] location");
  // The key of the links in pages is there, also where the journal is not.
  note(running.state_dir != next.state_dir, Lasting::state_dir, "[daemon] state_dir");
  note(running.journal != next.journal && running.state_dir == next.state_dir, Lasting::journal, "the journal's place");
  note(running.keep_signal_changes != next.keep_signal_changes, Lasting::keep_signal_changes,
       "[store] keep_signal_changes");
  note(running.public_address != next.public_address, Lasting::public_address, "[listen] public");
  note(running.admin_address != next.admin_address, Lasting::admin_address, "[listen] admin");
}

void refuse_unguarded(const Config& config, const http::Address& admin_at, Problems& problems) {
  if (admin_at.loopback() || !config.tokens.empty()) return;
  problems.add(place_of(config, Lasting::admin_address),
               fmt::format("the admin listener is at {} and [auth] has no tokens", admin_at.text()),
               "add tokens to [auth], or let it listen on 127.0.0.1");
}

}  // namespace candor::config
