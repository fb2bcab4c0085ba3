/*
 * Loaded into a process with LD_PRELOAD: makes its clock jump, its disk fail, and its writes known.
 *
 * WEIR_SHIM names a file of 40 bytes that others change while the process runs:
 *   int64 how many ms the clock is ahead; int64 after how many calls on data.mdb one fails, 0 for none (counts down);
 *   int64 with which error; int64 1 when syncs are dropped; int64 how many calls have failed or were dropped.
 * WEIR_SHIM_LOG names a file that the writes to data.mdb are appended to: int64 kind (1 write, 2 sync), offset, length; bytes.
 * The monotonic clock is left alone, as the system's is when the time is set.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *control;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("WEIR_SHIM");
  int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd >= 0) {
    void *map = mmap(0, 40, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) control = map;
    close(fd);
  }
  path = getenv("WEIR_SHIM_LOG");
  if (path) log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

#define NEXT(type, name) \
  static __typeof__(type) next; \
  if (!next) next = (__typeof__(type))dlsym(RTLD_NEXT, name)

static int is_data(int fd) {
  char link[32], path[4096];
  strcpy(link, "/proc/self/fd/");
  char digits[12];
  int count = 0, at = 14;
  do digits[count++] = '0' + fd % 10;
  while ((fd /= 10) > 0);
  while (count > 0) link[at++] = digits[--count];
  link[at] = 0;
  ssize_t length = readlink(link, path, sizeof path);
  return length >= 8 && memcmp(path + length - 8, "data.mdb", 8) == 0;
}

/* Whether this call on data.mdb is the one that fails. */
static int fails(int fd) {
  if (!control || control[1] <= 0 || !is_data(fd)) return 0;
  if (__sync_sub_and_fetch(&control[1], 1) != 0) return 0;
  __sync_add_and_fetch(&control[4], 1);
  errno = (int)control[2];
  return 1;
}

static void note(int64_t kind, int fd, int64_t offset, const struct iovec *parts, int count) {
  if (log_fd < 0 || !is_data(fd)) return;
  static ssize_t (*out)(int, const struct iovec *, int);
  if (!out) out = (ssize_t (*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
  int64_t head[3] = {kind, offset, 0};
  struct iovec all[count + 1];
  all[0].iov_base = head;
  all[0].iov_len = sizeof head;
  for (int i = 0; i < count; i++) {
    head[2] += parts[i].iov_len;
    all[i + 1] = parts[i];
  }
  if (out(log_fd, all, count + 1) < 0) abort();
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off64_t offset, const char *name) {
  NEXT(ssize_t (*)(int, const void *, size_t, off64_t), name);
  if (fails(fd)) return -1;
  struct iovec part = {(void *)bytes, length};
  note(1, fd, offset, &part, 1);
  return next(fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return write_at(fd, bytes, length, offset, "pwrite64"); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return write_at(fd, bytes, length, offset, "pwrite64"); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  NEXT(ssize_t (*)(int, const struct iovec *, int), "writev");
  if (fails(fd)) return -1;
  if (log_fd >= 0) note(1, fd, lseek(fd, 0, SEEK_CUR), parts, count);
  return next(fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  NEXT(ssize_t (*)(int, const struct iovec *, int, off_t), "pwritev");
  if (fails(fd)) return -1;
  note(1, fd, offset, parts, count);
  return next(fd, parts, count, offset);
}

static int sync_of(int fd, const char *name) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (fails(fd)) return -1;
  if (control && control[3] && is_data(fd)) {
    __sync_add_and_fetch(&control[4], 1);
    return 0;
  }
  note(2, fd, 0, 0, 0);
  return next(fd);
}
int fdatasync(int fd) { return sync_of(fd, "fdatasync"); }
int fsync(int fd) { return sync_of(fd, "fsync"); }

int clock_gettime(clockid_t clock, struct timespec *time) {
  NEXT(int (*)(clockid_t, struct timespec *), "clock_gettime");
  int result = next(clock, time);
  if (result == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ms = control[0];
    time->tv_sec += ms / 1000;
    time->tv_nsec += (ms % 1000) * 1000000;
    if (time->tv_nsec >= 1000000000) time->tv_nsec -= 1000000000, time->tv_sec++;
    if (time->tv_nsec < 0) time->tv_nsec += 1000000000, time->tv_sec--;
  }
  return result;
}
int gettimeofday(struct timeval *time, void *zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}
