#include "daemon/store/structure.h"

#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "base/processor_time.h"
#include "base/text.h"

namespace candor::store {
namespace {

constexpr std::chrono::seconds between_looks{5};

}  // namespace

std::string fault_in_structure(Database& database, const std::function<void()>& gets_on) {
  // SQLite reads each tree in one step, in which it calls nobody.
  std::packaged_task<std::string()> check([&database] { return database.text("PRAGMA integrity_check(1)"); });
  std::future<std::string> found = check.get_future();
  std::jthread thread(std::move(check));
  std::chrono::nanoseconds before{-1};
  do {
    const std::chrono::nanoseconds used = processor_time(thread.native_handle());
    if (used > before) gets_on();
    before = used;
  } while (found.wait_for(between_looks) != std::future_status::ready);
  const std::string answer = found.get();
  return answer == "ok" ? std::string{} : one_line(answer);
}

}  // namespace candor::store
