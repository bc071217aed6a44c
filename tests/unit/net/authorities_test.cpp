#include "base/net/authorities.h"

#include <sys/resource.h>

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include "base/file.h"
#include "tests/unit/folder.h"

namespace candor::net {
namespace {

TEST(Authorities, are_none_where_no_file_could_be_read) {
  const Folder folder;
  Authorities missing{(folder.path() / "missing.pem").string()};
  EXPECT_EQ(missing.store(), nullptr);
  Authorities broken{folder.write("broken.pem", "no certificate")};
  EXPECT_EQ(broken.store(), nullptr);
}

TEST(Authorities, are_read_once_and_again_where_the_file_is_another) {
  const std::string system = system_authorities_file();
  ASSERT_FALSE(system.empty());
  const Result<std::string> all = read_file(system, std::size_t{4} << 20U);
  ASSERT_TRUE(all) << "needs ca-certificates";
  constexpr std::string_view end = "-----END CERTIFICATE-----\n";
  const std::string first = all->substr(0, all->find(end) + end.size());
  const Folder folder;
  Authorities authorities{folder.write("ca.pem", first)};
  const Authorities::Store before = authorities.store();
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(sk_X509_OBJECT_num(X509_STORE_get0_objects(before.get())), 1);
  EXPECT_EQ(authorities.store(), before);
  (void)folder.write("ca.pem", *all);
  const Authorities::Store after = authorities.store();
  EXPECT_NE(after, before);
  EXPECT_GT(sk_X509_OBJECT_num(X509_STORE_get0_objects(after.get())), 1);
  (void)folder.write("ca.pem", "");
  EXPECT_EQ(authorities.store(), after) << "the last that could be read";
}

TEST(Authorities, are_read_once_there_is_a_descriptor_for_it) {
  Authorities authorities{system_authorities_file(), Duration{0}};
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(authorities.store(), nullptr);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_NE(authorities.store(), nullptr);
}

}  // namespace
}  // namespace candor::net
