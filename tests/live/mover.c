/*
 * Leaves the host's root without an exec: mover ROOT MILLISECONDS. Then it opens a file a few times, and ends after so
 * many milliseconds. What it is called then, exe= in the audit records, is its path below ROOT.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **arguments) {
    int number;

    if (count != 3 || unshare(CLONE_NEWUSER) || chroot(arguments[1]) || chdir("/"))
        return 1;
    for (number = 0; number < 5; number++)
        close(open("/etc/shadow", O_RDONLY));
    usleep(atoi(arguments[2]) * 1000);
    return 0;
}
