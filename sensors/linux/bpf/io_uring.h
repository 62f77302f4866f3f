/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What a process does through io_uring, which makes no system call for it.
 *
 *   tier lsm          lsm_uring.h
 *   tier tracepoint   tp_btf/io_uring_submit_req (6.4; io_uring_submit_sqe before)
 *                         a request was taken: names, from the kernel's own copy of them
 *                     tp_btf/io_uring_complete
 *                         it is done: the file, and the result
 *                     tp_btf/io_uring_cqe_overflow
 *                         it is done and did not find room in its queue: only its result is known, so it is counted
 *                         as lost
 *   claimed           what succeeds without a completion (IOSQE_CQE_SKIP_SUCCESS): told as done when its number is
 *                     used again or its process ends, an open by its name only
 *
 * Both run in a task of the process: the one that submits, the kernel's polling thread (iou-sqp-PID), or a worker
 * (iou-wrk-PID). These are threads of the process, tagged as it is, and share its descriptors and working directory.
 *
 * A name is freed before the result is known, so a request that has one is two records: the name with what is asked
 * (KIND_URING_OPEN: struct file_open with the request's number in file.inode; KIND_URING_CHANGE: struct file_change
 * with it in values[5]), then the result, with the same number. An open that succeeds is told from its file, as any
 * other.
 */
#ifndef SPOOR_IO_URING_H
#define SPOOR_IO_URING_H

#include "file_change.h"
#include "file_open.h"
#include "network_connect.h"

/* Flags of a request that are flags of its submission too: include/uapi/linux/io_uring.h, enum io_uring_sqe_flags_bit */
#define IORING_ACCEPT_MULTISHOT 1
#define REQUEST_FIXED_FILE 1
#define REQUEST_SILENT (1 << 6) /* IOSQE_CQE_SKIP_SUCCESS: no completion unless it fails */
#define SPLICE_FD_IN_FIXED (1u << 31)
#define IORING_FILE_INDEX_ALLOC 0xffffffff /* the kernel chooses the slot, and returns it */
#define FILE_POINTER_MASK (~7ul) /* the lowest bits of a slot are flags of the file */

/* Up to 6.12 a slot was the file itself: struct io_fixed_file, one word. Not by its name: libbpf looks for a type that
 * the kernel lacks in the kernel's modules too, which takes CAP_SYS_ADMIN. */
struct io_file_table___plain {
	unsigned long *files;
} __attribute__((preserve_access_index));
struct io_ring_ctx___plain {
	struct io_file_table___plain file_table;
} __attribute__((preserve_access_index));

/* Requests that complete more than once, 24 B each; past it the least used is forgotten, and what it accepts then is not
 * told. Their completions name the ring and the number that the program chose. */
#define MAX_MULTISHOTS 4096

struct multishot {
	u64 ring;
	u64 user_data;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_MULTISHOTS);
	__type(key, struct multishot);
	__type(value, u32); /* the slot that is asked for, as in struct io_accept */
} multishots SEC(".maps");

/* Since 6.9 an operation keeps the flags that are io_uring's own. */
struct io_accept___flags {
	int iou_flags;
} __attribute__((preserve_access_index));

/* The file in a ring's own table. */
static __always_inline struct file *file_in_slot(struct io_ring_ctx *ring, u32 slot)
{
	struct io_ring_ctx___plain *plain = (void *)ring;
	unsigned long pointer = 0;
	if (bpf_core_field_exists(plain->file_table.files)) {
		unsigned long *files = BPF_CORE_READ(plain, file_table.files);
		bpf_probe_read_kernel(&pointer, sizeof(pointer), files ? files + slot : NULL);
	} else {
		struct io_rsrc_node **nodes = peek(ring, file_table.data.nodes);
		struct io_rsrc_node *node = NULL;
		if (!nodes || slot >= peek(ring, file_table.data.nr))
			return NULL;
		bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
		pointer = node ? peek(node, file_ptr) : 0;
	}
	return (void *)(pointer & FILE_POINTER_MASK);
}

/* Of a descriptor, or of a slot of the ring, as a flag says. */
static __always_inline struct file *file_of_either(const struct io_kiocb *request, u32 number, u32 is_slot)
{
	return is_slot ? file_in_slot(peek(request, ctx), number) : file_of(number);
}

/* What a request made: a descriptor, or something in slot `slot` - 1, or in a slot of the kernel's choice. */
static __always_inline struct file *file_made(const struct io_kiocb *request, u32 slot, int result)
{
	if (!slot)
		return file_of(result);
	return file_in_slot(peek(request, ctx), slot == IORING_FILE_INDEX_ALLOC ? (u32)result : slot - 1);
}

