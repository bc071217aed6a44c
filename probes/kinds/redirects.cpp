#include "probes/kinds/redirects.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>

#include <fmt/format.h>

#include "base/text.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

enum class Place { elsewhere, link, machine };

Place place_of_ipv4(std::uint32_t address) {
  const std::uint32_t first = address >> 24U;
  if (first == 127 || first == 0) return Place::machine;  // 0.0.0.0 connects to this machine too
  return address >> 16U == 0xA9FE ? Place::link : Place::elsewhere;
}

Place place_of(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return place_of_ipv4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return Place::elsewhere;
  if (IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6)) return Place::machine;
  if (IN6_IS_ADDR_LINKLOCAL(&v6)) return Place::link;
  if (!IN6_IS_ADDR_V4MAPPED(&v6)) return Place::elsewhere;
  return place_of_ipv4(ntohl(v6.s6_addr32[3]));
}

}  // namespace

bool same_origin(const net::Url& one, const net::Url& other) {
  return one.scheme == other.scheme && one.port == other.port && lower_case(one.host) == lower_case(other.host);
}

bool is_sent_everywhere(std::string_view header) {
  constexpr std::array names{"accept",       "accept-encoding", "accept-language", "cache-control",
                             "content-type", "pragma",          "range",           "user-agent"};
  return std::ranges::find(names, lower_case(header)) != names.end();
}

std::string refuse_inward(const net::Redirect& redirect) {
  const Place target = place_of(redirect.target);
  if (target == Place::elsewhere || target == place_of(redirect.sender)) return {};
  return fmt::format("not followed, since {} is {} and {}, which sent there, is not", redirect.target,
                     target == Place::machine ? "this machine itself" : "an address of this machine's link only",
                     redirect.sender);
}

bool drops_body(int status) { return status >= 301 && status <= 303; }

std::string refuse_body(const net::Redirect& redirect, const net::Url& home) {
  return fmt::format(
      "not followed, since HTTP {} wants the body sent on, which goes to {}://{} only; ask where it leads, or set "
      "redirects = 0",
      redirect.status, home.scheme, home.authority());
}

}  // namespace candor::probes
