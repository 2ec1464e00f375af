/*
 * Count the calls of a process that touch files below some folders, and let one of them go wrong.
 *
 *   cc -shared -fPIC -O2 -o shim.so shim.c -ldl;  LD_PRELOAD=./shim.so FAULT_TOPS=/a:/b FAULT_AT=7 FAULT_WHAT=kill ...
 *
 * FAULT_TOPS   the folders, separated by colons, as /proc has them (no symbolic links)
 * FAULT_AT     which of the counted calls goes wrong, from 1; FAULT_COUNT how many from there on (-1: all)
 * FAULT_WHAT   kill, kill-after (the call is done first), stop (SIGSTOP before it), short (half of what is read or
 *              written), or the number of an error: 5, or 5-after (the call is done, and the error reported)
 * FAULT_CALLS  count these alone: open,create,read,write,copy,fsync,rename,link,symlink,unlink,mkdir,rmdir,truncate,
 *              chmod,utime,stat,list,lease,close
 * FAULT_LOG    a file that gets a line for each call: number, call, result or -errno (? if it was not made), what was
 *              injected, path, second path
 *
 * Only the first process is counted, not those that it starts. A process that forks calls fault_tops, fault_log and
 * fault_arm in the child instead.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINK_MAX_BYTES 4096
#define REAL(name) ((__typeof__(&name))real(#name))

enum what { NOTHING, KILL, STOP, SHORT, ERROR };

static struct { long at, count; enum what what; int error, after; char text[32], calls[256]; } plan;
static struct { char text[LINK_MAX_BYTES]; } tops;
static atomic_long seen;
static volatile pid_t owner;
static int log_fd = -1;

struct call { long number; int hit; const char *label; char one[LINK_MAX_BYTES], two[LINK_MAX_BYTES]; };

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static void whole(char *out, int fd, const char *path)
{
    char link[64];
    out[0] = 0;
    if (path && !strncmp(path, "/proc/self/fd/", 14)) {
        fd = atoi(path + 14);
        path = NULL;
    }
    if (path && path[0] == '/') {
        snprintf(out, LINK_MAX_BYTES, "%s", path);
        return;
    }
    if (fd == AT_FDCWD ? !path : fd < 0) return;
    snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, out, LINK_MAX_BYTES - 1);
    out[size < 0 ? 0 : size] = 0;
    if (size > 0 && path && *path && strcmp(path, ".")) snprintf(out + size, LINK_MAX_BYTES - size, "/%s", path);
}

static int below(const char *path)
{
    for (const char *top = tops.text; *top;) {
        size_t size = strcspn(top, ":");
        if (size && !strncmp(path, top, size) && (path[size] == '/' || !path[size])) return 1;
        top += size + (top[size] == ':');
    }
    return 0;
}

static int wanted(const char *label)
{
    size_t size = strlen(label);
    for (const char *found = plan.calls; (found = strstr(found, label)); found += size)
        if ((found == plan.calls || found[-1] == ',') && (!found[size] || found[size] == ',')) return 1;
    return !plan.calls[0];
}

static void note(const struct call *call, const char *result, const char *injected)
{
    char line[2 * LINK_MAX_BYTES + 128];
    if (log_fd < 0) return;
    int size = snprintf(line, sizeof line, "%ld\t%s\t%s\t%s\t%s\t%s\n", call->number, call->label, result, injected,
                        call->one, call->two);
    if (REAL(write)(log_fd, line, size) != size) abort();
}

/* Say whether the call is to be made. */
static int begin(struct call *call, const char *label, int fd1, const char *path1, int fd2, const char *path2)
{
    call->number = call->hit = 0;
    if (!owner || owner != getpid()) return 1;
    int before = errno;
    whole(call->one, fd1, path1);
    whole(call->two, fd2, path2);
    if ((below(call->one) || below(call->two)) && wanted(label)) {
        call->label = label;
        call->number = atomic_fetch_add(&seen, 1) + 1;
        call->hit = plan.what && call->number >= plan.at && (plan.count < 0 || call->number < plan.at + plan.count);
        if (call->hit && plan.what == STOP) {
            note(call, "?", plan.text);
            kill(getpid(), SIGSTOP);
        }
        if (call->hit && !plan.after && (plan.what == KILL || plan.what == ERROR)) {
            note(call, "?", plan.text);
            if (plan.what == KILL) kill(getpid(), SIGKILL);
            errno = plan.error;
            return 0;
        }
    }
    errno = before;
    return 1;
}

static long end(struct call *call, long result)
{
    if (!call->number) return result;
    char text[32];
    int error = errno;
    snprintf(text, sizeof text, "%ld", result < 0 ? -(long)error : result);
    note(call, text, call->hit ? plan.text : "");
    if (call->hit && plan.after && plan.what == KILL) kill(getpid(), SIGKILL);
    if (call->hit && plan.after && plan.what == ERROR) {
        if (result > 0 && (!strcmp(call->label, "open") || !strcmp(call->label, "create"))) REAL(close)(result);
        error = plan.error;
        result = -1;
    }
    errno = error;
    return result;
}

