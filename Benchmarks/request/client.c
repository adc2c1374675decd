/* Times requests over a Unix socket, one after another; prints nanoseconds, a line each.
 *
 * client SOCKET same|fresh COUNT REQUEST   one connection for all, or one for each
 * client SOCKET locks COUNT UUID PATH...   register, add, acquire and release of an owner with these
 *                                          files, on one connection: four requests a figure */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char reply[1 << 20];

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "client: %s\n", what);
	exit(1);
}

static int opened(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("cannot connect");
	return fd;
}

static void ask(int fd, const char *request, size_t length)
{
	size_t got = 0;
	ssize_t n;

	if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
		die("cannot send");
	do {
		n = recv(fd, reply + got, sizeof(reply) - 1 - got, 0);
		if (n <= 0)
			die("no answer");
		got += (size_t)n;
	} while (reply[got - 1] != '\n');
	reply[got] = '\0';
	if (!strstr(reply, "\"ok\":true"))
		die(reply);
}

static void plain(int count, const char *text, int fresh)
{
	int fd = fresh ? -1 : opened();
	char *request;
	int length = asprintf(&request, "%s\n", text);

	for (int i = 0; i < count; i++) {
		long long start = now();

		if (fresh)
			fd = opened();
		ask(fd, request, (size_t)length);
		if (fresh)
			close(fd);
		printf("%lld\n", now() - start);
	}
	free(request);
}

static void locks(int count, const char *uuid, char **paths, int number)
{
	char owner[128], *registration, *resources;
	int fd = opened(), length = asprintf(&registration,
		"{\"v\":1,\"op\":\"register\",\"name\":\"bench\",\"uuid\":\"%s\",\"pid\":%d}\n",
		uuid, getpid());
	size_t size;
	FILE *out = open_memstream(&resources, &size);

	for (int i = 0; i < number; i++)
		fprintf(out, "%s{\"kind\":\"file\",\"device\":\"disk %d\",\"file\":\"%s\",\"access\":\"exclusive-write\"}",
			i ? "," : "", i, paths[i]);
	fclose(out);
	for (int i = 0; i < count; i++) {
		static const char *const operations[] = { "add", "acquire", "release" };
		long long start = now();
		char *found;

		ask(fd, registration, (size_t)length);
		found = strstr(reply, "\"owner\":\"");
		if (!found || sscanf(found, "\"owner\":\"%127[^\"]", owner) != 1)
			die("no owner in the answer");
		for (int step = 0; step < 3; step++) {
			char *request;
			int bytes = asprintf(&request,
				"{\"v\":1,\"op\":\"%s\",\"owner\":\"%s\"%s%s%s}\n", operations[step], owner,
				step ? "" : ",\"resources\":[", step ? "" : resources, step ? "" : "]");

			ask(fd, request, (size_t)bytes);
			free(request);
		}
		printf("%lld\n", now() - start);
	}
}

int main(int argc, char **argv)
{
	if (argc < 5 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	if (!strcmp(argv[2], "locks"))
		locks(atoi(argv[3]), argv[4], argv + 5, argc - 5);
	else
		plain(atoi(argv[3]), argv[4], !strcmp(argv[2], "fresh"));
	return 0;
}
