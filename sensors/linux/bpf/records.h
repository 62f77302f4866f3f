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
	KIND_PROCESS_EXEC_FAILED = 6,
	KIND_FILE_CHANGE = 7,
	KIND_FILE_USES = 8,
	KIND_NETWORK_SOCKET = 9,
	KIND_NETWORK_CLOSE = 10,
	KIND_NETWORK_PAYLOAD = 11,
	KIND_UNIX_CONNECT = 12,
	KIND_SYSCALL = 13,
	KIND_URING_OPEN = 14,	/* struct file_open and ... */
	KIND_URING_CHANGE = 15, /* ... struct file_change of a request whose result is not known yet */
	KIND_URING_RESULT = 16,
	KIND_FILE_RECEIVED = 17, /* struct file_open of a file that a program uses and did not open: for its path */
	KIND_COUNT = 18,
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
	EXEC_INTERPRETED = 8, /* called is a script (or binfmt_misc's); the executable is its interpreter */
	EXEC_IN_MEMORY = 16,
	EXEC_UPPER_LAYER = 32, /* of overlayfs */
};

/* Inode numbers of the namespaces a process is in. */
struct namespaces {
	__u32 mount;
	__u32 pid;
	__u32 net;
	__u32 user;
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
	struct path_text cgroup; /* within the cgroup 2 hierarchy */
	struct namespaces namespaces;
	__u32 around; /* the session before the exec; the record's own differs when this exec made the process a suspect */
	__u32 spare;
};

/* An execve that started nothing: what the caller asked for. */
struct process_exec_failed {
	struct record record;
	__u32 error;
	__u32 flags;
	__u32 called_bytes;
	__u32 args_bytes;
	struct path_text called_from; /* directory, or root, that called starts from */
	__u32 spare;
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
	OPEN_IO_URING = 8,
	OPEN_SILENT = 16, /* of a request: its result comes only when it fails, and then what it opened is not known */
	OPEN_RESOLVED = 32, /* failed, and yet file and path are those that the name led to */
};

struct file_open {
	struct record record;
	struct file_id file; /* zero when the open failed, unless OPEN_RESOLVED */
	__u32 error;	     /* errno, 0 when it succeeded */
	__u32 open_flags;    /* open(2) flags as the caller gave them */
	__u32 file_mode;     /* FMODE_* of the kernel's file; 0 when the open failed */
	__u32 flags;
	__u32 claimed_bytes;	  /* the caller's argument, of failed opens only */
	struct path_text path;	  /* opened: the file's. failed: of the directory (or root) that claimed starts from */
};

enum change_flag {
	CHANGE_RESOLVED = 1, /* the paths are walked from the kernel's own objects; else texts joined to directories */
	CHANGE_CUT = 2,
	CHANGE_UNREADABLE = 4,
	CHANGE_SECOND = 8, /* there is a second path */
	CHANGE_BY_DESCRIPTOR = 32, /* the first text names a descriptor: its file stands in the path's place, a claim */
	CHANGE_SILENT = 16, /* of a request: its result comes only when it fails */
};

/* A name or a property of a file was changed, or was to be. Which: the call's number says, and `values` how. */
struct file_change {
	struct record record;
	struct file_id file; /* zero where only a name is known */
	__u64 values[6];     /* the call's arguments as it got them; of io_uring, those of the like call */
	__u32 call;	     /* system call number, or CALL_IO_URING | opcode */
	__u32 error;
	__u32 flags;
	__u32 first_bytes; /* the caller's texts ... */
	__u32 second_bytes;
	struct path_text first; /* ... and the directories they start from, or the whole path when resolved */
	struct path_text second;
	__u32 spare;
};

#define CALL_IO_URING 0x10000

/* What became of a request of io_uring whose names were told before, with the same number: in the file.inode of a
 * struct file_open, in values[5] of a struct file_change. */
struct uring_result {
	struct record record;
	__u64 request;
	__u32 error;
	__u32 spare;
};

enum use_way {
	WAY_READ = 1,
	WAY_WRITE = 2,
	WAY_MMAP = 4,
	WAY_SPLICE = 8,
	WAY_SENDFILE = 16,
	WAY_COPY_FILE_RANGE = 32,
	WAY_IO_URING = 64,
	WAY_AIO = 128,
};

