/* A user database that answers after ten seconds, and then knows nobody: the name service `hanging` of glibc.
 *
 *     nsswitch.conf:  passwd: files hanging        cc -shared -fPIC -o libnss_hanging.so.2 hanging.c
 *
 * Each question is noted as a line of the file that $HANGING names, so that a test can tell that it was asked.
 */
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum nss_status hang(const char *question)
{
	const char *path = getenv("HANGING");
	int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (file >= 0) {
		if (write(file, question, strlen(question)) < 0)
			abort();
		close(file);
	}
	sleep(10);
	return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_hanging_getpwuid_r(uid_t uid, struct passwd *entry, char *room, size_t size, int *error)
{
	return hang("user\n");
}

enum nss_status _nss_hanging_getgrgid_r(gid_t gid, struct group *entry, char *room, size_t size, int *error)
{
	return hang("group\n");
}

enum nss_status _nss_hanging_initgroups_dyn(const char *user, gid_t group, long *start, long *size, gid_t **groups,
					    long limit, int *error)
{
	return hang("groups of user\n");
}
