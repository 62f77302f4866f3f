/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The boundary between the kernel and everything else, written once.
 *
 * Byte order   the machine's own (both sides run on it); addresses and ports of sockets in network order.
 * Alignment    every record begins at a multiple of 8; every field lies at a multiple of its size; there is no
 *              padding (a compile error below), so no byte leaves the kernel that was not written.
 * Variable     what has no fixed size follows the fixed part without gaps, in the order in which its lengths
 *              (`*_bytes`) stand in the struct.
 * Paths        the names from the leaf to the root, each followed by one NUL: "hosts\0etc\0" is /etc/hosts.
 *              A walk meets the leaf first, and turning it round costs less where somebody asks for it.
 * Arguments    as execve laid them out: each followed by one NUL.
 * Ownership    the addon copies records out of the ring into a Buffer of its own; the ring's bytes are used again
 *              at once, the Buffer's belong to whoever holds it.
 *
 * Both sides read this file: the programs include it, and layout.mjs makes sensors/linux/generated/layout.ts from
 * the BTF of the object that was built from it.
 */
#ifndef SPOOR_RECORDS_H
#define SPOOR_RECORDS_H

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"

enum record_kind {
	KIND_NONE = 0, /* no record; its losses are session tags that could not be given to a new task */
	KIND_PROCESS_FORK = 1,
	KIND_PROCESS_EXEC = 2,
	KIND_PROCESS_EXIT = 3,
	KIND_FILE_OPEN = 4,
	KIND_NETWORK_CONNECT = 5,
	KIND_COUNT = 6,
};

/* Opens every record. */
struct record {
	__u32 bytes; /* of the whole record, variable part included */
	__u32 kind;
	__u64 boot_ns;	/* CLOCK_BOOTTIME at the act */
	__u64 start_ns; /* with pid: the process that acted */
	__u32 pid;
	__u32 thread_id;
	__u32 session; /* 0: outside every session */
	__u32 cpu;     /* that wrote the record */
};

struct process_id {
	__u64 start_ns;
	__u32 pid;
	__u32 spare;
};

/* What the kernel tells of an inode. */
struct file_id {
	__u64 inode;
	__u64 size_bytes;
	__u64 change_ns; /* inode change time, Unix epoch */
	__u32 device;	 /* of the super block, as the kernel packs it: major << 20 | minor */
	__u32 generation;
	__u32 mode; /* type and permissions */
	__u32 links;
};

enum path_flag {
	PATH_CUT = 1,	      /* the walk ended before the root: too deep or too long; the leaf's end is here */
	PATH_DELETED = 2,     /* the last name was removed before the walk */
	PATH_UNREACHABLE = 4, /* the topmost mount hangs in no mount namespace (detached) */
	PATH_UNPLACED = 8,    /* lies in a mount of the kernel's own: memfd, pipe, socket; the text is a name, no path */
};

/* Describes one path of the variable part. */
struct path_text {
	__u16 text_bytes;
	__u16 flags;
};

struct process_fork {
	struct record record; /* the child */
	struct process_id creator;
};

enum exec_flag {
	EXEC_ARGS_CUT = 1,	/* the middle is missing: args holds the first and the last 16 KiB */
	EXEC_ARGS_UNREADABLE = 2,
	EXEC_CALLED_CUT = 4,
};

struct process_exec {
	struct record record;
	struct process_id parent;
	struct file_id executable;
	__u32 uid;
	__u32 euid;
	__u32 gid;
	__u32 egid;
	__u32 args_count;
	__u32 flags;
	__u32 args_total_bytes; /* before cutting */
	__u32 args_bytes;
	__u32 called_bytes;
	struct path_text executable_path;
	struct path_text working_directory;
	__u32 around; /* the session before the exec; the record's own differs when this exec made the process a suspect */
};

struct process_exit {
	struct record record;
	__u32 status; /* as waitpid() gives it: signal in bits 0 to 6, core dump bit 7, code in bits 8 to 15 */
	__u32 spare;
};

enum open_flag {
	OPEN_CREATED = 1,	/* this open made the file */
	OPEN_CLAIMED_CUT = 2,
	OPEN_CLAIMED_UNREADABLE = 4,
};

struct file_open {
	struct record record;
	struct file_id file; /* zero when the open failed */
	__u32 error;	     /* errno, 0 when it succeeded */
	__u32 open_flags;    /* open(2) flags as the caller gave them */
	__u32 file_mode;     /* FMODE_* of the kernel's file; 0 when the open failed */
	__u32 flags;
	__u32 claimed_bytes;	  /* the caller's argument, of failed opens only */
	struct path_text path;	  /* opened: the file's. failed: of the directory (or root) that claimed starts from */
};

struct network_address {
	__u8 address[16]; /* IPv4 in the first four */
	__u16 port;	  /* network order */
	__u16 family;
	__u32 spare;
};

struct network_connect {
	struct record record;
	struct network_address local;
	struct network_address peer;
	__u32 error;
	__u32 protocol; /* IPPROTO_* */
};

/* One row a CPU, mapped into the collector. Raised by atomic adds: programs nest and may be preempted. */
struct counters {
	__u64 seen[KIND_COUNT];
	__u64 lost[KIND_COUNT];
	__u64 spare[8 - 2 * KIND_COUNT % 8]; /* a row is whole cache lines */
};

/* Read-only to the programs; the addon fills it in before they are loaded. */
struct settings {
	__u32 wake_bytes; /* filling of the ring at which its reader is woken */
	__u32 spare;
};

/* Tags from here on are given by the kernel, to suspects (suspects.h). */
#define FIRST_SUSPECT_TAG 0x80000000u
#define SUSPECT_WORD_BYTES 32

/* In place tag % its count. `becomes` is the tag itself while in doubt or kept, another one, or 0: nobody's. */
struct verdict {
	__u32 tag;
	__u32 becomes;
};

/* Written by the addon before it runs an iterator. */
struct task_request {
	__u32 pid;
	__u32 session;
};

/* Answers of the iterators. */
struct task_member {
	struct process_id process;
};

struct task_existing {
	struct process_id process;
	struct process_id parent;
	__u32 uid;
	__u32 euid;
	__u32 gid;
	__u32 egid;
	__u32 session;
	__u32 kernel_thread;
};

#pragma clang diagnostic pop
#endif
