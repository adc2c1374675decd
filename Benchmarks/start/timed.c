/* Stands in the hook's place for a while: runs it as libvirt would, and adds a line with the
 * operation, the wall time and the CPU time in microseconds to a log. HOOK and LOG are given when it
 * is compiled, because libvirt gives a hook no environment. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	double start = now(), wall;
	struct rusage used;
	int status = 1;
	char line[256];
	pid_t pid = vfork();

	if (pid == 0) {
		execv(HOOK, argv);
		_exit(127);
	}
	if (pid < 0 || argc < 3 || wait4(pid, &status, 0, &used) < 0)
		return 1;
	wall = now() - start;
	int fd = open(LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int length = snprintf(line, sizeof(line), "%s %.0f %.0f\n", argv[2], wall,
			      (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
			      used.ru_utime.tv_usec + used.ru_stime.tv_usec);

	if (write(fd, line, (size_t)length) != length)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
