/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* System calls by the two narrower tables of x86_64, as calls of the 64-bit one: what a program does by int 0x80, or by
 * the x32 table, is told under the same name as what others do by syscall.
 *
 * Written from the kernel's unistd_32.h, unistd_64.h and unistd_x32.h by name (a call of 32-bit user ids, 64-bit file
 * offsets or 64-bit times is the plain one here); calls_ia32.test.ts compares.
 */
#ifndef SPOOR_CALLS_IA32_H
#define SPOOR_CALLS_IA32_H

#include "calls_x86.h"
#include "kernel.h"

#define IA32_MMAP_OLD 90   /* its arguments lie in memory */
#define IA32_SOCKETCALL 102 /* all of sockets, by number; its arguments lie in memory */
#define SOCKETCALL_SEND 9
#define IA32_TRUNCATE64 193 /* lengths in two registers */
#define IA32_FTRUNCATE64 194
#define IA32_OWN_CALLS 424 /* from here on all tables have the same numbers */
#define X32_OWN_CALLS 512
#define NO_CALL 0xffffffff

/* By number: that of the 64-bit table plus one, 0 where that has none. */
static const u16 ia32_calls[IA32_OWN_CALLS] = {
	/*   0 */ 220, 61, 58, 1, 2, 3, 4, 62, 86, 87, 88, 60, 81, 202, 134, 91,
	/*  16 */ 95, 0, 5, 9, 40, 166, 167, 106, 103, 165, 102, 38, 6, 35, 133, 0,
	/*  32 */ 0, 22, 142, 0, 163, 63, 83, 84, 85, 33, 23, 101, 0, 13, 107, 105,
	/*  48 */ 14, 108, 109, 164, 167, 0, 17, 73, 0, 110, 0, 64, 96, 162, 137, 34,
	/*  64 */ 111, 112, 113, 14, 15, 15, 114, 115, 131, 128, 171, 161, 98, 99, 97, 165,
	/*  80 */ 116, 117, 24, 89, 7, 90, 135, 168, 170, 79, 10, 12, 77, 78, 92, 94,
	/*  96 */ 141, 142, 0, 138, 139, 174, 0, 104, 39, 37, 5, 7, 6, 64, 173, 154,
	/* 112 */ 0, 0, 62, 169, 100, 0, 75, 16, 57, 172, 64, 155, 160, 11, 15, 175,
	/* 128 */ 176, 177, 178, 180, 122, 82, 0, 140, 136, 184, 123, 124, 9, 79, 24, 74,
	/* 144 */ 27, 20, 21, 125, 76, 157, 150, 151, 152, 153, 143, 144, 145, 146, 25, 147,
	/* 160 */ 148, 149, 36, 26, 118, 119, 0, 179, 8, 181, 120, 121, 158, 16, 14, 15,
	/* 176 */ 128, 129, 130, 131, 18, 19, 93, 80, 126, 127, 132, 41, 182, 183, 59, 98,
	/* 192 */ 10, 77, 78, 5, 7, 6, 95, 103, 105, 108, 109, 114, 115, 116, 117, 94,
	/* 208 */ 118, 119, 120, 121, 93, 106, 107, 123, 124, 156, 28, 29, 218, 73, 0, 0,
	/* 224 */ 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197, 198, 199, 200, 201, 41,
	/* 240 */ 203, 204, 205, 206, 212, 207, 208, 209, 210, 211, 222, 0, 232, 213, 214, 234,
	/* 256 */ 233, 217, 219, 223, 224, 225, 226, 227, 228, 229, 230, 231, 138, 139, 235, 236,
	/* 272 */ 0, 237, 238, 240, 239, 241, 242, 243, 244, 245, 246, 247, 248, 0, 249, 250,
	/* 288 */ 251, 252, 253, 254, 255, 256, 257, 258, 259, 260, 261, 262, 263, 264, 265, 266,
	/* 304 */ 267, 268, 269, 270, 271, 272, 273, 274, 275, 276, 278, 277, 279, 280, 310, 282,
	/* 320 */ 281, 283, 284, 285, 286, 287, 288, 290, 291, 292, 293, 294, 295, 296, 297, 298,
	/* 336 */ 299, 300, 301, 302, 303, 304, 305, 306, 307, 308, 309, 311, 312, 313, 314, 315,
	/* 352 */ 316, 317, 318, 319, 320, 322, 323, 42, 54, 50, 43, 51, 289, 56, 55, 52,
	/* 368 */ 53, 45, 47, 46, 48, 49, 324, 325, 326, 327, 328, 329, 330, 331, 332, 333,
	/* 384 */ 159, 334, 335, 0, 0, 0, 0, 0, 0, 65, 67, 30, 32, 31, 68, 69,
	/* 400 */ 70, 71, 72, 229, 228, 306, 230, 231, 225, 224, 288, 287, 281, 271, 272, 0,
	/* 416 */ 334, 300, 243, 244, 221, 129, 203, 149,
};

