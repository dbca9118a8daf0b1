/*
 * Makes many short-lived processes in every way Linux knows, each of which writes down who it is before it ends, as
 * /proc tells it, so that a test can compare that with what something else says of it.
 *
 *     identity REPORT COUNT          at least COUNT processes of all the kinds below
 *     identity REPORT COUNT reuse    COUNT processes one after the other that all have the same process id, each born
 *                                    later by more than a clock tick; or as soon as can be: reuse-at-once
 *
 * With LINGER=MILLISECONDS in the environment each stays for so long after it has written.
 *
 * REPORT gets one line for each process, written by itself:
 *
 *     kind execs status  SELF  PARENT  SPAWNER  ADOPTER  boot_id
 *
 * where each of the four is "namespace_inode start_ticks tgid_in_namespace tgid": the process, its parent when it
 * started, who called fork, and its parent when it ended. Who it is comes from its own /proc/self, who the others are
 * from those others. `execs` is how many programs it executed, `status` what it will exit with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DRIVERS = 3, NAME_SIZE = 80 };

struct who {
    char text[NAME_SIZE];
};

static const char *report_path;
static int report;
static int made; /* by this driver: lines that will be in the report because of it */

static void die(const char *what) {
    dprintf(2, "identity: %s: %s\n", what, strerror(errno));
    _exit(99);
}

static size_t slurp(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, size - 1);

    if (got < 0)
        die(path);
    close(file);
    text[got] = 0;
    return got;
}

/* What /proc/self says of the caller. */
static struct who look(void) {
    char stat_text[1024], status_text[4096];
    struct stat ns;
    struct who me;

    slurp("/proc/self/stat", stat_text, sizeof(stat_text));
    slurp("/proc/self/status", status_text, sizeof(status_text));
    if (stat("/proc/self/ns/pid", &ns))
        die("/proc/self/ns/pid");

    char *field = strrchr(stat_text, ')') + 2; /* field 3 */
    for (int number = 3; number < 22; number++)
        field = strchr(field, ' ') + 1;
    unsigned long long ticks = strtoull(field, NULL, 10);

    char *first = strstr(status_text, "NStgid:") + strlen("NStgid:");
    *strchr(first, '\n') = 0;
    char *last = strrchr(first, '\t');
    snprintf(me.text, sizeof(me.text), "%llu %llu %ld %ld", (unsigned long long)ns.st_ino, ticks, atol(last),
             atol(first));
    return me;
}

struct story {
    const char *kind;
    int execs, status;
    struct who parent, spawner, adopter;
};

