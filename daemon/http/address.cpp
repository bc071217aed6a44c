#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>

#include <fmt/format.h>

#include "daemon/http/server.h"

namespace candor::http {
namespace {

// inet_pton() reads up to the first zero byte, and an address with one behind it is none.

std::optional<in_addr> as_ipv4(const std::string& host) {
  in_addr address{};
  if (host.find('\0') != std::string::npos || inet_pton(AF_INET, host.c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> as_ipv6(const std::string& host) {
  in6_addr address{};
  if (host.find('\0') != std::string::npos || inet_pton(AF_INET6, host.c_str(), &address) != 1) return std::nullopt;
  return address;
}

/// An IPv4 address as the IPv6 one that it is mapped to (RFC 4291, section 2.5.5.2).
std::optional<in6_addr> as_either(const std::string& host) {
  const std::optional<in_addr> ipv4 = as_ipv4(host);
  return ipv4 ? as_ipv6(fmt::format("::ffff:{}", host)) : as_ipv6(host);
}

bool takes_in(const in6_addr& listening, const in6_addr& other) {
  if (IN6_ARE_ADDR_EQUAL(&listening, &other) || IN6_IS_ADDR_UNSPECIFIED(&listening)) return true;
  const bool both_ipv4 = IN6_IS_ADDR_V4MAPPED(&listening) && IN6_IS_ADDR_V4MAPPED(&other);
  return both_ipv4 && std::all_of(listening.s6_addr + 12, listening.s6_addr + 16, [](auto byte) { return byte == 0; });
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const auto wrong = [&] {
    return failure(
        fmt::format("\"{}\" is not an address to listen on; write it as 127.0.0.1:9180, [::1]:9180 or, for "
                    "every address of this machine, 0.0.0.0:9180",
                    text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  Address address{std::string{host}, 0};
  if (bracketed ? !as_ipv6(address.host) : !as_ipv4(address.host)) return wrong();
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) return wrong();
  return address;
}

std::string Address::text() const {
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool Address::loopback() const {
  if (const std::optional<in_addr> ipv4 = as_ipv4(host)) return (ntohl(ipv4->s_addr) >> 24U) == 127;
  const std::optional<in6_addr> ipv6 = as_ipv6(host);
  if (!ipv6) return false;
  return IN6_IS_ADDR_LOOPBACK(&*ipv6) || (IN6_IS_ADDR_V4MAPPED(&*ipv6) && ipv6->s6_addr[12] == 127);
}

bool Address::overlaps(const Address& other) const {
  if (port == 0 || port != other.port) return false;
  const std::optional<in6_addr> here = as_either(host);
  const std::optional<in6_addr> there = as_either(other.host);
  return here && there && (takes_in(*here, *there) || takes_in(*there, *here));
}

}  // namespace candor::http
