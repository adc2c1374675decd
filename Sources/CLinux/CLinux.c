#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/dlm_device.h>
#include <linux/loop.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static int result(int value)
{
	return value < 0 ? -errno : value;
}

static int closed(int fd, int error)
{
	close(fd);
	return -error;
}

static int address(struct sockaddr_un *name, const char *path)
{
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(name->sun_path))
		return -ENAMETOOLONG;
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path, path, length + 1);
	return 0;
}

int dlmguard_connect(const char *path)
{
	struct sockaddr_un name;
	int fd, bad = address(&name, path);

	if (bad)
		return bad;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		return closed(fd, errno);
	return fd;
}

/* The length of the address, or -errno. */
static int abstract_address(struct sockaddr_un *name, const char *abstract)
{
	size_t length = strlen(abstract);

	/* The name follows a NUL and ends with the address. */
	if (length == 0 || length >= sizeof(name->sun_path))
		return -EINVAL;
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path + 1, abstract, length);
	return offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

static int connect_abstract(const char *abstract, int flags)
{
	struct sockaddr_un name;
	int fd, length = abstract_address(&name, abstract);

	if (length < 0)
		return length;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&name, length) < 0)
		return closed(fd, errno);
	return fd;
}

int dlmguard_connect_abstract(const char *abstract)
{
	return connect_abstract(abstract, 0);
}

int dlmguard_abstract_listener(const char *abstract)
{
	int fd = connect_abstract(abstract, SOCK_NONBLOCK);

	if (fd >= 0) {
		close(fd);
		return 1;
	}
	switch (-fd) {
	case EAGAIN: /* its queue is full: it is slow, but it is there */
		return 1;
	case ECONNREFUSED:
		return 0;
	default:
		return fd;
	}
}

int dlmguard_notify(const char *where, const void *bytes, size_t count)
{
	struct sockaddr_un name;
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(where);
	int fd, bad = address(&name, where);

	if (bad)
		return bad;
	if (where[0] == '@')
		name.sun_path[0] = '\0';
	else if (where[0] != '/')
		return -EINVAL;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&name, length) < 0)
		return closed(fd, errno);
	return closed(fd, 0);
}

int dlmguard_listen(const char *path, mode_t mode, int backlog)
{
	struct sockaddr_un name;
	int fd, bad = address(&name, path);

	if (bad)
		return bad;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (unlink(path) < 0 && errno != ENOENT)
		return closed(fd, errno);
	/* The mode is set before anybody can connect: nothing listens until listen(2). */
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || chmod(path, mode) < 0 ||
	    listen(fd, backlog) < 0)
		return closed(fd, errno);
	return fd;
}

