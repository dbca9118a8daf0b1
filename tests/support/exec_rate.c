/* exec_rate COUNT RATE PROGRAM: runs COUNT times `PROGRAM load-N`, N from 0, RATE a second (0: as fast as can be), at
 * most four at a time; prints the seconds that it took. What it costs itself is next to nothing. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#define AT_ONCE 4
#define SECOND 1000000000L

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? atol(argv[1]) : 0, rate = argc > 3 ? atol(argv[2]) : 0;
	char name[32], *arguments[] = {"true", name, NULL}, *environment[] = {NULL};
	pid_t running[AT_ONCE];
	struct timespec next;
	double begun = seconds();

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long number = 0; number < count; number++) {
		snprintf(name, sizeof(name), "load-%ld", number);
		if (rate) {
			next.tv_nsec += SECOND / rate;
			next.tv_sec += next.tv_nsec / SECOND;
			next.tv_nsec %= SECOND;
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		}
		if (number >= AT_ONCE)
			waitpid(running[number % AT_ONCE], NULL, 0);
		if (posix_spawn(&running[number % AT_ONCE], argv[3], NULL, NULL, arguments, environment))
			return 1;
	}
	while (wait(NULL) > 0)
		;
	printf("%.3f\n", seconds() - begun);
	return 0;
}