static void tell(const struct story *story) {
    char line[8 * NAME_SIZE], boot[64];
    struct who me = look();

    slurp("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
    int size = snprintf(line, sizeof(line), "%s %d %d %s %s %s %s %s", story->kind, story->execs, story->status,
                        me.text, story->parent.text, story->spawner.text, story->adopter.text, boot);
    if (write(report, line, size) != size)
        die("report");
}

static void linger(void) {
    const char *milliseconds = getenv("LINGER");

    if (milliseconds)
        usleep(atoi(milliseconds) * 1000);
}

static void tell_and_exit(const struct story *story) {
    tell(story);
    linger();
    _exit(story->status);
}

/* Goes on in a fresh image of this program, which tells the story. */
static void exec_and_tell(struct story *story) {
    char execs[12], status[12];
    char *arguments[] = {"identity",
                         "tell",
                         (char *)report_path,
                         (char *)story->kind,
                         execs,
                         status,
                         story->parent.text,
                         story->spawner.text,
                         story->adopter.text,
                         NULL};

    snprintf(execs, sizeof(execs), "%d", story->execs + 1);
    snprintf(status, sizeof(status), "%d", story->status);
    execv("/proc/self/exe", arguments);
    die("execv");
}

static void open_report(void) {
    report = open(report_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (report < 0)
        die(report_path);
}

static int told(char **arguments) {
    struct story story = {arguments[1], atoi(arguments[2]), atoi(arguments[3]), {""}, {""}, {""}};

    report_path = arguments[0];
    strcpy(story.parent.text, arguments[4]);
    strcpy(story.spawner.text, arguments[5]);
    strcpy(story.adopter.text, arguments[6]);
    open_report();
    tell_and_exit(&story);
    return 0;
}

static pid_t clone_like_fork(unsigned long flags) {
    pid_t pid = syscall(SYS_clone, flags, 0, 0, 0, 0);

    if (pid < 0)
        die("clone");
    return pid;
}

static struct story child_of(const char *kind, struct who parent, int status) {
    struct story story = {kind, 0, status, parent, parent, parent};

    return story;
}

/* Some kinds do so every other time, roughly. */
static int executes_too(int status) {
    return status & 16;
}

static void plain(struct who me, int status) {
    struct story story = child_of("fork", me, status);

    if (!clone_like_fork(SIGCHLD))
        tell_and_exit(&story);
    made++;
}

static void fork_exec(struct who me, int status) {
    struct story story = child_of("fork-exec", me, status);

    if (!clone_like_fork(SIGCHLD))
        exec_and_tell(&story);
    made++;
}

static void vfork_exec(struct who me, int status) {
    struct story story = child_of("vfork", me, status);
    pid_t pid = vfork();

    if (!pid)
        exec_and_tell(&story);
    if (pid < 0)
        die("vfork");
    made++;
}

/* The child of a child that makes it a brother. */
static void clone_parent(struct who me, int status) {
    struct story story = child_of("clone-parent-caller", me, 0);

    made += 2;
    if (clone_like_fork(SIGCHLD))
        return;
    struct story brother = {"clone-parent", 0, status, me, look(), me};
    if (!clone_like_fork(CLONE_PARENT | SIGCHLD))
        executes_too(status) ? exec_and_tell(&brother) : tell_and_exit(&brother);
    tell_and_exit(&story);
}

/* The middle is dead when the grandchild tells its story: we have adopted it. */
static void double_fork(struct who me, int status) {
    struct story story = child_of("middle", me, 0);

    made += 2;
    if (clone_like_fork(SIGCHLD))
        return;
    struct who middle = look();
    pid_t middle_pid = getpid();
    struct story grandchild = {"double-fork", 0, status, middle, middle, me};
    if (clone_like_fork(SIGCHLD))
        tell_and_exit(&story);
    while (getppid() == middle_pid)
        sched_yield();
    executes_too(status) ? exec_and_tell(&grandchild) : tell_and_exit(&grandchild);
}

static void *exec_in_thread(void *story) {
    exec_and_tell(story);
    return NULL;
}

/* The thread that executes takes over the process; the leader ends. */
static void thread_exec(struct who me, int status) {
    struct story story = child_of("thread-exec", me, status);
    pthread_t thread;

    made++;
    if (clone_like_fork(SIGCHLD))
        return;
    if (pthread_create(&thread, NULL, exec_in_thread, &story))
        die("pthread_create");
    for (;;)
        pause();
}

static void *tell_in_thread(void *story) {
    tell(story);
    linger();
    return NULL;
}

/* The leader ends first and waits, dead, for its thread; the process ends with the thread. */
static void leader_first(struct who me, int status) {
    struct story story = child_of("leader-first", me, 0);
    pthread_t thread;

    (void)status;
    made++;
    if (clone_like_fork(SIGCHLD))
        return;
    if (pthread_create(&thread, NULL, tell_in_thread, &story))
        die("pthread_create");
    syscall(SYS_exit, 0);
}

/* The first process of a namespace, and a child of it in there. */
static void pid_namespace(struct who me, int status) {
    struct story story = child_of("pid-namespace-init", me, 0);

    made += 2;
    if (clone_like_fork(CLONE_NEWPID | SIGCHLD))
        return;
    struct story inner = child_of("pid-namespace", look(), status);
    pid_t pid = clone_like_fork(SIGCHLD);
    if (!pid)
        executes_too(status) ? exec_and_tell(&inner) : tell_and_exit(&inner);
    while (waitpid(pid, NULL, 0) != pid)
        ;
    tell_and_exit(&story);
}

static void namespaced(const char *kind, int flag, struct who me, int status) {
    struct story story = child_of(kind, me, status);

    if (!clone_like_fork(flag | SIGCHLD))
        tell_and_exit(&story);
    made++;
}

static void user_namespace(struct who me, int status) {
    namespaced("user-namespace", CLONE_NEWUSER, me, status);
}

static void cgroup_namespace(struct who me, int status) {
    namespaced("cgroup-namespace", CLONE_NEWCGROUP, me, status);
}

static void user_and_pid_namespace(struct who me, int status) {
    namespaced("user-and-pid-namespace", CLONE_NEWUSER | CLONE_NEWPID, me, status);
}

/* A process traced by its grandparent: its parent is its parent all the same. */
static void traced(struct who me, int status) {
    struct story story = child_of("traced-parent", me, 0);
    int ask[2], go[2];
    pid_t pid;
    char byte;

    if (pipe2(ask, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
        die("pipe2");
    made += 2;
    if (!clone_like_fork(SIGCHLD)) {
        struct story inner = child_of("traced", look(), status);
        pid = clone_like_fork(SIGCHLD);
        if (!pid) {
            if (read(go[0], &byte, 1) != 1)
                die("read");
            exec_and_tell(&inner);
        }
        if (write(ask[1], &pid, sizeof(pid)) != sizeof(pid))
            die("write");
        while (waitpid(pid, NULL, 0) != pid)
            ;
        tell_and_exit(&story);
    }
    if (read(ask[0], &pid, sizeof(pid)) != sizeof(pid))
        die("read");
    if (ptrace(PTRACE_SEIZE, pid, 0, 0))
        die("PTRACE_SEIZE");
    if (write(go[1], "", 1) != 1)
        die("write");
    while (waitpid(pid, NULL, __WALL) != pid)
        ;
    close(ask[0]), close(ask[1]), close(go[0]), close(go[1]);
}

static void (*const kinds[])(struct who, int) = {
    plain,         fork_exec,      vfork_exec,       clone_parent,           double_fork, thread_exec, leader_first,
    pid_namespace, user_namespace, cgroup_namespace, user_and_pid_namespace, traced,
};

static void reap_all(void) {
    while (waitpid(-1, NULL, __WALL) > 0 || errno != ECHILD)
        ;
}

/* One of several that work at the same time. Its own line comes last. */
static void drive(struct who parent, int count) {
    struct story story = child_of("driver", parent, 0);
    struct who me = look();

    if (prctl(PR_SET_CHILD_SUBREAPER, 1))
        die("PR_SET_CHILD_SUBREAPER");
    made = 1;
    for (int number = 0; made < count; number++) {
        kinds[number % (sizeof(kinds) / sizeof(*kinds))](me, number % 128);
        if (number % 16 == 15)
            reap_all();
    }
    reap_all();
    dprintf(1, "%d\n", made);
    tell_and_exit(&story);
}

/* Every process gets the id the first one got, so many nanoseconds after it. */
static void reuse(struct who me, int count, long pause) {
    struct timespec tick = {0, pause};
    pid_t wanted = 0;

    for (int number = 0; number < count; number++) {
        struct clone_args arguments = {.exit_signal = SIGCHLD};
        struct story story = child_of("reuse", me, number % 100);

        if (wanted) {
            arguments.set_tid = (uintptr_t)&wanted;
            arguments.set_tid_size = 1;
        }
        pid_t pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
        if (!pid)
            executes_too(number) ? exec_and_tell(&story) : tell_and_exit(&story);
        if (pid < 0)
            die("clone3");
        wanted = pid;
        while (waitpid(pid, NULL, 0) != pid)
            ;
        nanosleep(&tick, NULL);
    }
    dprintf(1, "%d\n", count);
}

int main(int count, char **arguments) {
    if (count == 9 && !strcmp(arguments[1], "tell"))
        return told(arguments + 2);
    if (count < 3)
        return 2;
    report_path = arguments[1];
    open_report();
    struct who me = look();
    if (count > 3) {
        reuse(me, atoi(arguments[2]), strcmp(arguments[3], "reuse") ? 0 : 12000000);
        return 0;
    }
    for (int driver = 0; driver < DRIVERS; driver++)
        if (!clone_like_fork(SIGCHLD))
            drive(me, (atoi(arguments[2]) + DRIVERS - 1) / DRIVERS);
    reap_all();
    return 0;
}
