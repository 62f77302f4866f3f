/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* file.create, .delete, .rename, .link, .attributes, .truncate: a name or a property of a file was changed.
 *
 *   both tiers        tp_btf/sys_exit   the calls in `change_calls`, also those that failed. By descriptor the path is
 *                                       resolved; by name it is the caller's text as it stands when the call returns,
 *                                       joined to the directory it started from: a claim
 *                                       ioctl() where it sets a file's flags (chattr)
 *   seen by neither   changes through a file system's other ioctls (FICLONE and the like)
 */
#ifndef SPOOR_FILE_CHANGE_H
#define SPOOR_FILE_CHANGE_H

#include "calls_ia32.h"
#include "text.h"

#define NONE (-1)
#define HERE (-2) /* starts from the current directory, the call takes none */
#define TEXT (-3) /* not a path: the text of a symbolic link, the name of an attribute */

/* Where a call's paths stand: numbers of its arguments. */
struct change_call {
	s8 used;
	s8 descriptor; /* of the file itself */
	s8 first_from; /* of the directory that the first path starts from, or HERE */
	s8 first;
	s8 second_from; /* or TEXT */
	s8 second;
};

/* The first path is the name that is there afterwards, or is gone. */
static const struct change_call change_calls[MAX_CALLS] = {
	[NR_IOCTL] = { 1, 0, NONE, NONE, NONE, NONE },
	[NR_RENAME] = { 1, NONE, HERE, 1, HERE, 0 },
	[NR_RENAMEAT] = { 1, NONE, 2, 3, 0, 1 },
	[NR_RENAMEAT2] = { 1, NONE, 2, 3, 0, 1 },
	[NR_LINK] = { 1, NONE, HERE, 1, HERE, 0 },
	[NR_LINKAT] = { 1, NONE, 2, 3, 0, 1 },
	[NR_SYMLINK] = { 1, NONE, HERE, 1, TEXT, 0 },
	[NR_SYMLINKAT] = { 1, NONE, 1, 2, TEXT, 0 },
	[NR_UNLINK] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_UNLINKAT] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_RMDIR] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_MKDIR] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_MKDIRAT] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_MKNOD] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_MKNODAT] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_TRUNCATE] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_FTRUNCATE] = { 1, 0, NONE, NONE, NONE, NONE },
	[NR_FALLOCATE] = { 1, 0, NONE, NONE, NONE, NONE },
	[NR_CHMOD] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_FCHMOD] = { 1, 0, NONE, NONE, NONE, NONE },
	[NR_FCHMODAT] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_FCHMODAT2] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_CHOWN] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_LCHOWN] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_FCHOWN] = { 1, 0, NONE, NONE, NONE, NONE },
	[NR_FCHOWNAT] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_UTIME] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_UTIMES] = { 1, NONE, HERE, 0, NONE, NONE },
	[NR_FUTIMESAT] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_UTIMENSAT] = { 1, NONE, 0, 1, NONE, NONE },
	[NR_SETXATTR] = { 1, NONE, HERE, 0, TEXT, 1 },
	[NR_LSETXATTR] = { 1, NONE, HERE, 0, TEXT, 1 },
	[NR_FSETXATTR] = { 1, 0, NONE, NONE, TEXT, 1 },
	[NR_SETXATTRAT] = { 1, NONE, 0, 1, TEXT, 3 },
	[NR_REMOVEXATTR] = { 1, NONE, HERE, 0, TEXT, 1 },
	[NR_LREMOVEXATTR] = { 1, NONE, HERE, 0, TEXT, 1 },
	[NR_FREMOVEXATTR] = { 1, 0, NONE, NONE, TEXT, 1 },
	[NR_REMOVEXATTRAT] = { 1, NONE, 0, 1, TEXT, 3 },
};

/* include/uapi/linux/fs.h */
#define FS_IOC_SETFLAGS 0x40086602
#define FS_IOC32_SETFLAGS 0x40046602
#define FS_IOC_FSSETXATTR 0x401c5820

/* Immutable, append only and the like. */
static __always_inline bool is_setting_flags(u32 command)
{
	return command == FS_IOC_SETFLAGS || command == FS_IOC32_SETFLAGS || command == FS_IOC_FSSETXATTR;
}

static __always_inline u64 argument_of(const struct file_change *event, s8 number)
{
	u32 index = number;
	return index < 6 ? event->values[index] : 0;
}

static __always_inline u32 append_claim(struct scratch *scratch, struct file_change *event, u64 pointer)
{
	long length = pointer ? append_user_string(scratch, (void *)pointer) : 0;
	if (length < 0) {
		event->flags |= CHANGE_UNREADABLE;
		return 0;
	}
	if (length == MAX_CLAIMED_BYTES - 1)
		event->flags |= CHANGE_CUT;
	return length;
}

