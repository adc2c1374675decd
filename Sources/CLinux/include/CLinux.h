/* The Linux system calls that Swift's Glibc module cannot express: each wraps one idea, returns a
 * file descriptor or 0 on success and -errno on failure, and keeps no state.  No macro of the
 * _GNU_SOURCE kind may stand here: Swift would then see other types than the rest of the program. */
#ifndef DLMGUARD_CLINUX_H
#define DLMGUARD_CLINUX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* --- UNIX stream sockets (unix(7)); every descriptor is close-on-exec --- */

/* A socket connected to PATH; blocking. */
int dlmguard_connect(const char *path);
/* A socket connected to the abstract address NAME of this network namespace; blocking, and waits
 * while the listener's queue is full. */
int dlmguard_connect_abstract(const char *name);
/* A listening, non-blocking socket at PATH, with file mode MODE; replaces a stale socket file. */
int dlmguard_listen(const char *path, mode_t mode, int backlog);
/* The next waiting client, non-blocking. */
int dlmguard_accept(int listener);
/* Who is at the other end (SO_PEERCRED). */
int dlmguard_peer(int fd, uid_t *uid, pid_t *pid);
/* send(2) with MSG_NOSIGNAL; bytes sent, or -errno. */
ssize_t dlmguard_send(int fd, const void *bytes, size_t count);

/* Whether somebody listens at the abstract address NAME of this network namespace: 1 or 0, or -errno
 * where that cannot be told.  Never waits. */
int dlmguard_abstract_listener(const char *name);
/* Sends one datagram to a socket at a path, or, with a leading "@", at an abstract address
 * (sd_notify(3)).  Never waits: -EAGAIN where the receiver has no room now. */
int dlmguard_notify(const char *where, const void *bytes, size_t count);

/* --- events (epoll(7), eventfd(2), timerfd_create(2), signalfd(2), pidfd_open(2)) --- */

enum {
	DLMGUARD_READABLE = 1,
	DLMGUARD_WRITABLE = 2,
	DLMGUARD_HANGUP = 4,
};

struct dlmguard_ready {
	int fd;
	uint32_t events; /* DLMGUARD_* */
};

int dlmguard_epoll_create(void);
/* Watch FD for EVENTS (level-triggered); again to change them. */
int dlmguard_epoll_watch(int epoll, int fd, uint32_t events);
int dlmguard_epoll_forget(int epoll, int fd);
/* Waits without limit; how many entries of READY are filled, or -errno (never EINTR). */
int dlmguard_epoll_wait(int epoll, struct dlmguard_ready *ready, int capacity);

int dlmguard_eventfd(void);
int dlmguard_eventfd_raise(int fd);
int dlmguard_eventfd_clear(int fd);

/* A timer that becomes readable once, MILLISECONDS from when it was set (CLOCK_MONOTONIC). */
int dlmguard_timer(void);
int dlmguard_timer_set(int fd, int64_t milliseconds);
/* Makes it unreadable again. */
int dlmguard_timer_clear(int fd);

/* Blocks SIGTERM, SIGINT and SIGHUP in this thread and those it starts; readable when one arrives. */
int dlmguard_signals(void);
/* The next signal that has arrived: its number, 0 where there is none now. */
int dlmguard_next_signal(int fd);

/* A descriptor that is readable once every thread of the process has exited. */
int dlmguard_pidfd_open(pid_t pid);
/* 1 once the process of a pidfd is gone, 0 while it lives. */
int dlmguard_pidfd_gone(int pidfd);
/* Sends a signal to the process of a pidfd: 0 too where it is gone already. */
int dlmguard_pidfd_signal(int pidfd, int signal);

/* Starts a program with nothing of this process but its limits: no signals blocked or ignored, no
 * descriptors, input and output /dev/null, a process group of its own.  Its pid; ERRORS becomes the
 * end of a pipe, non-blocking, at which its standard error can be read. */
pid_t dlmguard_spawn(const char *path, char *const arguments[], char *const environment[], int *errors);

/* Becomes another program, looked for in PATH: WORDS are its name and arguments, each ended by NUL.
 * Returns only where that fails: -errno. */
int dlmguard_become(const char *words, size_t size);
/* Starts one, whose input is /dev/null and whose output can be read at *OUTPUT.  Its pid. */
pid_t dlmguard_read_program(const char *words, size_t size, int *output);
/* Waits for its end: its exit code, or 128 and the signal that ended it. */
int dlmguard_program_ended(pid_t pid);

/* --- what changes in directories (inotify(7)) --- */

enum {
	DLMGUARD_CREATED = 1,
	DLMGUARD_MOVED_IN = 2,
	DLMGUARD_REMOVED = 4, /* deleted, or moved away */
	DLMGUARD_ENDED = 8,   /* the directory itself is gone, or has another name: nothing more comes of it */
	DLMGUARD_MISSED = 16, /* more has happened, anywhere, than the kernel kept */
};

struct dlmguard_change {
	int watch;     /* which directory; -1 for DLMGUARD_MISSED */
	uint32_t what; /* one of the above */
	char name[256];
};