enum use_map {
	MAPPED_READ = 1,
	MAPPED_WRITE = 2, /* shared and writable: the file changes with the memory */
	MAPPED_EXECUTE = 4,
};

enum use_cause {
	USES_CLOSE = 1,
	USES_EXIT = 2,
	USES_REFRESH = 3,
	USES_EXEC = 4, /* the process goes on as another program */
};

enum use_flag {
	USE_PATH_TOLD = 1, /* without an open */
};

/* What a process did with one file since it was last told. */
struct file_use {
	__u64 inode;
	__u32 device;
	__u32 generation;
	__u64 first_ns; /* of the process's first open */
	__u64 size_bytes;
	__u64 read_bytes;
	__u64 written_bytes;
	__u64 mapped_bytes;
	__u32 mode;
	__u32 opens;
	__u32 accesses; /* bit N: opened with access N of FMODE_READ | FMODE_WRITE; bit 4: O_PATH */
	__u32 ways;
	__u32 mapped;
	__u32 flags; /* enum use_flag */
};

struct file_uses {
	struct record record;
	__u32 cause;
	__u32 count; /* of struct file_use, the variable part */
};

struct network_address {
	__u8 address[16]; /* IPv4 in the first four */
	__u16 port;	  /* network order */
	__u16 family;
	__u32 net; /* network namespace of the socket, in the local address; else 0 */
};

struct network_connect {
	struct record record;
	struct network_address local;
	struct network_address peer;
	__u32 error;
	__u32 protocol; /* IPPROTO_* */
};

enum socket_act {
	SOCKET_ACCEPT = 1,
	SOCKET_LISTEN = 2,
	SOCKET_SERVED = 4, /* used by a process outside, the other end being a session's */
	SOCKET_RAW = 3, /* made, of a family or type that is neither a stream nor a datagram of IP, nor unix */
};

struct network_socket {
	struct record record;
	struct network_address local;
	struct network_address peer;
	__u32 act;
	__u32 error;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 spare;
};

#define NOT_COUNTED (~0ull) /* this kernel has no place to count at */

struct network_close {
	struct record record;
	struct network_address local;
	struct network_address peer;
	__u64 begin_ns;
	__u64 sent_bytes; /* or NOT_COUNTED */
	__u64 received_bytes;
	__u32 protocol;
	__u32 spare;
};

enum payload_use {
	PAYLOAD_DNS = 1,
	PAYLOAD_TCP_BEGIN = 2, /* the first bytes a process sent on a TCP connection */
};

/* The head of what went over a socket: DNS messages, and the beginning of TCP connections. Never told further: the
 * sensor reads names and fingerprints out of it and drops it. */
struct network_payload {
	struct record record;
	struct network_address local;
	struct network_address peer;
	__u64 socket;  /* the same number: the same socket */
	__u32 offset;  /* of these bytes in what was sent, of TCP */
	__u32 use;
	__u32 protocol;
	__u32 incoming;
	__u32 total_bytes;
	__u32 payload_bytes;
};

/* How a name is on the list of hosts that processes outside are told for (network_named.h). */
enum named_host {
	NAMED_ITSELF = 1,
	NAMED_BELOW = 2, /* every name below it */
};

struct unix_connect {
	struct record record;
	struct process_id peer;
	__u32 peer_session;
	__u32 error;
	__u32 flags;	  /* enum change_flag */
	__u32 name_bytes; /* sun_path as given; abstract names begin with NUL */
	struct path_text path;
	__u32 spare;
};

/* Credentials at one moment. */
struct credentials {
	__u32 uid;
	__u32 euid;
	__u32 gid;
	__u32 egid;
};

/* A system call of the watched list, at its end. */
struct syscall {
	struct record record;
	__u64 args[6];
	__s64 result;
	struct process_id target;
	struct credentials before;
	struct credentials after;
	__u32 call;
	__u32 target_session;
	__u32 flags; /* enum change_flag */
	__u32 first_bytes;
	__u32 second_bytes;
	__u32 third_bytes;
	struct path_text path; /* of the file whose descriptor the call was given, or of where its first path starts */
	__u32 mounts;	       /* inode of the caller's mount namespace */
};

