/* The least that acquires and releases COUNT locks with libdlm as they must be to be safe, each
 * operation for all locks at once: a new PW lock that does not wait, its holder written to the value
 * block, a conversion to NL that frees the block, the release. No process could do it faster.
 *
 * bare LOCKSPACE PREFIX ROUNDS COUNT...: lines of COUNT ACQUIRE RELEASE, medians in microseconds. */
#define _REENTRANT
#include <sys/types.h>
#include <errno.h>
#include <libdlm.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 256
#define ALWAYS (LKF_PERSISTENT | LKF_VALBLK)

static dlm_lshandle_t lockspace;
static int pending;
static struct lock {
	struct dlm_lksb status;
	char block[DLM_LVB_LEN];
	char name[DLM_RESNAME_MAXLEN];
} locks[MOST];

static void completed(void *argument)
{
	(void)argument;
	pending--;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void settle(int count, int status)
{
	while (pending > 0) {
		struct pollfd ready = { dlm_ls_get_fd(lockspace), POLLIN, 0 };

		if (poll(&ready, 1, 30000) != 1 || dlm_dispatch(ready.fd) < 0) {
			perror("bare: the lockspace does not answer");
			exit(1);
		}
	}
	for (int i = 0; i < count; i++) {
		if (locks[i].status.sb_status != status) {
			fprintf(stderr, "bare: %s: status %d\n", locks[i].name,
				locks[i].status.sb_status);
			exit(1);
		}
	}
}

static void check(int result)
{
	if (result != 0) {
		perror("bare");
		exit(1);
	}
	pending++;
}

static void lock_all(int count, int mode, unsigned flags, int fill)
{
	for (int i = 0; i < count; i++) {
		memset(locks[i].block, fill, sizeof(locks[i].block));
		locks[i].status.sb_lvbptr = locks[i].block;
		check(dlm_ls_lock(lockspace, mode, &locks[i].status, flags | ALWAYS, locks[i].name,
				  strlen(locks[i].name), 0, completed, &locks[i], NULL, NULL));
	}
	settle(count, 0);
}

static int ascending(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	int rounds = atoi(argv[3]);
	double *acquire = calloc(rounds, sizeof(double)), *release = calloc(rounds, sizeof(double));

	lockspace = dlm_new_lockspace(argv[1], 0600, DLM_LSFL_NEWEXCL);
	if (!lockspace && errno == EEXIST)
		lockspace = dlm_open_lockspace(argv[1]);
	if (!lockspace || !acquire || !release) {
		perror("bare: no lockspace");
		return 1;
	}
	for (int argument = 4; argument < argc; argument++) {
		int count = atoi(argv[argument]);

		if (count < 1 || count > MOST)
			return 2;
		for (int i = 0; i < count; i++)
			snprintf(locks[i].name, sizeof(locks[i].name), "%s-%d", argv[2], i);
		for (int round = -1; round < rounds; round++) { /* the first one warms up */
			double start = now(), middle;

			lock_all(count, LKM_PWMODE, LKF_NOQUEUE, 0);
			lock_all(count, LKM_PWMODE, LKF_CONVERT, 1);
			middle = now();
			lock_all(count, LKM_NLMODE, LKF_CONVERT, 0);
			for (int i = 0; i < count; i++)
				check(dlm_ls_unlock(lockspace, locks[i].status.sb_lkid, 0,
						    &locks[i].status, &locks[i]));
			settle(count, EUNLOCK);
			if (round >= 0) {
				acquire[round] = middle - start;
				release[round] = now() - middle;
			}
		}
		qsort(acquire, rounds, sizeof(double), ascending);
		qsort(release, rounds, sizeof(double), ascending);
		printf("%d %.0f %.0f\n", count, acquire[rounds / 2], release[rounds / 2]);
		fflush(stdout);
	}
	return 0;
}