static size_t sized(const struct call *call, size_t size)
{
    return call->hit && plan.what == SHORT && size > 1 ? size / 2 : size;
}

static const char *opening(int flags)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? "create" : "open";
}

#define PLAIN(type, name, params, args, label, ...)                                         \
    type name params                                                                        \
    {                                                                                       \
        struct call call;                                                                   \
        if (!begin(&call, label, __VA_ARGS__)) return -1;                                   \
        return end(&call, REAL(name) args);                                                 \
    }
#define HERE AT_FDCWD
#define NONE -1, NULL

PLAIN(ssize_t, read, (int fd, void *to, size_t size), (fd, to, sized(&call, size)), "read", fd, NULL, NONE)
PLAIN(ssize_t, write, (int fd, const void *of, size_t size), (fd, of, sized(&call, size)), "write", fd, NULL, NONE)
PLAIN(ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, sized(&call, size), at), "read", fd, NULL, NONE)
PLAIN(ssize_t, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, sized(&call, size), at), "read", fd, NULL, NONE)
PLAIN(ssize_t, pwrite, (int fd, const void *of, size_t size, off_t at), (fd, of, sized(&call, size), at), "write", fd, NULL, NONE)
PLAIN(ssize_t, pwrite64, (int fd, const void *of, size_t size, off64_t at), (fd, of, sized(&call, size), at), "write", fd, NULL, NONE)
PLAIN(ssize_t, sendfile, (int to, int of, off_t *at, size_t size), (to, of, at, sized(&call, size)), "copy", of, NULL, to, NULL)
PLAIN(ssize_t, sendfile64, (int to, int of, off64_t *at, size_t size), (to, of, at, sized(&call, size)), "copy", of, NULL, to, NULL)
PLAIN(ssize_t, copy_file_range, (int of, off64_t *at, int to, off64_t *at2, size_t size, unsigned flags),
      (of, at, to, at2, sized(&call, size), flags), "copy", of, NULL, to, NULL)

PLAIN(int, fsync, (int fd), (fd), "fsync", fd, NULL, NONE)
PLAIN(int, fdatasync, (int fd), (fd), "fsync", fd, NULL, NONE)
PLAIN(int, rename, (const char *a, const char *b), (a, b), "rename", HERE, a, HERE, b)
PLAIN(int, renameat, (int d, const char *a, int e, const char *b), (d, a, e, b), "rename", d, a, e, b)
PLAIN(int, renameat2, (int d, const char *a, int e, const char *b, unsigned flags), (d, a, e, b, flags),
      flags & RENAME_EXCHANGE ? "exchange" : "rename", d, a, e, b)
PLAIN(int, link, (const char *a, const char *b), (a, b), "link", HERE, a, HERE, b)
PLAIN(int, linkat, (int d, const char *a, int e, const char *b, int flags), (d, a, e, b, flags), "link", d, a, e, b)
PLAIN(int, symlink, (const char *a, const char *b), (a, b), "symlink", NONE, HERE, b)
PLAIN(int, symlinkat, (const char *a, int e, const char *b), (a, e, b), "symlink", NONE, e, b)
PLAIN(int, unlink, (const char *path), (path), "unlink", HERE, path, NONE)
PLAIN(int, unlinkat, (int d, const char *path, int flags), (d, path, flags), flags & AT_REMOVEDIR ? "rmdir" : "unlink", d, path, NONE)
PLAIN(int, rmdir, (const char *path), (path), "rmdir", HERE, path, NONE)
PLAIN(int, mkdir, (const char *path, mode_t mode), (path, mode), "mkdir", HERE, path, NONE)
PLAIN(int, mkdirat, (int d, const char *path, mode_t mode), (d, path, mode), "mkdir", d, path, NONE)
PLAIN(int, truncate64, (const char *path, off64_t size), (path, size), "truncate", HERE, path, NONE)
PLAIN(int, ftruncate, (int fd, off_t size), (fd, size), "truncate", fd, NULL, NONE)
PLAIN(int, ftruncate64, (int fd, off64_t size), (fd, size), "truncate", fd, NULL, NONE)
PLAIN(int, chmod, (const char *path, mode_t mode), (path, mode), "chmod", HERE, path, NONE)
PLAIN(int, fchmod, (int fd, mode_t mode), (fd, mode), "chmod", fd, NULL, NONE)
PLAIN(int, fchmodat, (int d, const char *path, mode_t mode, int flags), (d, path, mode, flags), "chmod", d, path, NONE)
PLAIN(int, utimensat, (int d, const char *path, const struct timespec times[2], int flags), (d, path, times, flags), "utime", d, path, NONE)
PLAIN(int, futimens, (int fd, const struct timespec times[2]), (fd, times), "utime", fd, NULL, NONE)
PLAIN(int, stat, (const char *path, struct stat *to), (path, to), "stat", HERE, path, NONE)
PLAIN(int, stat64, (const char *path, struct stat64 *to), (path, to), "stat", HERE, path, NONE)
PLAIN(int, lstat, (const char *path, struct stat *to), (path, to), "stat", HERE, path, NONE)
PLAIN(int, lstat64, (const char *path, struct stat64 *to), (path, to), "stat", HERE, path, NONE)
PLAIN(int, fstat, (int fd, struct stat *to), (fd, to), "stat", fd, NULL, NONE)
PLAIN(int, fstat64, (int fd, struct stat64 *to), (fd, to), "stat", fd, NULL, NONE)
PLAIN(int, fstatat, (int d, const char *path, struct stat *to, int flags), (d, path, to, flags), "stat", d, path, NONE)
PLAIN(int, fstatat64, (int d, const char *path, struct stat64 *to, int flags), (d, path, to, flags), "stat", d, path, NONE)

