// Roll-ups as the history's file holds them, which may be damaged.
#include "probes/history.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor;
  const std::string_view bytes = fuzz::text_of(data, size);
  const std::optional<probes::RollUp> read = probes::decode(bytes);
  if (!read) return 0;
  fuzz::require(probes::encode(*read) == bytes, "there is one way to write a roll-up");
  const probes::Latencies& times = read->times;
  fuzz::require(times.quantile(0.5) <= times.quantile(0.99) && times.quantile(0.99) <= times.max(),
                "quantiles are in order");
  probes::RollUp both = *read;
  both.merge(*read);
  fuzz::require(both.times.count() == 2 * times.count() && both.times.max() == times.max(), "merging loses nothing");
  return 0;
}
