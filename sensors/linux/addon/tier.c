/* SPDX-License-Identifier: Apache-2.0 */
#include "tier.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Called when anything is opened. */
#define PROBED_FUNCTION "security_file_open"

static int refused(char *reason, size_t room, const char *what, int error)
{
	snprintf(reason, room, "the kernel refuses %s of a BPF trampoline at %s: %s", what, PROBED_FUNCTION,
		 strerror(error));
	return -error;
}

int tier_probe(char *reason, size_t room)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int function = libbpf_find_vmlinux_btf_id(PROBED_FUNCTION, BPF_TRACE_FENTRY);
	if (function < 0)
		return refused(reason, room, "the look-up", -function);
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = function);
	int program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "spoor_tier", "GPL", nothing,
				    sizeof(nothing) / sizeof(*nothing), &options);
	if (program < 0)
		return refused(reason, room, "the loading", errno);
	int link = bpf_raw_tracepoint_open(NULL, program);
	int error = errno;
	close(program);
	if (link < 0)
		return refused(reason, room, "the attaching", error);
	close(link);
	return 0;
}
