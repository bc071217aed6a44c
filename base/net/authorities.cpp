#include "base/net/authorities.h"

#include <sys/stat.h>

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace candor::net {
namespace {

Authorities::Store read(const std::string& file) {
  Authorities::Store store{X509_STORE_new(), &X509_STORE_free};
  if (store && X509_STORE_load_file(store.get(), file.c_str()) == 1) {
    // As libcurl sets its own: an authority in the middle may be trusted without the one above it.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    return store;
  }
  ERR_clear_error();  // or it would be told of the next handshake
  return nullptr;
}

}  // namespace

Authorities::Store Authorities::store() {
  struct stat found {};
  if (::stat(file_.c_str(), &found) != 0) return store_;
  const Version version{found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
  if (version == version_ && (!failed_ || failed_->elapsed() < between_tries_)) return store_;
  version_ = version;
  failed_.reset();
  if (Store store = read(file_)) {
    store_ = std::move(store);
  } else {
    failed_.emplace();
  }
  return store_;
}

std::string system_authorities_file() {
  const char* const file = curl_version_info(CURLVERSION_NOW)->cainfo;
  return file != nullptr ? file : "";
}

}  // namespace candor::net
