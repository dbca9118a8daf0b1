/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The process probe: one record for each process that starts, executes a program or ends.
 *
 * Compiled by sensor/probe/loader.py with BCC. No kernel header is needed: what is read of the kernel are the arguments
 * of three tracepoints and a few fields, whose offsets come from the kernel's BTF as -D AT_<struct>__<field>. A field
 * that this kernel lacks is not defined and is then left out of the record.
 *
 * A process here is a thread group. Threads that start or end make no record.
 */
#include "record.h"

#define ARRAY_OF_PIDTYPE_TGID (1 * sizeof(u64)) /* enum pid_type, since 4.19: commit 6883f81aac6f */
#define SIGNAL_GROUP_EXIT 0x00000004
#define PF_FORKNOEXEC 0x00000040
#define PF_KTHREAD 0x00200000
#define MAX_ERRNO 4095
#define UNSET 0xffffffff

#if defined(AT_task_struct__fs) && defined(AT_task_struct__nsproxy) && defined(AT_task_struct__real_cred) &&           \
    defined(AT_task_struct__mm) && defined(AT_fs_struct__root__mnt) && defined(AT_fs_struct__root__dentry) &&          \
    defined(AT_nsproxy__mnt_ns) && defined(AT_mnt_namespace__ns__inum) && defined(AT_cred__user_ns) &&                 \
    defined(AT_pid_namespace__child_reaper) && defined(AT_mm_struct__exe_file) && defined(AT_file__f_path__mnt) &&     \
    defined(AT_mount__mnt) && defined(AT_mount__mnt_ns)
#define HAS_ROOT
#endif

/* A failed read leaves zero. */
#define GET(to, base, field) bpf_probe_read_kernel(&(to), sizeof(to), (void *)((base) + AT_##field))

_Static_assert(RECORD_VERSION == READER_VERSION && sizeof(struct record) == READER_SIZE,
               "the reader knows another record");

BPF_RINGBUF_OUTPUT(ring, RING_PAGES);
BPF_F_TABLE("array", int, struct counters, counters, CPUS, BPF_F_MMAPABLE);
BPF_TABLE("hash", u32, struct record, live, LIVE_ENTRIES);

/*
 * Everything is read through the signal_struct or the leader, so that it stays right while a thread that is not the
 * leader executes a program: de_thread() swaps the threads' pids, but not the group's.
 */
static __always_inline void identify(struct identity *who, u64 task) {
    u64 leader = 0, signal = 0, pid = 0, ns = 0;
    u32 level = 0, inum = 0;

    GET(who->tgid, task, task_struct__tgid);
    GET(leader, task, task_struct__group_leader);
    GET(who->start, leader, task_struct__start_boottime);
    GET(signal, task, task_struct__signal);
    bpf_probe_read_kernel(&pid, sizeof(pid), (void *)(signal + AT_signal_struct__pids + ARRAY_OF_PIDTYPE_TGID));
    GET(level, pid, pid__level);
    pid += AT_pid__numbers + level * SIZE_upid;
    GET(who->ns_tgid, pid, upid__nr);
    GET(ns, pid, upid__ns);
    GET(inum, ns, pid_namespace__ns__inum);
    who->pidns = inum;
}

/*
 * A parent that is reaped while we look has lost its struct pid; by then its child has been given to another, so
 * looking again finds that one.
 */
static __always_inline void identify_parent(struct identity *who, u64 task) {
    u64 parent = 0;

    GET(parent, task, task_struct__real_parent);
    identify(who, parent);
    if (!who->pidns) {
        GET(parent, task, task_struct__real_parent);
        identify(who, parent);
    }
}

#if defined(HAS_ROOT)
/* What decides where a path leads, and whether its user may change that. */
struct view {
    u64 mnt, dentry; /* the root directory */
    u64 mnt_ns;
    u64 user_ns;
};

static __always_inline void look(struct view *view, u64 task) {
    u64 at = 0;

    GET(at, task, task_struct__fs);
    GET(view->mnt, at, fs_struct__root__mnt);
    GET(view->dentry, at, fs_struct__root__dentry);
    GET(at, task, task_struct__nsproxy);
    GET(view->mnt_ns, at, nsproxy__mnt_ns);
    GET(at, task, task_struct__real_cred);
    GET(view->user_ns, at, cred__user_ns);
}

