/* The disk's part of one lock and its release, and nothing else: a file is put in place on stable
 * storage and taken away again. Prints nanoseconds, a line each.
 *
 * record DIRECTORY BYTES COUNT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv)
{
	static char bytes[1 << 20];
	size_t size = argc == 4 ? (size_t)atoi(argv[2]) : sizeof(bytes) + 1;

	if (size > sizeof(bytes))
		return 2;
	for (int i = 0; i < atoi(argv[3]); i++) {
		long long start = now();
		int directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int fd = openat(directory, ".record.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (write(fd, bytes, size) != (ssize_t)size || fsync(fd) < 0 || close(fd) < 0 ||
		    renameat(directory, ".record.new", directory, "record") < 0 ||
		    fsync(directory) < 0 || unlinkat(directory, "record", 0) < 0 ||
		    fsync(directory) < 0 || close(directory) < 0) {
			perror("record");
			return 1;
		}
		printf("%lld\n", now() - start);
	}
	return 0;
}
