/* Processes that only live: forks COUNT of them, prints their pids, and they end when it does.
 *
 * lives COUNT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t self = getpid();

	for (int i = argc == 2 ? atoi(argv[1]) : 0; i > 0; i--) {
		pid_t pid = fork();

		if (pid == 0) {
			/* Or who reads the pids would wait for their end. */
			close(STDOUT_FILENO);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			/* The parent may have died before that. */
			if (getppid() == self)
				pause();
			_exit(0);
		}
		if (pid < 0)
			return 1;
		printf("%d\n", (int)pid);
	}
	fclose(stdout);
	pause();
	return 0;
}
