/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What user space tells the programs: the other way across the boundary that records.h describes, by the same rules. */
#ifndef SPOOR_ORDERS_H
#define SPOOR_ORDERS_H

#include "records.h"

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

/* Read-only to the programs; the addon fills it in before they are loaded. */
struct settings {
	__u32 wake_bytes;		  /* filling of the ring at which its reader is woken at once */
	__u32 shed_at_bytes[SHED_NEVER]; /* filling at which a class is shed */
	__u32 counts_socket_bytes;	  /* 0: no program for it */
};

/* Tags from here on are given by the kernel, to suspects (suspects.h). */
#define FIRST_SUSPECT_TAG 0x80000000u
#define SUSPECT_WORD_BYTES 32

/* In place tag % its count. `becomes` is the tag itself while in doubt or kept, another one, or 0: nobody's. */
struct verdict {
	__u32 tag;
	__u32 becomes;
};

/* What sessions may not lay hands on (lsm_guard.h). Written by the addon. */
struct guard {
	__u64 start_ns; /* of the watcher's process */
	__u32 pid;	/* 0: nothing is guarded */
	__u32 has_secrets;
	__u32 own_mounts; /* inode of the mount namespace that it lives in ... */
	__u32 host_mounts; /* ... and of the one that the host was started in */
};

struct guarded_file {
	__u64 inode;
	__u32 device; /* as in struct file_id */
	__u32 spare;
};

enum guarded_as {
	GUARDED_INSIDE = 1,	 /* it, and everything in it */
	GUARDED_SECRET = 2,	 /* what lies in it may not be read */
	GUARDED_ABOVE = 4,	 /* a guarded one lies in it: it may be neither renamed nor mounted over */
	GUARDED_FILE_SYSTEM = 8, /* of inode 0: a guarded one lies on this device */
};

struct guarded_object {
	__u32 kind;
	__u32 id;
};

enum guarded_kind {
	GUARDED_MAP = 1,
	GUARDED_LINK = 2,
};

/* Written by the addon before it runs an iterator. */
struct task_request {
	__u32 pid;
	__u32 session;
	__u32 slot; /* of the session's histogram */
	__u32 spare;
};

#pragma clang diagnostic pop
#endif