static __always_inline u32 request_flags(const struct io_kiocb *request)
{
	u32 flags = 0; /* 32 bits wide up to 6.9, then 64: the lowest are those of the submission */
	bpf_probe_read_kernel(&flags, sizeof(flags),
			      (void *)request + bpf_core_field_offset(struct io_kiocb, flags));
	return flags;
}

/* The structure of an operation lies over the request's first bytes (include/linux/io_uring_types.h, struct io_kiocb:
 * cmd). */
#define operation(type, request) ((struct type *)(request))

static __always_inline u32 append_filename(struct scratch *scratch, const struct filename *name)
{
	return name ? append_kernel_string(scratch, peek(name, name)) : 0;
}

static __always_inline int seen_open_asked(struct session *session, struct io_kiocb *request)
{
	struct io_open *open = operation(io_open, request);
	struct scratch *scratch = reserve(session->hook, KIND_URING_OPEN, sizeof(struct file_open), bpf_get_current_task_btf(),
					  session->id);
	if (!scratch)
		return 0;
	struct file_open *event = (void *)scratch->bytes;
	__builtin_memset(&event->file, 0, sizeof(event->file));
	event->file.inode = (u64)request;
	event->error = 0;
	event->open_flags = peek(open, how.flags);
	event->file_mode = 0;
	event->flags = OPEN_IO_URING;
	if (request_flags(request) & REQUEST_SILENT)
		event->flags |= OPEN_SILENT;
	u32 claimed_at = scratch->used;
	event->claimed_bytes = append_filename(scratch, peek(open, filename));
	append_start(scratch, claimed_at, event->claimed_bytes, peek(open, dfd), &event->path);
	submit(scratch);
	return 0;
}

/* What a request to change a name asks for. */
struct asked_change {
	struct filename *first; /* as in struct change_call: the name that is there afterwards, or is gone */
	struct filename *second;
	const char *text; /* of a symbolic link, or an attribute's name, in the place of the second */
	int first_from;
	int second_from;
	u64 value; /* flags or mode ... */
	u32 place; /* ... and which argument of the like call it is */
};

static __always_inline void asked_by(struct io_kiocb *request, u32 opcode, struct asked_change *asked)
{
	switch (opcode) {
	case IORING_OP_RENAMEAT: {
		struct io_rename *rename = operation(io_rename, request);
		asked->first = peek(rename, newpath);
		asked->first_from = peek(rename, new_dfd);
		asked->second = peek(rename, oldpath);
		asked->second_from = peek(rename, old_dfd);
		asked->value = peek(rename, flags);
		asked->place = 4;
		break;
	}
	case IORING_OP_LINKAT:
	case IORING_OP_SYMLINKAT: {
		struct io_link *link = operation(io_link, request);
		struct filename *old = peek(link, oldpath);
		asked->first = peek(link, newpath);
		asked->first_from = peek(link, new_dfd);
		asked->second_from = peek(link, old_dfd);
		if (opcode == IORING_OP_LINKAT)
			asked->second = old;
		else if (old)
			asked->text = peek(old, name);
		break;
	}
	case IORING_OP_UNLINKAT: {
		struct io_unlink *unlink = operation(io_unlink, request);
		asked->first = peek(unlink, filename);
		asked->first_from = peek(unlink, dfd);
		asked->value = peek(unlink, flags);
		asked->place = 2;
		break;
	}
	case IORING_OP_MKDIRAT: {
		struct io_mkdir *mkdir = operation(io_mkdir, request);
		asked->first = peek(mkdir, filename);
		asked->first_from = peek(mkdir, dfd);
		asked->value = peek(mkdir, mode);
		asked->place = 2;
		break;
	}
	case IORING_OP_SETXATTR:
	case IORING_OP_FSETXATTR: {
		struct io_xattr *xattr = operation(io_xattr, request);
		if (opcode == IORING_OP_SETXATTR)
			asked->first = peek(xattr, filename);
		asked->text = (void *)peek(xattr, ctx.kname);
		break;
	}
	}
}

static __always_inline void begin_change(struct file_change *event, u32 opcode)
{
	struct path_text nothing = {};
	__builtin_memset(&event->file, 0, sizeof(event->file));
	__builtin_memset(event->values, 0, sizeof(event->values));
	event->call = CALL_IO_URING | opcode;
	event->error = 0;
	event->flags = 0;
	event->first_bytes = event->second_bytes = 0;
	event->spare = 0;
	event->first = event->second = nothing;
}