int dlmguard_accept(int listener)
{
	return result(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

int dlmguard_peer(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	*uid = peer.uid;
	*pid = peer.pid;
	return 0;
}

ssize_t dlmguard_send(int fd, const void *bytes, size_t count)
{
	ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

int dlmguard_epoll_create(void)
{
	return result(epoll_create1(EPOLL_CLOEXEC));
}

int dlmguard_epoll_watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = {
		.events = (events & DLMGUARD_READABLE ? EPOLLIN : 0) |
			  (events & DLMGUARD_WRITABLE ? EPOLLOUT : 0),
		.data.fd = fd,
	};
	int error = epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);

	if (error < 0 && errno == ENOENT)
		error = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	return result(error);
}

int dlmguard_epoll_forget(int epoll, int fd)
{
	return result(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
}

int dlmguard_epoll_wait(int epoll, struct dlmguard_ready *ready, int capacity)
{
	struct epoll_event events[64];
	int count;

	if (capacity > 64)
		capacity = 64;
	do
		count = epoll_wait(epoll, events, capacity, -1);
	while (count < 0 && errno == EINTR);
	for (int i = 0; i < count; i++) {
		uint32_t seen = events[i].events;

		ready[i].fd = events[i].data.fd;
		ready[i].events = (seen & EPOLLIN ? DLMGUARD_READABLE : 0) |
				  (seen & EPOLLOUT ? DLMGUARD_WRITABLE : 0) |
				  (seen & (EPOLLHUP | EPOLLERR) ? DLMGUARD_HANGUP : 0);
	}
	return result(count);
}

int dlmguard_eventfd(void)
{
	return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int dlmguard_eventfd_raise(int fd)
{
	/* EAGAIN: the counter is full, so the reader will wake anyway. */
	int error = eventfd_write(fd, 1);

	return error < 0 && errno != EAGAIN ? -errno : 0;
}

int dlmguard_eventfd_clear(int fd)
{
	eventfd_t count;
	int error = eventfd_read(fd, &count);

	return error < 0 && errno != EAGAIN ? -errno : 0;
}

int dlmguard_timer(void)
{
	return result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

int dlmguard_timer_set(int fd, int64_t milliseconds)
{
	/* All zero would switch the timer off: at once is one nanosecond. */
	struct itimerspec when = {
		.it_value = {
			.tv_sec = milliseconds / 1000,
			.tv_nsec = milliseconds > 0 ? milliseconds % 1000 * 1000000 : 1,
		},
	};

	return result(timerfd_settime(fd, 0, &when, NULL));
}

int dlmguard_timer_clear(int fd)
{
	uint64_t expirations;

	return read(fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN ? -errno : 0;
}

int dlmguard_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int dlmguard_next_signal(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		return (int)info.ssi_signo;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* By number: glibc 2.36 (Debian 12) is the first that wraps them. */
int dlmguard_pidfd_open(pid_t pid)
{
	return result((int)syscall(SYS_pidfd_open, pid, 0));
}

int dlmguard_pidfd_gone(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return result(poll(&poll_fd, 1, 0));
}

int dlmguard_pidfd_signal(int pidfd, int signal)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
		return -errno;
	return 0;
}

static int spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
		 int errors)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	if ((error = posix_spawn_file_actions_init(&files)))
		return error;
	if ((error = posix_spawnattr_init(&attributes))) {
		posix_spawn_file_actions_destroy(&files);
		return error;
	}
	if (!(error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)) &&
	    !(error = posix_spawnattr_setsigmask(&attributes, &none)) &&
	    !(error = posix_spawnattr_setsigdefault(&attributes, &all)) &&
	    !(error = posix_spawn_file_actions_adddup2(&files, errors, 2)) &&
	    !(error = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)) &&
	    !(error = posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)) &&
	    !(error = posix_spawn_file_actions_addclosefrom_np(&files, 3)))
		error = posix_spawn(pid, path, &files, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

pid_t dlmguard_spawn(const char *path, char *const arguments[], char *const environment[], int *errors)
{
	int ends[2], error;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* Only this end never waits: the program knows of no such thing. */
	error = fcntl(ends[1], F_SETFL, 0) < 0 ? errno : spawn(&pid, path, arguments, environment, ends[1]);
	close(ends[1]);
	if (error)
		return closed(ends[0], error);
	*errors = ends[0];
	return pid;
}

/* The words of a command as exec(3) wants them; NULL for want of memory. */
static char **words_of(const char *words, size_t size)
{
	size_t count = 0, at = 0;
	char **list;

	for (size_t i = 0; i < size; i++)
		count += !words[i];
	list = calloc(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++) {
		list[i] = (char *)words + at;
		at += strlen(list[i]) + 1;
	}
	return list;
}

int dlmguard_become(const char *words, size_t size)
{
	char **list = words_of(words, size);
	int error;

	if (!list)
		return -ENOMEM;
	execvp(list[0], list);
	error = errno;
	free(list);
	return -error;
}

pid_t dlmguard_read_program(const char *words, size_t size, int *output)
{
	char **list = words_of(words, size);
	posix_spawn_file_actions_t actions;
	int ends[2], error;
	pid_t pid;

	if (!list)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		error = errno;
		free(list);
		return -error;
	}
	error = posix_spawn_file_actions_init(&actions);
	if (!error) {
		error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
		if (!error)
			error = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
		if (!error)
			error = posix_spawnp(&pid, list[0], &actions, NULL, list, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	free(list);
	close(ends[1]);
	if (error)
		return closed(ends[0], error);
	*output = ends[0];
	return pid;
}

int dlmguard_program_ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int dlmguard_changes(void)
{
	return result(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

int dlmguard_watch_directory(int fd, const char *directory, uint32_t what)
{
	uint32_t mask = (what & DLMGUARD_CREATED ? IN_CREATE : 0) |
			(what & DLMGUARD_MOVED_IN ? IN_MOVED_TO : 0) |
			(what & DLMGUARD_REMOVED ? IN_DELETE | IN_MOVED_FROM : 0);

	return result(inotify_add_watch(fd, directory, mask | IN_MOVE_SELF | IN_ONLYDIR));
}

int dlmguard_unwatch_directory(int fd, int watch)
{
	return result(inotify_rm_watch(fd, watch));
}

static uint32_t kind_of_change(uint32_t mask)
{
	if (mask & IN_Q_OVERFLOW)
		return DLMGUARD_MISSED;
	if (mask & (IN_IGNORED | IN_MOVE_SELF | IN_UNMOUNT))
		return DLMGUARD_ENDED;
	if (mask & IN_CREATE)
		return DLMGUARD_CREATED;
	return mask & IN_MOVED_TO ? DLMGUARD_MOVED_IN : DLMGUARD_REMOVED;
}

int dlmguard_next_changes(int fd, struct dlmguard_change *changes, int capacity)
{
	/* Every event takes 16 bytes or more, and one with the longest name 272. */
	_Alignas(struct inotify_event) char events[4096];
	size_t size = sizeof(struct inotify_event) * (size_t)capacity;
	int total = 0;
	ssize_t count = read(fd, events, size < sizeof(events) ? size : sizeof(events));

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (char *at = events; at < events + count; total++) {
		struct inotify_event *event = (struct inotify_event *)at;

		changes[total].watch = event->wd;
		changes[total].what = kind_of_change(event->mask);
		snprintf(changes[total].name, sizeof(changes[total].name), "%s",
			 event->len ? event->name : "");
		at += sizeof(*event) + event->len;
	}
	return total;
}

ssize_t dlmguard_read_file(const char *path, void *bytes, size_t capacity)
{
	size_t total = 0;
	ssize_t count;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (total < capacity && (count = read(fd, (char *)bytes + total, capacity - total)) != 0) {
		if (count > 0)
			total += (size_t)count;
		else if (errno != EINTR)
			return closed(fd, errno);
	}
	close(fd);
	return (ssize_t)total;
}

ssize_t dlmguard_list_directory(const char *path, char *names, size_t capacity)
{
	size_t total = 0;
	struct dirent *entry;
	DIR *directory = opendir(path);
	int error;

	if (!directory)
		return -errno;
	while (errno = 0, (entry = readdir(directory))) {
		size_t size = strlen(entry->d_name) + 1;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (size > capacity - total) {
			closedir(directory);
			return -ERANGE;
		}
		memcpy(names + total, entry->d_name, size);
		total += size;
	}
	error = errno;
	closedir(directory);
	return error ? -error : (ssize_t)total;
}

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(fd, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		count -= (size_t)written;
	}
	return 0;
}

int dlmguard_replace_file(const char *directory, const char *name, const void *bytes, size_t count)
{
	char temporary[NAME_MAX + 1];
	int error = 0, fd, at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return -errno;
	if (snprintf(temporary, sizeof(temporary), ".%s.new", name) >= (int)sizeof(temporary))
		return closed(at, ENAMETOOLONG);
	fd = openat(at, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return closed(at, errno);
	if (write_all(fd, bytes, count) < 0 || fsync(fd) < 0)
		error = errno;
	if (close(fd) < 0 && !error)
		error = errno;
	if (!error && (renameat(at, temporary, at, name) < 0 || fsync(at) < 0))
		error = errno;
	if (error)
		unlinkat(at, temporary, 0);
	return closed(at, error);
}

int dlmguard_remove_file(const char *directory, const char *name)
{
	int error = 0, at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return -errno;
	if (unlinkat(at, name, 0) < 0)
		error = errno == ENOENT ? 0 : errno;
	else if (fsync(at) < 0)
		error = errno;
	return closed(at, error);
}

int dlmguard_make_directory(const char *path)
{
	char parent[PATH_MAX];

	if (snprintf(parent, sizeof(parent), "%s", path) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int dlmguard_lock_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return closed(fd, errno);
	return fd;
}

pid_t dlmguard_lock_holder(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_GETLK, &lock) < 0)
		return closed(fd, errno);
	close(fd);
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

const char *dlmguard_error_text(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

static int64_t milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t dlmguard_now(void)
{
	return milliseconds(CLOCK_REALTIME);
}

int64_t dlmguard_uptime(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}

int dlmguard_allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	return result(setrlimit(RLIMIT_NOFILE, &limit));
}

/* Nothing can have been written to a segment that is not writable, so the file has all of it. */
static int forget_segments(struct dl_phdr_info *object, size_t size, void *unused)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			madvise((void *)(begin & -page), segment->p_memsz + (begin & (page - 1)),
				MADV_DONTNEED);
	}
	return 0;
}

int dlmguard_set_urgent(bool urgent)
{
	struct sched_param lowest = { sched_get_priority_min(SCHED_FIFO) }, none = { 0 };

	/* 0 is the calling thread: glibc passes it on to the kernel as it is. */
	return result(urgent ? sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest)
			     : sched_setscheduler(0, SCHED_OTHER, &none));
}

void dlmguard_forget_start(void)
{
	malloc_trim(0);
	dl_iterate_phdr(forget_segments, NULL);
}

int dlmguard_stat(const char *path, struct dlmguard_file *file)
{
	struct stat status;
	struct statfs filesystem;

	if (stat(path, &status) < 0 || statfs(path, &filesystem) < 0)
		return -errno;
	memset(file, 0, sizeof(*file));
	memcpy(&file->fsid, &filesystem.f_fsid, sizeof(file->fsid));
	file->filesystem = file->fsid ? file->fsid : status.st_dev;
	file->inode = status.st_ino;
	file->links = status.st_nlink;
	file->mode = status.st_mode;
	file->major = major(status.st_rdev);
	file->minor = minor(status.st_rdev);
	file->device_major = major(status.st_dev);
	file->device_minor = minor(status.st_dev);
	return 0;
}

int dlmguard_recall(const char *path, struct dlmguard_file *file)
{
	struct statx status;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) < 0)
		return -errno;
	memset(file, 0, sizeof(*file));
	file->inode = status.stx_ino;
	file->links = status.stx_nlink;
	file->mode = status.stx_mode;
	file->major = status.stx_rdev_major;
	file->minor = status.stx_rdev_minor;
	file->device_major = status.stx_dev_major;
	file->device_minor = status.stx_dev_minor;
	return 0;
}

