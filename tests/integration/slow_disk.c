/* A disk with moods, for the files named candor.db*: loaded before candord's libraries, it reads what to do from the
 * file that DISK_MOOD names. "slow 400": each flush takes 400 ms longer. "fail 5": each write and flush fails with that
 * errno; "read 5": each reading behind the first page of candor.db. Anything else: as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is_journal(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return strstr(path, "/candor.db") != NULL;
}

/* Answers the errno to fail with, 0 for none. */
static int mood(int descriptor, int flushes, int reads) {
  const char* name = getenv("DISK_MOOD");
  FILE* file = name != NULL && is_journal(descriptor) ? fopen(name, "re") : NULL;
  if (file == NULL) return 0;
  int number = 0, failure = 0;
  char word[16] = "";
  if (fscanf(file, "%15s %d", word, &number) == 2) {
    if (strcmp(word, reads ? "read" : "fail") == 0) failure = number;
    if (strcmp(word, "slow") == 0 && flushes) {
      const struct timespec wait = {number / 1000, number % 1000 * 1000000L};
      nanosleep(&wait, NULL);
    }
  }
  fclose(file);
  return failure;
}

#define THE_REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define UNLESS_IT_FAILS(flushes, call)                        \
  const int failure = mood(descriptor, flushes, 0);           \
  if (failure != 0) {                                         \
    errno = failure;                                          \
    return -1;                                                \
  }                                                           \
  return call

int fsync(int descriptor) { UNLESS_IT_FAILS(1, THE_REAL(fsync)(descriptor)); }
int fdatasync(int descriptor) { UNLESS_IT_FAILS(1, THE_REAL(fdatasync)(descriptor)); }
ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t at) {
  UNLESS_IT_FAILS(0, THE_REAL(pwrite)(descriptor, bytes, size, at));
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t at) {
  UNLESS_IT_FAILS(0, THE_REAL(pwrite64)(descriptor, bytes, size, at));
}

static int unreadable(int descriptor, off64_t at) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = at < 4096 ? -1 : readlink(link, path, sizeof path - 1);
  if (length < 10 || strncmp(path + length - 10, "/candor.db", 10) != 0) return 0;
  errno = mood(descriptor, 0, 1);
  return errno != 0;
}
ssize_t pread(int descriptor, void* bytes, size_t size, off_t at) {
  return unreadable(descriptor, at) ? -1 : THE_REAL(pread)(descriptor, bytes, size, at);
}
ssize_t pread64(int descriptor, void* bytes, size_t size, off64_t at) {
  return unreadable(descriptor, at) ? -1 : THE_REAL(pread64)(descriptor, bytes, size, at);
}