/* The task of pid 1: who reaps in the outermost of the PID namespaces that a task is in. */
static __always_inline u64 init_of(u64 task) {
    u64 at = 0;

    GET(at, task, task_struct__signal);
    bpf_probe_read_kernel(&at, sizeof(at), (void *)(at + AT_signal_struct__pids + ARRAY_OF_PIDTYPE_TGID));
    at += AT_pid__numbers;
    GET(at, at, upid__ns);
    GET(at, at, pid_namespace__child_reaper);
    return at;
}

/* Whether the image is on a mount of the namespace; from another it may have come as a descriptor. */
static __always_inline int image_within(u64 task, u64 mnt_ns) {
    u64 at = 0, ns = 0;

    GET(at, task, task_struct__mm);
    if (!at)
        return 1;
    GET(at, at, mm_struct__exe_file);
    GET(at, at, file__f_path__mnt);
    at -= AT_mount__mnt;
    GET(ns, at, mount__mnt_ns);
    /* The kernel's own mounts, as that of memfds, have an error there; no path leads to them. */
    return ns == mnt_ns || ((s64)ns < 0 && (s64)ns >= -MAX_ERRNO);
}

/*
 * Whether a path, and the name of the image, mean what they mean to pid 1. In a user namespace of his own anybody can
 * change both, at any time. No process comes back out of one, so what holds now has held all the time, but for what
 * those with CAP_SYS_CHROOT in the first one do and undo.
 */
static __always_inline u16 root_flags(u64 task) {
    struct view its = {}, inits = {};

    u16 flags = 0;

    look(&its, task);
    look(&inits, init_of(task));
    if (!its.mnt_ns || !inits.mnt_ns)
        return 0;
    if (its.mnt != inits.mnt || its.dentry != inits.dentry || its.mnt_ns != inits.mnt_ns ||
        !image_within(task, inits.mnt_ns))
        flags = FLAG_OTHER_ROOT;
    if (its.user_ns != inits.user_ns)
        return flags | FLAG_OWN_USERS;
    return flags ? flags : FLAG_HOST_ROOT;
}
#endif

static __always_inline u32 exit_status(u64 leader, u64 signal) {
    u32 status = 0;

#if defined(AT_task_struct__exit_code)
    GET(status, leader, task_struct__exit_code);
#endif
#if defined(AT_signal_struct__group_exit_code) && defined(AT_signal_struct__flags)
    u32 flags = 0;

    GET(flags, signal, signal_struct__flags);
    if (flags & SIGNAL_GROUP_EXIT)
        GET(status, signal, signal_struct__group_exit_code);
#endif
    return status;
}

static __always_inline void describe(struct record *record, u64 task, int kind) {
    u64 leader = 0;

    record->time = bpf_ktime_get_boot_ns();
    record->kind = kind;
    record->loginuid = UNSET;
    record->sessionid = UNSET;
    GET(leader, task, task_struct__group_leader);
    identify(&record->self, task);
    identify_parent(&record->parent, task);
#if defined(AT_task_struct__comm)
    bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), (void *)(leader + AT_task_struct__comm));
#endif
#if defined(AT_task_struct__loginuid)
    GET(record->loginuid, leader, task_struct__loginuid);
#endif
#if defined(AT_task_struct__sessionid)
    GET(record->sessionid, leader, task_struct__sessionid);
#endif
#if defined(AT_task_struct__flags)
    u32 flags = 0;

    GET(flags, leader, task_struct__flags);
    if (!(flags & PF_FORKNOEXEC))
        record->flags |= FLAG_EXECED;
    if (flags & PF_KTHREAD)
        record->flags |= FLAG_KTHREAD;
#endif
#if defined(AT_task_struct__cgroups) && defined(AT_css_set__dfl_cgrp) && defined(AT_cgroup__kn) &&                     \
    defined(AT_kernfs_node__id)
    u64 at = 0;

    GET(at, leader, task_struct__cgroups);
    GET(at, at, css_set__dfl_cgrp);
    GET(at, at, cgroup__kn);
    GET(record->cgroup, at, kernfs_node__id);
