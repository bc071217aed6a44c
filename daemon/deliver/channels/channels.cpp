#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/deliver/channels/channel.h"
#include "daemon/deliver/channels/webhook.h"

namespace candor::deliver {
namespace {

/// One kind of contact method: its `kind`, and the reader that checks the `[[contact.method]]` table. A new kind is a
/// new file in channels/ and a line here.
struct ChannelKind {
  std::string_view name;
  ChannelConfig (*read)(const Table& table);
};

constexpr std::array kinds{
    ChannelKind{"webhook", read_webhook},
};

}  // namespace

ChannelConfig read_channel(const Table& table) {
  const std::string name = table.required_text("kind");
  std::vector<std::string_view> supported;
  for (const ChannelKind& kind : kinds) {
    if (kind.name == name) return kind.read(table);
    supported.push_back(kind.name);
  }
  // The keys of a kind that is not supported are no mistakes of their own.
  for (const std::string& key : table.keys()) static_cast<void>(table.has(key));
  if (!name.empty()) {
    table.refuse("kind", fmt::format("contact method kind \"{}\" is not supported by this version", name),
                 fmt::format("supported: {}", fmt::join(supported, ", ")));
  }
  return {};
}

}  // namespace candor::deliver
