// What the journal holds: a line an event (its token, a blank, its fields), or a whole snapshot or delivery. What can
// be read is written as the same; what cannot is an error; every event that can be read applies.
#include <string>

#include "daemon/incident/codec.h"
#include "daemon/store/records.h"
#include "tests/fuzz/check.h"

namespace candor::incident {
namespace {

using fuzz::require;

void check_error(const Error& error, std::size_t size) {
  require(error.message.find(" cannot be read: ") != std::string::npos, "an error says what cannot be read");
  require(error.message.size() <= size + 512, "an error is bounded");
}

/// For each type with == : read, written and read again as the same.
template <class T>
void check_whole(Result<T> (*decode)(std::string_view), std::string_view text) {
  const Result<T> read = decode(text);
  if (!read) return check_error(read.error(), text.size());
  const std::string written = encode(*read);
  const Result<T> back = decode(written);
  require(back.has_value(), "what was written can be read");
  require(*back == *read && encode(*back) == written, "what was written is read as the same");
}

std::optional<Change> check_change(std::string_view name, std::string_view text) {
  Result<Change> read = decode_change(name, text);
  if (!read) {
    check_error(read.error(), name.size() + text.size());
    return std::nullopt;
  }
  require(token(*read) == name, "an event is of the kind that its token says");
  const std::string written = encode(*read);
  require(written.find('\n') == std::string::npos, "an event is one line");
  const Result<Change> back = decode_change(name, written);
  require(back && encode(*back) == written, "what was written is read as the same");
  return *std::move(read);
}

/// A byte that changes on the disk is seen.
void check_checksum(std::string_view name, std::string_view text) {
  if (text.empty()) return;
  store::EventRow row{.sequence = 7, .at_ms = 8, .actor = "ana", .incident = "i", .token = name, .body = text};
  const std::uint32_t whole = row.checksum();
  std::string altered{text};
  char& byte = altered[altered.size() / 2];
  byte = static_cast<char>(byte ^ 0x10);
  row.body = altered;
  require(row.checksum() != whole, "an altered row is seen");
}

void check_events(std::string_view text) {
  State state;
  for (std::int64_t number = 0; !text.empty(); ++number) {
    const std::string_view line = fuzz::take_line(text);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, blank);
    const std::string_view body = line.substr(blank + 1);
    check_checksum(name, body);
    std::optional<Change> change = check_change(name, body);
    if (!change) continue;
    const Actor actor{.name = "ana", .human = true};
    apply(state,
          {.at = from_ms(1'795'000'000'000 + number * 1000), .actor = actor, .incident = "i", .change = *change});
  }
  const std::string snapshot = encode(state);
  const Result<State> back = decode_state(snapshot);
  require(back && *back == state && encode(*back) == snapshot, "a snapshot is the state that it was taken of");
}

}  // namespace
}  // namespace candor::incident

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor::incident;
  std::string_view text = candor::fuzz::text_of(data, size);
  if (text.starts_with("snapshot ")) {
    check_whole<State>(decode_state, text.substr(9));
  } else if (text.starts_with("delivery ")) {
    check_whole<Delivery>(decode_delivery, text.substr(9));
  } else {
    check_events(text);
  }
  return 0;
}
