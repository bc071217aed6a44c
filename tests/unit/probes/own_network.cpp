#include "tests/unit/probes/own_network.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace candor::probes::test {
namespace {

constexpr std::size_t ip_header = 20;  // without options, which the kernel does not add

std::string checksum(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    sum += i % 2 == 0 ? byte << 8U : byte;
  }
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  sum = ~sum & 0xFFFFU;
  return {static_cast<char>(sum >> 8U), static_cast<char>(sum & 0xFFU)};
}

/// A device that this process is the other end of, or -1.
int open_device(const char* name, short kind) {
  const int descriptor = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq device{};
  device.ifr_flags = static_cast<short>(kind | IFF_NO_PI);
  std::strcpy(device.ifr_name, name);
  if (descriptor >= 0 && ::ioctl(descriptor, TUNSETIFF, &device) == 0) return descriptor;
  if (descriptor >= 0) ::close(descriptor);
  return -1;
}

void swap_addresses(std::string& packet) {
  const std::string source = packet.substr(12, 4);
  packet.replace(12, 4, packet.substr(16, 4));
  packet.replace(16, 4, source);
}

}  // namespace

OwnNetwork::OwnNetwork() {
  before_ = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (before_ < 0 || ::unshare(CLONE_NEWNET) != 0) return;
  tun_ = open_device("tun0", IFF_TUN);
  if (tun_ < 0) return;
  const bool up = std::system("ip link set lo up && ip addr add 10.9.9.1/24 dev tun0 && ip link set tun0 up") == 0;
  if (!up) ::close(std::exchange(tun_, -1));
}

OwnNetwork::~OwnNetwork() {
  for (const std::string& path : own_files_) (void)::umount2(path.c_str(), MNT_DETACH);
  for (const int socket : ports_) ::close(socket);
  for (const int device : {tun_, tap_}) {
    if (device >= 0) ::close(device);
  }
  if (before_ < 0) return;
  (void)::setns(before_, CLONE_NEWNET);
  ::close(before_);
}

bool OwnNetwork::add_dead_ethernet() {
  tap_ = open_device("tap0", IFF_TAP);
  return tap_ >= 0 && std::system("ip addr add 10.8.0.1/16 dev tap0 && ip link set tap0 up") == 0;
}

void OwnNetwork::allow_pings(const std::string& groups) {
  std::ofstream{"/proc/sys/net/ipv4/ping_group_range"} << groups;
}

void OwnNetwork::turn_off_ipv6() {
  for (const char* which : {"all", "lo"}) {
    std::ofstream{std::string{"/proc/sys/net/ipv6/conf/"} + which + "/disable_ipv6"} << "1";
  }
}

bool OwnNetwork::set_file(const std::string& path, const std::string& content) {
  const std::string file = folder_.write(std::filesystem::path{path}.filename(), content);
  if (own_files_.contains(path)) return true;
  if (own_files_.empty() &&
      (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)) {
    return false;
  }
  return ::mount(file.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0 && own_files_.insert(path).second;
}

void OwnNetwork::forbid(const std::string& address) {
  (void)!std::system(("ip route add prohibit " + address).c_str());
}

void OwnNetwork::use_up_ports() {
  std::ofstream{"/proc/sys/net/ipv4/ip_local_port_range"} << "40000 40001";
  for (const std::uint16_t port : {std::uint16_t{40000}, std::uint16_t{40001}}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      ports_.push_back(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
      const sockaddr_in all{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
      (void)::bind(ports_.back(), reinterpret_cast<const sockaddr*>(&all), sizeof all);
    }
  }
}

void OwnNetwork::serve(const std::function<std::string(std::string)>& take) {
  std::array<char, 2048> buffer{};
  for (ssize_t size = 0; (size = ::read(tun_, buffer.data(), buffer.size())) > 0;) {
    if (static_cast<unsigned char>(buffer[0]) >> 4U != 4) continue;
    const std::string answer = take({buffer.data(), static_cast<std::size_t>(size)});
    if (!answer.empty()) (void)!::write(tun_, answer.data(), answer.size());
  }
}

std::string with_checksum(std::string packet) {
  packet.replace(ip_header + 2, 2, std::string(2, '\0'));
  return packet.replace(ip_header + 2, 2, checksum(std::string_view{packet}.substr(ip_header)));
}

std::string echo_reply(std::string packet) {
  swap_addresses(packet);
  packet[ip_header] = 0;
  return with_checksum(std::move(packet));
}

std::string unreachable(const std::string& packet, char code) {
  std::string answer =
      packet.substr(0, ip_header) + std::string{3, code, 0, 0, 0, 0, 0, 0} + packet.substr(0, ip_header + 8);
  swap_addresses(answer);
  answer[2] = 0;
  answer[3] = static_cast<char>(answer.size());
  answer.replace(10, 2, std::string(2, '\0'));
  answer.replace(10, 2, checksum(std::string_view{answer}.substr(0, ip_header)));
  return with_checksum(std::move(answer));
}

}  // namespace candor::probes::test