#endif
#if defined(HAS_ROOT)
    u64 namespace = 0;

    record->flags |= root_flags(task);
    GET(namespace, task, task_struct__nsproxy);
    GET(namespace, namespace, nsproxy__mnt_ns);
    GET(record->mntns, namespace, mnt_namespace__ns__inum);
#endif
}

static __always_inline struct counters *this_cpu(void) {
    int cpu = bpf_get_smp_processor_id();

    return counters.lookup(&cpu);
}

static __always_inline void emit(struct record *record) {
    struct counters *count = this_cpu();
    int full = ring.ringbuf_output(record, sizeof(*record), BPF_RB_NO_WAKEUP);

    if (!count)
        return;
    __sync_fetch_and_add(&count->made, 1);
    if (full)
        __sync_fetch_and_add(&count->lost, 1);
}

/* Keeps the newest record of a living process, for a reader that missed some. */
static __always_inline void track(struct record *record) {
    u32 tgid = record->self.tgid;
    struct counters *count;

    if (!live.update(&tgid, record))
        return;
    count = this_cpu();
    if (count)
        __sync_fetch_and_add(&count->untracked, 1);
}

/* TP_PROTO(struct task_struct *parent, struct task_struct *child): the child has not run yet. */
int on_fork(struct bpf_raw_tracepoint_args *ctx) {
    u64 spawner = ctx->args[0], child = ctx->args[1];
    struct record record = {};
    u32 pid = 0, tgid = 0;

    GET(pid, child, task_struct__pid);
    GET(tgid, child, task_struct__tgid);
    if (pid != tgid)
        return 0;
    describe(&record, child, KIND_FORK);
    identify(&record.spawner, spawner);
    track(&record);
    emit(&record);
    return 0;
}

/* TP_PROTO(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm): the new image is in place. */
int on_exec(struct bpf_raw_tracepoint_args *ctx) {
    u64 task = ctx->args[0];
    struct record record = {}, *before;
    u32 tgid = 0;

    GET(tgid, task, task_struct__tgid);
    describe(&record, task, KIND_EXEC);
    before = live.lookup(&tgid);
    if (before)
        record.spawner = before->spawner;
    track(&record);
    emit(&record);
    return 0;
}

/* TP_PROTO(struct task_struct *p, bool group_dead): the second argument only on newer kernels. */
int on_exit(struct bpf_raw_tracepoint_args *ctx) {
    u64 task = ctx->args[0], leader = 0, signal = 0;
    struct record record = {}, *before;
    u32 tgid = 0;

    GET(signal, task, task_struct__signal);
#if defined(EXIT_TELLS_GROUP_DEAD)
    if (!(u8)ctx->args[1])
        return 0;
#else
    u32 threads = 0;

    GET(threads, signal, signal_struct__live);
    if (threads)
        return 0;
#endif
    GET(tgid, task, task_struct__tgid);
    GET(leader, task, task_struct__group_leader);
    describe(&record, task, KIND_EXIT);
    record.status = exit_status(leader, signal);
    before = live.lookup(&tgid);
    if (before)
        record.spawner = before->spawner;
#if defined(EXIT_TELLS_GROUP_DEAD)
    live.delete(&tgid);
#else
    /* The last two threads may both find that none is left; only one of them finds the entry. */
    if (live.delete(&tgid))
        return 0;
#endif
    emit(&record);
    return 0;
}

struct bpf_iter__task {
    u64 meta;
    void *task;
};

/* Run once over all tasks after the tracepoints are attached: the processes that were there before. */
int bpf_iter__task(struct bpf_iter__task *ctx) {
    u64 task = (u64)ctx->task, signal = 0;
    struct record record = {};
    u32 pid = 0, tgid = 0, threads = 0;

    if (!task)
        return 0;
    GET(pid, task, task_struct__pid);
    GET(tgid, task, task_struct__tgid);
    if (pid != tgid)
        return 0;
    describe(&record, task, KIND_ALIVE);
    if (live.insert(&tgid, &record))
        return 0;
    /* If it ended meanwhile, its exit was seen before there was an entry to delete. */
    GET(signal, task, task_struct__signal);
    GET(threads, signal, signal_struct__live);
    if (!threads)
        live.delete(&tgid);
    return 0;
}