#define OPEN(name, params, args, d)                                                         \
    int name params                                                                         \
    {                                                                                       \
        struct call call;                                                                   \
        mode_t mode = 0;                                                                    \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                \
            va_list rest;                                                                   \
            va_start(rest, flags);                                                          \
            mode = va_arg(rest, mode_t);                                                    \
            va_end(rest);                                                                   \
        }                                                                                   \
        if (!begin(&call, opening(flags), d, path, NONE)) return -1;                        \
        return end(&call, REAL(name) args);                                                 \
    }
OPEN(open, (const char *path, int flags, ...), (path, flags, mode), HERE)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), HERE)
OPEN(openat, (int d, const char *path, int flags, ...), (d, path, flags, mode), d)
OPEN(openat64, (int d, const char *path, int flags, ...), (d, path, flags, mode), d)

int close(int fd)
{
    struct call call;
    int made = begin(&call, "close", fd, NULL, NONE); /* whatever it reports, the descriptor is free then */
    int error = errno;
    int result = REAL(close)(fd);
    if (made) return end(&call, result);
    errno = error;
    return -1;
}

DIR *opendir(const char *path)
{
    struct call call;
    if (!begin(&call, "list", HERE, path, NONE)) return NULL;
    DIR *result = REAL(opendir)(path);
    end(&call, result ? 0 : -1);
    return result;
}

DIR *fdopendir(int fd)
{
    struct call call;
    if (!begin(&call, "list", fd, NULL, NONE)) return NULL;
    DIR *result = REAL(fdopendir)(fd);
    end(&call, result ? 0 : -1);
    return result;
}

#define FCNTL(name)                                                                         \
    int name(int fd, int command, ...)                                                      \
    {                                                                                       \
        struct call call;                                                                   \
        va_list rest;                                                                       \
        va_start(rest, command);                                                            \
        void *argument = va_arg(rest, void *);                                              \
        va_end(rest);                                                                       \
        if (command != F_SETLEASE) return REAL(name)(fd, command, argument);                \
        if (!begin(&call, "lease", fd, NULL, NONE)) return -1;                              \
        return end(&call, REAL(name)(fd, command, argument));                               \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

/* What has no function of its own in libc: openat2 (its flags lead its arguments), and others by their number. */
long syscall(long number, ...)
{
    struct call call;
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
    va_end(rest);
    int made = 1;
    call.number = 0;
    if (number == SYS_openat2)
        made = begin(&call, opening(*(unsigned long long *)a[2]), a[0], (const char *)a[1], NONE);
    else if (number == SYS_renameat2)
        made = begin(&call, (int)a[4] & RENAME_EXCHANGE ? "exchange" : "rename", a[0], (const char *)a[1], a[2], (const char *)a[3]);
    if (!made) return -1;
    return end(&call, REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

void fault_tops(const char *text) { snprintf(tops.text, sizeof tops.text, "%s", text ? text : ""); }

void fault_log(const char *path)
{
    if (log_fd >= 0) REAL(close)(log_fd);
    log_fd = path ? REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

long fault_seen(void) { return seen; }

/* Count from here on, in this process; at 0 nothing goes wrong. */
void fault_arm(long at, const char *what, const char *calls, long count)
{
    plan.what = !at || !what || !*what ? NOTHING : !strncmp(what, "kill", 4) ? KILL : !strcmp(what, "stop") ? STOP
              : !strcmp(what, "short") ? SHORT : ERROR;
    plan.at = at;
    plan.count = count;
    plan.error = plan.what == ERROR ? atoi(what) : 0;
    plan.after = what && strstr(what, "-after") != NULL;
    snprintf(plan.text, sizeof plan.text, "%s", what ? what : "");
    snprintf(plan.calls, sizeof plan.calls, "%s", calls ? calls : "");
    seen = 0;
    owner = getpid();
}

void fault_disarm(void) { owner = 0; }

__attribute__((constructor)) static void prepare(void)
{
    const char *of = getenv("FAULT_TOPS"), *at = getenv("FAULT_AT"), *count = getenv("FAULT_COUNT");
    char own[16];
    if (!of || getenv("FAULT_PID")) return;
    snprintf(own, sizeof own, "%d", getpid());
    setenv("FAULT_PID", own, 1);
    fault_tops(of);
    fault_log(getenv("FAULT_LOG"));
    fault_arm(at ? atol(at) : 0, getenv("FAULT_WHAT"), getenv("FAULT_CALLS"), count ? atol(count) : 1);
}
