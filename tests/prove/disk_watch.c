/* Preloaded into a server: notes what it does to its database's files, and what it answers, in one file.
 *
 * PROVE_DISK_FILES is the database's path: files whose names begin with it are watched, and its directory.
 * PROVE_DISK_LOG is where records are appended, each in one piece; PROVE_DISK_TROUBLE, if set, is a file of
 * four bytes: while they are not zero, whatever would change a watched file fails with that errno.
 * A record is a `struct head` and `more` bytes after it. tests/prove/disk_watch.py reads them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPENED = 1, WROTE, CUT, SYNCED, UNLINKED, RENAMED, ANSWERED, FAILED };
enum { FILES_MAX = 65536 };

struct head {
    int32_t kind, pid, fd, more;
    int64_t from_ns, until_ns, place;
};

static const char *watched;
static size_t directory_length;
static int log_fd = -1;
static volatile int32_t *trouble;
static char is_watched[FILES_MAX];

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

__attribute__((constructor)) static void begin(void)
{
    const char *log = getenv("PROVE_DISK_LOG"), *switch_ = getenv("PROVE_DISK_TROUBLE"), *slash;
    watched = getenv("PROVE_DISK_FILES");
    if (!watched || !(slash = strrchr(watched, '/'))) {
        watched = NULL;
        return;
    }
    directory_length = slash - watched;
    if (log) log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (switch_) {
        int fd = open(switch_, O_RDONLY | O_CLOEXEC);
        void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *trouble, PROT_READ, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED) trouble = page;
    }
}

/* One append each: threads and processes need no lock between them. */
static void note(int kind, int fd, int64_t from, int64_t place, const void *more, size_t length)
{
    struct head head = {kind, getpid(), fd, (int32_t)length, from, now(), place};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)more, length}};
    int before = errno;
    if (log_fd < 0) return;
    if (writev(log_fd, parts, 2) != (ssize_t)(sizeof head + length)) abort();
    errno = before;
}

static int is_ours(const char *path)
{
    if (!watched || !path) return 0;
    if (strlen(path) == directory_length) return !strncmp(path, watched, directory_length);
    return !strncmp(path, watched, strlen(watched));
}

static int is_known(int fd) { return fd >= 0 && fd < FILES_MAX && is_watched[fd]; }

static int fails(int fd)
{
    if (!trouble || !*trouble) return 0;
    errno = *trouble;
    note(FAILED, fd, now(), *trouble, NULL, 0);
    errno = *trouble;
    return 1;
}

static int opened(int fd, int flags, const char *path, int64_t from, int was_there)
{
    if (fd < 0 || fd >= FILES_MAX) return fd;
    is_watched[fd] = 1;
    note(OPENED, fd, from, !was_there, path, strlen(path));
    if (flags & O_TRUNC) note(CUT, fd, from, 0, NULL, 0);
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        REAL(name); \
        int mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, int); \
            va_end(more); \
        } \
        if (!is_ours(path)) return real(path, flags, mode); \
        int64_t from = now(); \
        int was_there = !access(path, F_OK); \
        if ((flags & O_ACCMODE) != O_RDONLY && fails(-1)) return -1; \
        return opened(real(path, flags, mode), flags, path, from, was_there); \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    REAL(close);
    if (is_known(fd)) is_watched[fd] = 0;
    return real(fd);
}

static ssize_t wrote(int fd, ssize_t done, int64_t from, off_t place, const void *data)
{
    if (done > 0) note(WROTE, fd, from, place, data, done);
    return done;
}

/* A body of JSON, whether or not it leaves with its head. */
static void answered(int fd, ssize_t done, int64_t from, const void *data)
{
    if (!watched || done < 9) return;
    if (!memcmp(data, "HTTP/1.1 ", 9) || *(const char *)data == '{') note(ANSWERED, fd, from, 0, data, done);
}

ssize_t write(int fd, const void *data, size_t length)
{
    REAL(write);
    int64_t from = now();
    if (is_known(fd)) {
        if (fails(fd)) return -1;
        off_t place = lseek(fd, 0, SEEK_CUR);
        return wrote(fd, real(fd, data, length), from, place, data);
    }
    ssize_t done = real(fd, data, length);
    answered(fd, done, from, data);
    return done;
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *data, size_t length, off_t place) \
    { \
        REAL(name); \
        int64_t from = now(); \
        if (!is_known(fd)) return real(fd, data, length, place); \
        if (fails(fd)) return -1; \
        return wrote(fd, real(fd, data, length, place), from, place, data); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(name) \
    int name(int fd, off_t length) \
    { \
        REAL(name); \
        int64_t from = now(); \
        if (is_known(fd) && fails(fd)) return -1; \
        int result = real(fd, length); \
        if (!result && is_known(fd)) note(CUT, fd, from, length, NULL, 0); \
        return result; \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name) \
    int name(int fd) \
    { \
        REAL(name); \
        int64_t from = now(); \
        if (is_known(fd) && fails(fd)) return -1; \
        int result = real(fd); \
        if (!result && is_known(fd)) note(SYNCED, fd, from, 0, NULL, 0); \
        return result; \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path)
{
    REAL(unlink);
    int64_t from = now();
    if (is_ours(path) && fails(-1)) return -1;
    int result = real(path);
    if (!result && is_ours(path)) note(UNLINKED, -1, from, 0, path, strlen(path));
    return result;
}

int rename(const char *path, const char *name)
{
    REAL(rename);
    int64_t from = now();
    if ((is_ours(path) || is_ours(name)) && fails(-1)) return -1;
    int result = real(path, name);
    if (!result && (is_ours(path) || is_ours(name))) {
        char both[2 * PATH_MAX];
        note(RENAMED, -1, from, 0, both, snprintf(both, sizeof both, "%s\n%s", path, name));
    }
    return result;
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    REAL(send);
    int64_t from = now();
    ssize_t done = real(fd, data, length, flags);
    answered(fd, done, from, data);
    return done;
}