/* From X32_OWN_CALLS on: the calls that x32 has for itself; the others have the 64-bit number. */
static const u16 x32_calls[] = {
	/* 512 */ 14, 16, 17, 20, 21, 46, 47, 48, 60, 102, 128, 129, 130, 132, 223, 245,
	/* 528 */ 247, 248, 274, 275, 279, 280, 296, 297, 298, 300, 308, 311, 312, 55, 56, 207,
	/* 544 */ 210, 323, 328, 329,
};

/* socketcall(2), from SYS_SOCKET = 1 on (include/uapi/linux/net.h). */
static const u16 socket_calls[] = {
	0, 41, 49, 42, 50, 43, 51, 52, 53, 44, 45, 44, 45, 48, 54, 55, 46, 47, 288, 299, 307,
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Structures of the caller's have pointers of four bytes. */
static __always_inline bool has_narrow_pointers(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (task->thread_info.status & TS_COMPAT)
		return true;
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	return peek(regs, orig_ax) & X32_BIT;
}

static __always_inline u32 wide_call_of_x32(u32 call)
{
	u32 own = call - X32_OWN_CALLS;
	if (call < X32_OWN_CALLS)
		return call;
	return own < COUNT_OF(x32_calls) ? x32_calls[own] - 1 : NO_CALL;
}

/* The six arguments of a call, where a 64-bit one has them. Programs that call each other share 512 bytes of stack, and a
 * whole struct pt_regs is 168 of them. */
struct call_args {
	u64 di;
	u64 si;
	u64 dx;
	u64 r10;
	u64 r8;
	u64 r9;
};

/* Arguments that lie in memory, four bytes each. False when they cannot be read. */
static __always_inline bool narrow_arguments(u64 from, struct call_args *to)
{
	u32 list[6] = {};
	if (bpf_probe_read_user(list, sizeof(list), (void *)from))
		return false;
	to->di = list[0];
	to->si = list[1];
	to->dx = list[2];
	to->r10 = list[3];
	to->r8 = list[4];
	to->r9 = list[5];
	return true;
}

/* The call of a 32-bit table, and its arguments where a 64-bit one has them; NO_CALL when it has no like. */
static __always_inline u32 wide_call_of_ia32(const struct pt_regs *regs, struct call_args *to)
{
	u32 call = regs->orig_ax;
	u32 wide;
	to->di = (u32)regs->bx;
	to->si = (u32)regs->cx;
	to->dx = (u32)regs->dx;
	to->r10 = (u32)regs->si;
	to->r8 = (u32)regs->di;
	to->r9 = (u32)regs->bp;
	if (call >= IA32_OWN_CALLS)
		return call;
	if (call == IA32_SOCKETCALL) {
		u32 which = to->di;
		if (which >= COUNT_OF(socket_calls) || !socket_calls[which] || !narrow_arguments(to->si, to))
			return NO_CALL;
		if (which == SOCKETCALL_SEND)
			to->r8 = to->r9 = 0; /* as sendto() without an address: what lies there is no argument */
		return socket_calls[which];
	}
	wide = ia32_calls[call];
	if (!wide || (call == IA32_MMAP_OLD && !narrow_arguments(to->di, to)))
		return NO_CALL;
	if (call == IA32_TRUNCATE64 || call == IA32_FTRUNCATE64)
		to->si |= to->dx << 32;
	/* AT_FDCWD and other negative numbers are ints: the functions that take them cast them so. */
	return wide - 1;
}

/* The number that a call has in the 64-bit table, and its arguments as that one has them; NO_CALL when there is none
 * that the sensor knows. */
static __always_inline u32 call_of(const struct pt_regs *regs, struct call_args *args)
{
	u32 call;
	if (bpf_get_current_task_btf()->thread_info.status & TS_COMPAT) {
		call = wide_call_of_ia32(regs, args);
	} else {
		args->di = regs->di;
		args->si = regs->si;
		args->dx = regs->dx;
		args->r10 = regs->r10;
		args->r8 = regs->r8;
		args->r9 = regs->r9;
		call = regs->orig_ax & X32_BIT ? wide_call_of_x32(regs->orig_ax & ~X32_BIT) : regs->orig_ax;
	}
	return call < MAX_CALLS ? call : NO_CALL;
}

#endif