/* A descriptor that is readable when something has changed in a directory that it watches. */
int dlmguard_changes(void);
/* Watches a directory for some of the first three, and for its end; a number for it. */
int dlmguard_watch_directory(int fd, const char *directory, uint32_t what);
int dlmguard_unwatch_directory(int fd, int watch);
/* Some of the changes that wait, in their order; how many, 0 where there is none now.  There must be
 * room for 32. */
int dlmguard_next_changes(int fd, struct dlmguard_change *changes, int capacity);

/* --- files --- */

/* The bytes of a file, at most CAPACITY of them; how many, or -errno. */
ssize_t dlmguard_read_file(const char *path, void *bytes, size_t capacity);
/* The names in a directory, each ended by NUL; how many bytes, or -ERANGE for too small a buffer. */
ssize_t dlmguard_list_directory(const char *path, char *names, size_t capacity);
/* Replaces DIRECTORY/NAME at once, and returns when both are on stable storage. */
int dlmguard_replace_file(const char *directory, const char *name, const void *bytes, size_t count);
/* Removes DIRECTORY/NAME, and returns when that is on stable storage; 0 too where it is not there. */
int dlmguard_remove_file(const char *directory, const char *name);
/* Creates a directory of mode 0700 and its parents (0755); 0 too where it is there. */
int dlmguard_make_directory(const char *path);
/* Takes a lock on a file that lasts as long as the process: a descriptor, or -EWOULDBLOCK. */
int dlmguard_lock_file(const char *path);
/* Which process holds a POSIX lock on the first byte of a file (F_GETLK): its pid, 0 for none. */
pid_t dlmguard_lock_holder(const char *path);
/* What an errno means, in words (strerrordesc_np(3), which needs no lock). */
const char *dlmguard_error_text(int error);

/* --- time --- */

/* Wall-clock time in ms after 1970 (CLOCK_REALTIME). */
int64_t dlmguard_now(void);
/* Time in ms that no clock setting moves (CLOCK_MONOTONIC). */
int64_t dlmguard_uptime(void);

/* Raises this process's limit of open files as far as it may go. */
int dlmguard_allow_many_files(void);
/* Lets the calling thread run before all that is not urgent as well (sched(7), SCHED_FIFO at its lowest
 * priority), or as others do again; what it starts is not urgent.  Needs RLIMIT_RTPRIO or CAP_SYS_NICE:
 * 0, or -errno. */
int dlmguard_set_urgent(bool urgent);
/* Gives back the memory that only the program's start took: what malloc(3) keeps free, and the pages of
 * programs and libraries that were read then.  Whatever is needed again comes from the page cache. */
void dlmguard_forget_start(void);

/* --- storage --- */

/* What the kernel calls the filesystem and file behind PATH (statfs(2), stat(2)). */
struct dlmguard_file {
	uint64_t filesystem; /* f_fsid, or st_dev where the filesystem gives none */
	uint64_t fsid;       /* f_fsid as it is: 0 where the filesystem gives none */
	uint64_t inode;
	uint64_t links;      /* st_nlink */
	uint32_t mode;       /* st_mode */
	uint32_t major, minor; /* st_rdev */
	uint32_t device_major, device_minor; /* st_dev */
};
int dlmguard_stat(const char *path, struct dlmguard_file *file);
/* The same, but for what the filesystem says of itself, from what this kernel remembers: no server is
 * asked (statx(2), AT_STATX_DONT_SYNC). */
int dlmguard_recall(const char *path, struct dlmguard_file *file);
/* The value of an extended attribute (getxattr(2)), at most CAPACITY bytes; how many, or -errno. */
ssize_t dlmguard_xattr(const char *path, const char *name, void *bytes, size_t capacity);
/* Where a symbolic link leads (readlink(2)), without a NUL; how many bytes, or -errno. */
ssize_t dlmguard_read_link(const char *path, char *target, size_t capacity);
/* Which file the loop device MAJOR:MINOR at PATH lies on, by st_dev and inode (LOOP_GET_STATUS64).
 * -ENODEV where PATH is another device. */
int dlmguard_loop_file(const char *path, uint32_t major, uint32_t minor, struct dlmguard_file *file);

/* --- the distributed lock manager --- */

/* What the kernel has to say about a lock of this process (linux/dlm_device.h, struct dlm_lock_result). */
struct dlmguard_lock_news {
	uint32_t number;    /* the kernel's lkid */
	int32_t status;     /* how an operation ended: 0, EAGAIN, DLM_EUNLOCK, ...; positive */
	uint64_t argument;  /* what was submitted with the operation, by whichever process did that */
	uint8_t blocking;   /* the mode that somebody waits for; 0 where an operation has ended */
	uint8_t flags;      /* DLM_SBF_... */
	uint8_t has_value;  /* whether the value block was read */
	uint8_t value[32];
};
/* The next of them at a lockspace's descriptor, which must not block: 1, 0 for none, or -errno. */
int dlmguard_next_lock_news(int lockspace, struct dlmguard_lock_news *news);
/* Lets no read of a descriptor wait. */
int dlmguard_never_block(int fd);

#endif
