#include "base/net/names.h"

#include <ares.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "base/net/ares.h"

namespace candor::net {
namespace {

using Addresses = std::vector<std::string>;
using Family = Names::Family;

struct Question {
  Names::Found found;
};

/// What c-ares holds of a question; it gives it back exactly once.
struct Asked {
  Loop& loop;
  const Ares& ares;
  std::size_t answers;  ///< that its servers had given before
  std::weak_ptr<Question> question;
  Family family;
};

int number_of(Family family) {
  switch (family) {
    case Family::ipv4:
      return AF_INET;
    case Family::ipv6:
      return AF_INET6;
    case Family::any:
      break;
  }
  return AF_UNSPEC;
}

const char* kind_of_address(Family family) {
  switch (family) {
    case Family::ipv4:
      return "it has no IPv4 address";
    case Family::ipv6:
      return "it has no IPv6 address";
    case Family::any:
      break;
  }
  return "it has no address";
}

bool fits(const boost::asio::ip::address& address, Family family) {
  return family == Family::any || address.is_v4() == (family == Family::ipv4);
}

Addresses addresses_in(const ares_addrinfo& answer) {
  Addresses list;
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr; node = node->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(node->ai_addr, node->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      list.emplace_back(text.data());
    }
  }
  return list;
}

std::unexpected<Failure> nothing(std::string reason) {
  return std::unexpected(Failure{.stage = Failure::Stage::name_lookup, .reason = std::move(reason)});
}

std::unexpected<Failure> lacking(int error) {
  return std::unexpected(Failure{.stage = Failure::Stage::name_lookup,
                                 .reason = std::generic_category().message(error),
                                 .ours = true,
                                 .error = error});
}

std::unexpected<Failure> unreachable(int error) {
  const std::string why = error == 0 ? "" : fmt::format(" ({})", std::generic_category().message(error));
  return std::unexpected(Failure{
      .stage = Failure::Stage::name_lookup,
      .reason = fmt::format("no resolver of this machine can be reached{}: look at /etc/resolv.conf and at this "
                            "machine's network",
                            why),
      .ours = true});
}

/// errno where /etc/hosts, which may know the name, could not be opened for want of a descriptor; else 0.
int hosts_not_read() {
  const int file = ::open("/etc/hosts", O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == EMFILE || errno == ENFILE ? errno : 0;
  ::close(file);
  return 0;
}

/// The errors after which c-ares turns to another server (RFC 1035, section 4.1.1), and forgets them.
bool turns_away(int rcode) { return rcode == 2 || rcode == 4 || rcode == 5; }

std::string rcode_words(int rcode) {
  switch (rcode) {
    case 2:
      return "the resolver answered SERVFAIL";
    case 4:
      return "the resolver answered NOTIMP";
    case 5:
      return "the resolver answered REFUSED";
    default:
      return "the resolver gave no answer to it";
  }
}

/// c-ares tells little of why.
std::unexpected<Failure> why(const Asked& asked, int status) {
  const Ares::Contact& contact = asked.ares.contact();
  if (status == ARES_SUCCESS || status == ARES_ENODATA) return nothing(kind_of_address(asked.family));
  if (status == ARES_ENOMEM) return lacking(ENOMEM);
  if (const int error = hosts_not_read(); error != 0) return lacking(error);
  if (status != ARES_ECONNREFUSED) return nothing(ares_strerror(status));
  // Any other answer is another question's: it tells only that a server was reached, if none has failed since then.
  const bool answered = contact.answers != asked.answers;
  if (answered && (contact.error == 0 || turns_away(contact.rcode))) return nothing(rcode_words(contact.rcode));
  return is_own_lack(contact.error) ? lacking(contact.error) : unreachable(contact.error);
}

void answer(Loop& loop, std::weak_ptr<Question> asked, Names::Answer with) {
  loop.post([asked = std::move(asked), with = std::move(with)]() mutable {
    const std::shared_ptr<Question> question = asked.lock();
    if (!question || !question->found) return;
    auto found = std::exchange(question->found, nullptr);
    found(std::move(with));
  });
}

void on_answer(void* held, int status, int, ares_addrinfo* found) {
  const std::unique_ptr<Asked> asked(static_cast<Asked*>(held));
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner(found, &ares_freeaddrinfo);
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  Addresses list = status == ARES_SUCCESS && found != nullptr ? addresses_in(*found) : Addresses{};
  if (!list.empty()) return answer(asked->loop, asked->question, std::move(list));
  answer(asked->loop, asked->question, why(*asked, status));
}

/// When a file was last changed, to the nanosecond, and which one it is.
struct Version {
  ino_t inode = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  bool operator==(const Version&) const = default;
};

Version version_of(const char* file) {
  struct stat it {};
  if (stat(file, &it) != 0) return {};
  return {it.st_ino, it.st_mtim.tv_sec, it.st_mtim.tv_nsec};
}

}  // namespace

struct Names::Impl {
  Impl(Loop& the_loop, std::string the_servers) : loop(the_loop), servers(std::move(the_servers)) {}

  /// The channel for a new question. One that was made by an older resolv.conf lives on with its questions. Where a
  /// server was not reached, that file may not have been read for want of a descriptor, which c-ares does not tell.
  /// Throws std::system_error if this machine lacks what a channel needs.
  std::shared_ptr<Ares> channel() {
    const Version now = version_of("/etc/resolv.conf");
    if (!ares || now != version || ares->contact().error != 0)
      ares = std::make_shared<Ares>(loop, Ares::Options{.servers = servers});
    version = now;
    return ares;
  }

  Loop& loop;
  std::string servers;
  std::shared_ptr<Ares> ares;
  Version version;
};

void ask_resolvers_briefly() { (void)::setenv("RES_OPTIONS", "timeout:1", 0); }

Names::Names(Loop& loop, std::string servers) : impl_(std::make_unique<Impl>(loop, std::move(servers))) {}
Names::~Names() = default;

Names::Lookup Names::look_up(const std::string& host, Family family, Found found) {
  auto question = std::make_shared<Question>(std::move(found));
  boost::system::error_code not_numeric;
  const auto address = boost::asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    Answer itself = Addresses{address.to_string()};
    if (!fits(address, family)) itself = nothing(kind_of_address(family));
    answer(impl_->loop, question, std::move(itself));
    return question;
  }
  std::shared_ptr<Ares> ares;
  try {
    ares = impl_->channel();
  } catch (const std::system_error& error) {
    answer(impl_->loop, question, lacking(error.code().value()));
    return question;
  } catch (const std::runtime_error&) {  // c-ares's own
    answer(impl_->loop, question, lacking(ENOMEM));
    return question;
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = number_of(family);
  hints.ai_socktype = SOCK_STREAM;
  auto asked = std::make_unique<Asked>(impl_->loop, *ares, ares->contact().answers, question, family);
  ares_getaddrinfo(static_cast<ares_channel>(ares->channel()), host.c_str(), nullptr, &hints, &on_answer,
                   asked.release());
  ares->asked();
  // The question keeps its channel, so that a change of resolv.conf does not end it.
  return {new std::pair{std::move(question), ares}, [](const auto* held) { delete held; }};
}

}  // namespace candor::net
