/* Name services that answer after $SLOW_NAMES seconds, and know only the user `far`: for LD_PRELOAD.
 *
 *     cc -shared -fPIC -o slow_names.so slow_names.c
 */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void wait_long(void)
{
	const char *seconds = getenv("SLOW_NAMES");
	struct timespec pause = { seconds ? atoi(seconds) : 30, 0 };

	while (nanosleep(&pause, &pause) && errno == EINTR)
		;
}

static int user(struct passwd *entry, struct passwd **result)
{
	memset(entry, 0, sizeof(*entry));
	entry->pw_name = "far";
	entry->pw_passwd = entry->pw_gecos = entry->pw_dir = entry->pw_shell = "";
	entry->pw_uid = entry->pw_gid = 4321;
	*result = entry;
	return 0;
}

int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **result)
{
	wait_long();
	*result = NULL;
	return strcmp(name, "far") ? 0 : user(entry, result);
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **result)
{
	wait_long();
	*result = NULL;
	return uid != 4321 ? 0 : user(entry, result);
}

int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **result)
{
	wait_long();
	*result = NULL;
	return 0;
}

int getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **result)
{
	wait_long();
	*result = NULL;
	return 0;
}

int getgrouplist(const char *name, gid_t group, gid_t *groups, int *count)
{
	wait_long();
	groups[0] = group;
	*count = 1;
	return 1;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	wait_long();
	return EAI_AGAIN;
}