/* Fills a struct file_change in with what is asked for. */
static __noinline int fill_change_asked(struct scratch *scratch, struct io_kiocb *request, u32 opcode)
{
	struct asked_change asked = { .first_from = AT_FDCWD, .second_from = AT_FDCWD };
	struct file_change *event = (void *)scratch->bytes;
	begin_change(event, opcode);
	asked_by(request, opcode, &asked);
	if (asked.place == 4)
		event->values[4] = asked.value;
	else
		event->values[2] = asked.value;
	u32 first_at = scratch->used;
	event->first_bytes = append_filename(scratch, asked.first);
	u32 second_at = scratch->used;
	if (asked.text)
		event->second_bytes = append_kernel_string(scratch, asked.text);
	else
		event->second_bytes = append_filename(scratch, asked.second);
	if (asked.text || asked.second)
		event->flags |= CHANGE_SECOND;
	if (asked.first)
		append_start(scratch, first_at, event->first_bytes, asked.first_from, &event->first);
	else
		change_by_file(scratch, event,
			       file_of_either(request, peek(request, cqe.fd),
					      request_flags(request) & REQUEST_FIXED_FILE));
	if (asked.second)
		append_start(scratch, second_at, event->second_bytes, asked.second_from, &event->second);
	return 0;
}

static __always_inline int seen_change_asked(struct session *session, struct io_kiocb *request, u32 opcode)
{
	struct scratch *scratch = reserve(session->hook, KIND_URING_CHANGE, sizeof(struct file_change), bpf_get_current_task_btf(),
					  session->id);
	if (!scratch)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	fill_change_asked(scratch, request, opcode);
	if (request_flags(request) & REQUEST_SILENT)
		event->flags |= CHANGE_SILENT;
	event->values[5] = (u64)request;
	submit(scratch);
	return 0;
}

static __always_inline void remember_multishot(struct io_kiocb *request)
{
	struct io_accept *accept = operation(io_accept, request);
	struct io_accept___flags *flags = (void *)accept;
	/* Before, it is not said at a place that is known: any may complete more than once. */
	if (bpf_core_field_exists(flags->iou_flags) &&
	    !(BPF_CORE_READ(flags, iou_flags) & IORING_ACCEPT_MULTISHOT))
		return;
	struct multishot key = { .ring = (u64)peek(request, ctx), .user_data = peek(request, cqe.user_data) };
	u32 slot = peek(accept, file_slot);
	bpf_map_update_elem(&multishots, &key, &slot, BPF_ANY);
}

/* Requests that name what they change. */
static __always_inline bool is_named_change(u32 opcode)
{
	switch (opcode) {
	case IORING_OP_RENAMEAT:
	case IORING_OP_UNLINKAT:
	case IORING_OP_MKDIRAT:
	case IORING_OP_SYMLINKAT:
	case IORING_OP_LINKAT:
	case IORING_OP_SETXATTR:
	case IORING_OP_FSETXATTR:
		return true;
	}
	return false;
}

static __always_inline int seen_submitted(u32 hook, struct io_kiocb *request)
{
	struct session *session = session_at(hook);
	if (!session)
		return 0;
	u32 opcode = peek(request, opcode);
	switch (opcode) {
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		return seen_open_asked(session, request);
	case IORING_OP_ACCEPT:
		remember_multishot(request);
		return 0;
	}
	return is_named_change(opcode) ? seen_change_asked(session, request, opcode) : 0;
}

/* The result of a request that was told with its names. */
static __always_inline int seen_result(struct session *session, struct io_kiocb *request, int result)
{
	struct scratch *scratch = reserve(session->hook, KIND_URING_RESULT, sizeof(struct uring_result), bpf_get_current_task_btf(),
					  session->id);
	if (!scratch)
		return 0;
	struct uring_result *event = (void *)scratch->bytes;
	event->request = (u64)request;
	event->error = result < 0 ? -result : 0;
	event->spare = 0;
	submit(scratch);
	return 0;
}

static __always_inline int seen_open_done(struct session *session, struct io_kiocb *request, int result)
{
	struct io_open *open = operation(io_open, request);
	u32 slot = peek(open, file_slot);
	if (result < 0)
		return seen_result(session, request, result);
	struct file *file = file_made(request, slot, result);
	return file ? seen_open(session, file, peek(open, how.flags), slot ? -1 : result, OPEN_IO_URING) : 0;
}

