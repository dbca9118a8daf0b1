/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The one record of the process probe, as the kernel side (process.c) writes it and sensor/probe/layout.py reads it.
 *
 * A change here is a change of the pinned interface: raise RECORD_VERSION, which names the directory of the pins, and
 * change layout.py with it; tests/probe/test_layout.py compares the two field by field.
 * The size is 120, so that a record and its ring header fill 128 bytes and none ever wraps around the ring's end.
 */
#ifndef HOST_SENSOR_RECORD_H
#define HOST_SENSOR_RECORD_H

#include <linux/types.h>

#define RECORD_VERSION 2

enum kind {
    KIND_ALIVE = 0, /* only in the map of live processes: it was there before the probe */
    KIND_FORK = 1,
    KIND_EXEC = 2,
    KIND_EXIT = 3,
};

enum flag {
    FLAG_EXECED = 1, /* the process runs an image of its own, not a copy of its parent's */
    FLAG_KTHREAD = 2,
    FLAG_HOST_ROOT = 4,  /* its root directory and mount namespace, and that of its image, are those of pid 1 */
    FLAG_OTHER_ROOT = 8, /* they are not; with neither flag that is not certain */
    FLAG_OWN_USERS = 16, /* its user namespace is another than that of pid 1; never with FLAG_HOST_ROOT */
};

/* A process, without doubt: all zero when there is none or it is not known. */
struct identity {
    __u64 start;   /* start_boottime of the group leader, ns; // 10,000,000 is field 22 of /proc/PID/stat */
    __u64 pidns;   /* inode of the PID namespace it lives in, the deepest */
    __u32 tgid;    /* process id in the initial namespace */
    __u32 ns_tgid; /* process id in its own namespace */
};

struct record {
    __u64 time;   /* CLOCK_BOOTTIME, ns */
    __u64 cgroup; /* id in the unified hierarchy: the inode of its directory */
    struct identity self;
    struct identity parent;  /* real_parent now: after the parent's death, who adopted it */
    struct identity spawner; /* who called fork; zero when that was before the probe */
    __u32 loginuid;          /* 4294967295: unset, as in the audit records */
    __u32 sessionid;         /* 4294967295: unset */
    union {
        __u32 status; /* on exit, what wait(2) reports */
        __u32 mntns;  /* else the inode of its mount namespace; zero where this kernel does not give it */
    };
    __u16 kind;
    __u16 flags;
    char comm[16]; /* padded with NUL */
};

/* One per CPU, each a cache line, in an array that user space maps. */
struct counters {
    __u64 made;      /* records, also those that were lost */
    __u64 lost;      /* records the ring had no room for */
    __u64 untracked; /* processes the map of live processes had no room for */
    __u64 unused[5];
};

#endif
