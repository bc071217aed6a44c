#include <cstring>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

using namespace incident;

/// Appends one event and one delivery a batch, for ever, and writes each batch's number once it is durable.
void write_until_killed(const std::filesystem::path& file, std::uint64_t from, int output) {
  const OpenJournal it = open_journal(file);
  State state = it.recovered.state;
  for (std::uint64_t i = from;; ++i) {
    Batch batch{.events = {signal_change(i)}, .deliveries = {page_for("d" + std::to_string(i))}};
    apply(state, batch.events.front());
    std::string encoded = i % 50 == 0 ? encode(state) : std::string{};
    it->append(std::move(batch),
               [output, i](Batch) { [[maybe_unused]] const ssize_t written = write(output, &i, sizeof i); });
    if (!encoded.empty()) it->snapshot(std::move(encoded));
    // Keeps the queue short, so that a kill falls between commits of all sizes.
    if (i % 7 == 0) settle(*it.journal);
  }
}

TEST(Crash, loses_nothing_that_was_called_durable) {
  const TemporaryFolder folder;
  std::uint64_t written = 0;
  for (int round = 0; round < 8; ++round) {
    const Child child = start_child([&](int output) { write_until_killed(folder.journal(), written, output); });
    std::uint64_t last = 0;
    for (int acknowledged = 0; acknowledged < 40 + 31 * round; ++acknowledged) {
      ASSERT_EQ(read(child.output, &last, sizeof last), static_cast<ssize_t>(sizeof last));
    }
    kill(child.process, SIGKILL);
    const std::string rest = output_of(child);  // acknowledged before the kill reached it
    if (rest.size() >= sizeof last) {
      std::memcpy(&last, rest.data() + (rest.size() / sizeof last - 1) * sizeof last, sizeof last);
    }

    const Recovered recovered = open_journal(folder.journal()).recovered;
    ASSERT_GE(recovered.sequence, last + 1);
    std::vector<Event> expected;
    for (std::uint64_t i = 0; i < recovered.sequence; ++i) expected.push_back(signal_change(i));
    EXPECT_TRUE(recovered.state == folded(expected));
    ASSERT_EQ(recovered.outbox.size(), recovered.sequence) << "an event and its delivery are one transaction";
    for (std::uint64_t i = 0; i < recovered.sequence; ++i) {
      ASSERT_EQ(recovered.outbox[i].delivery.id, "d" + std::to_string(i));
    }
    written = recovered.sequence;
  }
}

}  // namespace
}  // namespace candor::store
