#include "CDeadline.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static struct {
	int code;
	size_t length;
	char message[2048];
} meaning;

/* Only async-signal-safe calls (signal-safety(7)). */
static void strike(int signal)
{
	(void)signal;
	/* There is nobody to tell that telling failed. */
	if (write(STDERR_FILENO, meaning.message, meaning.length) < 0)
		_exit(meaning.code);
	_exit(meaning.code);
}

static void alarm_signal(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(how, &set, NULL);
}

void dlmguard_deadline_means(int code, const char *message)
{
	alarm_signal(SIG_BLOCK);
	meaning.code = code;
	meaning.length = strnlen(message, sizeof(meaning.message));
	memcpy(meaning.message, message, meaning.length);
	/* Whatever mask was inherited, the deadline counts. */
	alarm_signal(SIG_UNBLOCK);
}

void dlmguard_deadline_arm(int milliseconds)
{
	struct sigaction action = { .sa_handler = strike };
	struct itimerval when = {
		.it_value = {
			.tv_sec = milliseconds / 1000,
			.tv_usec = milliseconds % 1000 * 1000,
		},
	};

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &when, NULL);
}
