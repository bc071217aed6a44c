#pragma once

#include <curl/curl.h>

namespace candor::net {

/// What libcurl knows of a handle's transfer, in the type that it has for `which`.
template <class T>
T info(CURL* handle, CURLINFO which) {
  T value{};
  curl_easy_getinfo(handle, which, &value);
  return value;
}

}  // namespace candor::net
