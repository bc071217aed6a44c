#include "daemon/store/schema.h"

#include <fstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "daemon/store/backup.h"
#include "daemon/store/records.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

const std::vector<SchemaStep> three_versions{
    {1, "CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT)"},
    {2, "ALTER TABLE notes ADD COLUMN length INTEGER; UPDATE notes SET length = length(text)"},
    {3, "CREATE TABLE names(name TEXT); INSERT INTO names SELECT text FROM notes; DROP TABLE notes"},
};

struct Schema : testing::Test {
  TemporaryFolder folder;
  std::unique_ptr<Database> database;

  Schema() {
    std::ofstream(folder.journal()).flush();
    database = std::make_unique<Database>(folder.journal());
  }
  Result<int> migrate_to(std::size_t version) { return migrate(*database, std::span{three_versions}.first(version)); }
};

TEST_F(Schema, goes_through_every_step_for_an_empty_file) {
  EXPECT_EQ(migrate_to(3).value(), 0);
  EXPECT_EQ(database->integer("PRAGMA user_version"), 3);
  EXPECT_EQ(database->integer("SELECT count(*) FROM names"), 0);
}

TEST_F(Schema, carries_what_an_old_file_holds_through_the_steps_it_lacks) {
  ASSERT_EQ(migrate_to(1).value(), 0);
  database->execute("INSERT INTO notes(text) VALUES('checkout'), ('search')");
  EXPECT_EQ(migrate_to(2).value(), 1);
  EXPECT_EQ(database->integer("SELECT length FROM notes WHERE text = 'search'"), 6);
  EXPECT_EQ(migrate_to(3).value(), 2);
  EXPECT_EQ(database->integer("SELECT count(*) FROM names"), 2);
  EXPECT_EQ(migrate_to(3).value(), 3);
  EXPECT_EQ(database->integer("SELECT count(*) FROM names"), 2);
}

TEST_F(Schema, leaves_the_version_before_a_step_that_fails_whole) {
  ASSERT_EQ(migrate_to(1).value(), 0);
  database->execute("INSERT INTO notes(text) VALUES('checkout')");
  const std::vector<SchemaStep> failing{
      three_versions[0], {2, "ALTER TABLE notes ADD COLUMN length INTEGER; INSERT INTO nowhere VALUES(1)"}};
  EXPECT_THROW((void)migrate(*database, failing), DatabaseError);
  EXPECT_EQ(database->integer("PRAGMA user_version"), 1);
  EXPECT_EQ(migrate_to(3).value(), 1);
  EXPECT_EQ(database->text("SELECT name FROM names"), "checkout");
}

TEST_F(Schema, refuses_what_a_newer_program_wrote) {
  ASSERT_TRUE(migrate_to(3));
  const Result<int> found = migrate_to(2);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, testing::HasSubstr("version 3 and this candord reads up to version 2"));
}

TEST_F(Schema, has_steps_numbered_from_one_without_gaps) {
  int expected = 0;
  for (const SchemaStep& step : schema_steps()) EXPECT_EQ(step.version, ++expected);
  EXPECT_GT(expected, 0);
}

TEST_F(Schema, brings_a_file_without_tables_to_todays_version) {
  EXPECT_EQ(migrate(*database, schema_steps()).value(), 0);
  EXPECT_EQ(database->integer("PRAGMA user_version"), schema_steps().back().version);
  database.reset();
  EXPECT_EQ(problem_of(folder.journal()), "");
}

TEST_F(Schema, of_version_1_is_read_copied_and_carried_over_with_its_outbox) {
  ASSERT_EQ(migrate(*database, schema_steps().first(1)).value(), 0);
  const incident::Delivery page = page_for("d1");
  const std::string body = encode(page);
  Statement insert(*database, "INSERT INTO outbox(delivery, body, checksum, attempts) VALUES('d1', ?, ?, 2)");
  insert.bind(std::string_view{body}, outbox_checksum("d1", body)).run();
  const Result<Backup> copied = back_up(folder.journal(), folder.path() / "copy.db");
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->waiting, 1U);
  for (int opening = 0; opening < 2; ++opening) {
    OpenJournal it = open_journal(folder.journal());
    ASSERT_EQ(it.recovered.outbox.size(), 1U);
    EXPECT_EQ(it.recovered.outbox[0].delivery, page);
    EXPECT_EQ(it.recovered.outbox[0].attempts, 2U + static_cast<std::uint32_t>(opening));
    append(*it.journal, {.attempts = {{"d1", 3, page.at, "timeout"}}});
  }
  EXPECT_EQ(database->integer("PRAGMA user_version"), schema_steps().back().version);
}

}  // namespace
}  // namespace candor::store