static __always_inline int directory_of(const struct file_change *event, s8 from)
{
	return from == HERE ? AT_FDCWD : (int)argument_of(event, from);
}

/* The file of a descriptor: known for certain. */
static __always_inline void change_by_file(struct scratch *scratch, struct file_change *event, struct file *file)
{
	if (!file)
		return;
	file_identity(peek(file, f_inode), &event->file);
	event->flags |= CHANGE_RESOLVED;
	append_path(scratch, peek(file, f_path.mnt), peek(file, f_path.dentry), &event->first);
}

static __always_inline void change_by_descriptor(struct scratch *scratch, struct file_change *event, int descriptor)
{
	change_by_file(scratch, event, file_of(descriptor));
}

static __always_inline void change_by_name_of(struct scratch *scratch, struct file_change *event, int descriptor)
{
	change_by_descriptor(scratch, event, descriptor);
	event->flags &= ~CHANGE_RESOLVED;
	event->flags |= CHANGE_BY_DESCRIPTOR;
}

#define FD_FOLDER_BYTES 14 /* of "/proc/self/fd/" */
#define FD_DIGITS 7

/* The descriptor that a text such as /proc/self/fd/7 names; -1 when it names none. */
static __always_inline int descriptor_named(const struct scratch *scratch, u32 at, u32 bytes)
{
	char text[FD_FOLDER_BYTES + FD_DIGITS + 3] = {};
	int descriptor = 0;
	if (bytes <= FD_FOLDER_BYTES || bytes > FD_FOLDER_BYTES + FD_DIGITS)
		return -1;
	bpf_probe_read_kernel(text, FD_FOLDER_BYTES + FD_DIGITS,
			      scratch->bytes + bounded(at, SCRATCH_BYTES - 1));
	static const char folder[FD_FOLDER_BYTES + 1] = "/proc/self/fd/";
#pragma unroll
	for (u32 place = 0; place < FD_FOLDER_BYTES; place++)
		if (text[place] != folder[place])
			return -1;
#pragma unroll
	for (u32 place = 0; place < FD_DIGITS; place++) {
		char digit = text[FD_FOLDER_BYTES + place];
		if (FD_FOLDER_BYTES + place >= bytes)
			break;
		if (digit < '0' || digit > '9')
			return -1;
		descriptor = 10 * descriptor + (digit - '0');
	}
	return descriptor;
}

static __noinline int seen_change(struct session *session, struct call_args *regs, u32 number, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct change_call *call = &change_calls[number & (MAX_CALLS - 1)];
	struct path_text nothing = {};
	u32 error = result < 0 ? -result : 0;
	if (error >= ERESTARTSYS && error <= ERESTART_LAST)
		return 0;
	struct scratch *scratch = reserve(session->hook, KIND_FILE_CHANGE, sizeof(struct file_change), task,
					  session->id);
	if (!scratch)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	__builtin_memset(&event->file, 0, sizeof(event->file));
	event->values[0] = regs->di;
	event->values[1] = regs->si;
	event->values[2] = regs->dx;
	event->values[3] = regs->r10;
	event->values[4] = regs->r8;
	event->values[5] = regs->r9;
	event->call = number;
	event->error = error;
	event->flags = 0;
	event->spare = 0;
	event->first = event->second = nothing;

	u32 first_at = scratch->used;
	event->first_bytes = call->first >= 0 ? append_claim(scratch, event, argument_of(event, call->first)) : 0;
	u32 second_at = scratch->used;
	event->second_bytes = call->second >= 0 ? append_claim(scratch, event, argument_of(event, call->second)) : 0;
	if (call->second >= 0)
		event->flags |= CHANGE_SECOND;

	/* The kernel followed the text to the descriptor's file; it is told so as long as both are what they were. */
	int named = error ? -1 : descriptor_named(scratch, first_at, event->first_bytes);
	/* An empty text with a descriptor means the descriptor's own file (AT_EMPTY_PATH, futimens). */
	bool empty = call->first >= 0 && !event->first_bytes && call->first_from >= 0;
	if (call->descriptor >= 0)
		change_by_descriptor(scratch, event, argument_of(event, call->descriptor));
	else if (empty && directory_of(event, call->first_from) >= 0)
		change_by_descriptor(scratch, event, directory_of(event, call->first_from));
	else if (named >= 0)
		change_by_name_of(scratch, event, named);
	else if (call->first >= 0)
		append_start(scratch, first_at, event->first_bytes, directory_of(event, call->first_from), &event->first);
	if (call->second >= 0 && call->second_from != TEXT)
		append_start(scratch, second_at, event->second_bytes, directory_of(event, call->second_from), &event->second);
	submit(scratch);
	return 0;
}

#endif
