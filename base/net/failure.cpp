#include "base/net/failure.h"

#include <cerrno>

namespace candor::net {

bool is_own_lack(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EACCES:
    case EPERM:
    case EAFNOSUPPORT:
      return true;
    default:
      return false;
  }
}

}  // namespace candor::net