/* Which records go first when the ring fills: each class may fill it to its mark only. */
enum shed_class {
	SHED_FIRST = 0,	 /* what is missing, and sums: an open flood, a search through a tree */
	SHED_FILES = 1,	 /* first opens and changes of files */
	SHED_OTHERS = 2, /* what sockets said and did, programs that did not start */
	SHED_NEVER = 3,	 /* processes, connects, acts on others: told until the ring is full */
};

/* Of the thread that waits for the ring; the greater, the sooner it comes. */
enum reader_state {
	READER_SLEEPS = 0,
	READER_GATHERS = 1, /* called, and waits for a moment that more comes */
	READER_HURRIES = 2, /* called at once */
};

/* Where in the kernel an event was seen: the attach point that first knew of it. */
enum hook {
	HOOK_NONE = 0,
	HOOK_SYS_EXIT = 1,
	HOOK_TASK_NEWTASK = 2,
	HOOK_PROCESS_EXEC = 3,
	HOOK_PROCESS_EXIT = 4,
	HOOK_SIGNAL_GENERATE = 5,
	HOOK_SOCK_SET_STATE = 6,
	HOOK_DESTROY_SOCK = 7,
	HOOK_SEND_LENGTH = 8,
	HOOK_RECV_LENGTH = 9,
	HOOK_SOCK_RELEASE = 10,
	HOOK_EGRESS = 11,
	HOOK_INGRESS = 12,
	HOOK_URING_SUBMIT_REQ = 13,
	HOOK_URING_SUBMIT_SQE = 14,
	HOOK_URING_COMPLETE = 15,
	HOOK_URING_OVERFLOW = 16,
	HOOK_TASKS = 17,
	HOOK_SOCKET_SENDMSG = 18, /* from here on of the tier lsm */
	HOOK_FILP_OPEN = 19,
	HOOK_OPEN_ROOT = 20,
	HOOK_MAY_OPEN = 21,
	HOOK_FD_INSTALL = 22,
	HOOK_ISSUE_SQE = 23,
	HOOK_RENAME = 24,
	HOOK_LINK = 25,
	HOOK_SYMLINK = 26,
	HOOK_UNLINK = 27,
	HOOK_RMDIR = 28,
	HOOK_MKDIR = 29,
	HOOK_MKNOD = 30,
	HOOK_CHMOD = 31,
	HOOK_CHOWN = 32,
	HOOK_PATH_TRUNCATE = 33,
	HOOK_FILE_TRUNCATE = 34,
	HOOK_UTIMES = 35,
	HOOK_SETXATTR = 36,
	HOOK_REMOVEXATTR = 37,
	HOOK_INET_SENDMSG = 38,
	HOOK_INET6_SENDMSG = 39,
	HOOK_INET_SENDPAGE = 40,
	HOOK_INET_RECVMSG = 41,
	HOOK_INET6_RECVMSG = 42,
	HOOK_SPLICE_READ = 43,
	HOOK_CGROUP_ATTACH = 44,
	HOOK_COUNT = 45,
};

/* Events by hook and kind of record, one row a CPU, mapped into the collector. Raised by atomic adds: programs nest and
 * may be preempted. What happened is the sum of all four. Of hook H and kind K: place H * KIND_PLACES + K. */
enum count_places {
	KIND_PLACES = 32, /* more than KIND_COUNT; a power of two: every verifier follows a mask */
	HOOK_PLACES = 64, /* more than HOOK_COUNT; so too */
	COUNT_PLACES = HOOK_PLACES * KIND_PLACES,
};
struct counters {
	__u64 lost; /* sum of all but `seen`, raised last: who finds it unchanged need not look further */
	__u64 seen[COUNT_PLACES];
	__u64 ring_full[COUNT_PLACES];
	__u64 shed[COUNT_PLACES];
	__u64 unreadable[COUNT_PLACES]; /* could not be built or remembered */
};

/* Calls counted and looked up by number; higher ones do not exist yet. A power of two. */
#define MAX_CALLS 512
/* Sessions that are counted at once, 4 KiB a CPU each. A later one gets no histogram, and its coverage says so. */
#define HISTOGRAM_SESSIONS 64
struct call_counts {
	__u64 calls[MAX_CALLS];
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
	__u32 around; /* of a suspect's tag: the session it was in when the tag was given */
	__u32 kernel_thread;
	__u32 spare;
};

#pragma clang diagnostic pop
#endif
