/* The least that a server can do: accepts, and answers every line with the same line.
 *
 * answer SOCKET REPLY */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	char line[65536], reply[4096];
	ssize_t n;

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	int length = snprintf(reply, sizeof(reply), "%s\n", argv[2]);

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 64) < 0)
		return 1;
	while ((client = accept(listener, NULL, NULL)) >= 0) {
		while ((n = recv(client, line, sizeof(line), 0)) > 0)
			if (line[n - 1] == '\n')
				send(client, reply, (size_t)length, MSG_NOSIGNAL);
		close(client);
	}
	return 1;
}
