#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
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
		.events = (events & DLMGUARD_READABLE ? EPOLLIN | EPOLLRDHUP : 0) |
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
				  (seen & (EPOLLHUP | EPOLLRDHUP | EPOLLERR) ? DLMGUARD_HANGUP : 0);
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

int dlmguard_termination_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* By number: glibc 2.36 (Debian 12) is the first that wraps them. */
int dlmguard_pidfd_open(pid_t pid)
{
	return result((int)syscall(SYS_pidfd_open, pid, 0));
}

int dlmguard_pidfd_kill(int pidfd, int signal)
{
	return result((int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int dlmguard_stat(const char *path, struct dlmguard_file *file)
{
	struct stat status;
	struct statfs filesystem;

	if (stat(path, &status) < 0 || statfs(path, &filesystem) < 0)
		return -errno;
	memset(file, 0, sizeof(*file));
	memcpy(&file->filesystem, &filesystem.f_fsid, sizeof(file->filesystem));
	if (file->filesystem == 0)
		file->filesystem = status.st_dev;
	file->inode = status.st_ino;
	file->mode = status.st_mode;
	file->major = major(status.st_rdev);
	file->minor = minor(status.st_rdev);
	return 0;
}