ssize_t dlmguard_xattr(const char *path, const char *name, void *bytes, size_t capacity)
{
	ssize_t count = getxattr(path, name, bytes, capacity);

	return count < 0 ? -errno : count;
}

ssize_t dlmguard_read_link(const char *path, char *target, size_t capacity)
{
	ssize_t count = readlink(path, target, capacity);

	return count < 0 ? -errno : count;
}

int dlmguard_loop_file(const char *path, uint32_t major, uint32_t minor, struct dlmguard_file *file)
{
	struct loop_info64 info;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return closed(fd, errno);
	if (!S_ISBLK(status.st_mode) || status.st_rdev != makedev(major, minor))
		return closed(fd, ENODEV);
	if (ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return closed(fd, errno);
	close(fd);
	memset(file, 0, sizeof(*file));
	/* The kernel's huge_encode_dev(), which is not glibc's dev_t. */
	file->device_major = info.lo_device >> 8 & 0xfff;
	file->device_minor = (info.lo_device & 0xff) | (info.lo_device >> 12 & 0xfff00);
	file->inode = info.lo_inode;
	return 0;
}

int dlmguard_next_lock_news(int lockspace, struct dlmguard_lock_news *news)
{
	/* Aligned as the kernel's structure; the value block stands behind it (device_read in fs/dlm/user.c). */
	union {
		struct dlm_lock_result result;
		char bytes[sizeof(struct dlm_lock_result) + DLM_USER_LVB_LEN];
	} answer;
	ssize_t count = read(lockspace, &answer, sizeof(answer));

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if ((size_t)count < sizeof(answer.result))
		return -EPROTO;
	memset(news, 0, sizeof(*news));
	news->number = answer.result.lksb.sb_lkid;
	news->status = -answer.result.lksb.sb_status;
	news->argument = (uintptr_t)answer.result.user_astparam;
	news->blocking = answer.result.bast_mode;
	news->flags = answer.result.lksb.sb_flags;
	if (answer.result.lvb_offset != 0 &&
	    answer.result.lvb_offset + sizeof(news->value) <= (size_t)count) {
		news->has_value = 1;
		memcpy(news->value, answer.bytes + answer.result.lvb_offset, sizeof(news->value));
	}
	return 1;
}

int dlmguard_never_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return result(flags < 0 ? flags : fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}