/* A length or a hole was set over an open file: there is no name to wait for. */
static __always_inline int seen_size_done(struct session *session, struct io_kiocb *request, u32 opcode, int result)
{
	struct scratch *scratch = reserve(session->hook, KIND_FILE_CHANGE, sizeof(struct file_change), bpf_get_current_task_btf(),
					  session->id);
	if (!scratch)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	begin_change(event, opcode);
	event->error = result < 0 ? -result : 0;
	if (opcode == IORING_OP_FTRUNCATE && bpf_core_type_exists(struct io_ftrunc)) /* since 6.9 */
		event->values[1] = peek(operation(io_ftrunc, request), len);
	change_by_file(scratch, event, peek(request, file));
	submit(scratch);
	return 0;
}

static __always_inline void seen_splice_done(struct session *session, struct io_kiocb *request, int result)
{
	struct io_splice *splice = operation(io_splice, request);
	struct file *from = file_of_either(request, peek(splice, splice_fd_in), peek(splice, flags) & SPLICE_FD_IN_FIXED);
	seen_bytes(session, from, result, 0, WAY_SPLICE | WAY_IO_URING);
	seen_bytes(session, peek(splice, file_out), 0, result, WAY_SPLICE | WAY_IO_URING);
}

/* What is done over files and sockets that are open, or yet nameless. */
static __always_inline int seen_unnamed_done(struct session *session, struct io_kiocb *request, u32 opcode, int result)
{
	switch (opcode) {
	case IORING_OP_READ:
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
	case IORING_OP_READ_MULTISHOT:
	case IORING_OP_READV_FIXED:
		if (result > 0)
			seen_bytes(session, peek(request, file), result, 0, WAY_IO_URING);
		return 0;
	case IORING_OP_WRITE:
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_WRITEV_FIXED:
		if (result > 0)
			seen_bytes(session, peek(request, file), 0, result, WAY_IO_URING);
		return 0;
	case IORING_OP_SPLICE:
		if (result > 0)
			seen_splice_done(session, request, result);
		return 0;
	case IORING_OP_CLOSE:
		if (!result && !peek(operation(io_close, request), file_slot))
			seen_close(session, peek(operation(io_close, request), fd));
		return 0;
	case IORING_OP_FALLOCATE:
		return seen_size_done(session, request, opcode, result);
	case IORING_OP_ACCEPT:
		if (result < 0)
			return 0;
		return seen_accepted(session,
				     socket_of_file(file_made(request, peek(operation(io_accept, request), file_slot),
							      result)));
	case IORING_OP_SOCKET: {
		struct io_socket *made = operation(io_socket, request);
		return seen_socket_made(session, peek(made, domain), peek(made, type), peek(made, protocol), result);
	}
	case IORING_OP_CONNECT: {
		struct sock *sk = socket_of_file(peek(request, file));
		return sk ? seen_connect_of(session, sk, NULL, 0, result) : 0;
	}
	}
	return 0;
}

static __always_inline int seen_completed(struct io_kiocb *request)
{
	struct session *session = session_at(HOOK_URING_COMPLETE);
	if (!session)
		return 0;
	u32 opcode = peek(request, opcode);
	int result = peek(request, cqe.res);
	switch (opcode) {
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		return seen_open_done(session, request, result);
	case IORING_OP_FTRUNCATE:
		return seen_size_done(session, request, opcode, result);
	}
	if (is_named_change(opcode))
		return seen_result(session, request, result);
	return seen_unnamed_done(session, request, opcode, result);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(tracepoint_uring_submit, struct io_kiocb *request)
{
	return seen_submitted(HOOK_URING_SUBMIT_REQ, request);
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(tracepoint_uring_submit_sqe, struct io_kiocb *request)
{
	return seen_submitted(HOOK_URING_SUBMIT_SQE, request);
}

/* A completion that is not its request's last: it has no request. */
static __always_inline int seen_multishot_of(struct io_ring_ctx *ring, u64 user_data, int result)
{
	struct session *session = session_at(HOOK_URING_COMPLETE);
	if (!session)
		return 0;
	struct multishot key = { .ring = (u64)ring, .user_data = user_data };
	u32 *slot = bpf_map_lookup_elem(&multishots, &key);
	if (!slot || result < 0)
		return 0;
	return seen_accepted(session, socket_of_file(*slot ? file_in_slot(ring, result) : file_of(result)));
}

static __always_inline int seen_multishot(struct io_ring_ctx *ring, const struct io_uring_cqe *done)
{
	return seen_multishot_of(ring, peek(done, user_data), peek(done, res));
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(tracepoint_uring_complete, struct io_ring_ctx *ring, void *request, void *done)
{
	return request ? seen_completed(request) : seen_multishot(ring, done);
}

SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(tracepoint_uring_overflow)
{
	if (session_of(bpf_get_current_task_btf()))
		count_lost(HOOK_URING_OVERFLOW, KIND_URING_RESULT);
	return 0;
}

#endif
