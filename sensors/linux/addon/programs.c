/* SPDX-License-Identifier: Apache-2.0 */
#include "programs.h"

#include <stdio.h>
#include <string.h>

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

void programs_miss(struct missing_programs *missing, const struct bpf_program *program, int error)
{
	if (missing->count == MAX_PROGRAMS)
		return;
	struct missing_program *one = &missing->list[missing->count++];
	snprintf(one->name, sizeof(one->name), "%s", bpf_program__name(program));
	snprintf(one->hook, sizeof(one->hook), "%s", bpf_program__section_name(program));
	one->error = error;
}

bool programs_is_missing(const struct missing_programs *missing, const char *name)
{
	for (int i = 0; i < missing->count; i++)
		if (!strcmp(missing->list[i].name, name))
			return true;
	return false;
}

static int tracepoint_arguments(const struct btf *kernel_types, const char *tracepoint)
{
	char name[128];
	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	int id = btf__find_by_name_kind(kernel_types, name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	const struct btf_type *type = btf__type_by_id(kernel_types, id); /* typedef of a pointer to a function */
	type = btf__type_by_id(kernel_types, type->type);
	type = btf__type_by_id(kernel_types, type->type);
	return btf_vlen(type) - 1; /* the first is the tracepoint's own */
}

/* Not there on this kernel, by its own description of itself: a tracepoint or function that came later, is gone, is
 * not built in, or was inlined. */
static bool is_absent(const struct bpf_program *program, const struct btf *kernel_types)
{
	const char *section = bpf_program__section_name(program);
	const char *target = strchr(section, '/');
	if (!target)
		return false;
	/* Asks from a packet who sends it, which 6.1 does not lend to programs of packets and 6.18 does. */
	if (!strcmp(bpf_program__name(program), "tracepoint_datagram_first"))
		return libbpf_probe_bpf_helper(BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_task_storage_get, NULL) != 1;
	if (begins_with(section, "tp_btf/"))
		return tracepoint_arguments(kernel_types, target + 1) < 0;
	if (begins_with(section, "fentry/") || begins_with(section, "fexit/") || begins_with(section, "fmod_ret/"))
		return btf__find_by_name_kind(kernel_types, target + 1, BTF_KIND_FUNC) < 0;
	if (begins_with(section, "lsm/") || begins_with(section, "lsm.s/")) {
		char name[128];
		snprintf(name, sizeof(name), "bpf_lsm_%s", target + 1);
		return btf__find_by_name_kind(kernel_types, name, BTF_KIND_FUNC) < 0;
	}
	return false;
}

/* Programs that do what a tracepoint of later kernels does, and would do it a second time there. */
static const struct replacement {
	const char *program;
	const char *tracepoint;
} replacements[] = {
	{ "lsm_sent", "sock_send_length" },	  { "lsm_sent_6", "sock_send_length" },
	{ "lsm_sent_page", "sock_send_length" },  { "lsm_received", "sock_recv_length" },
	{ "lsm_received_6", "sock_recv_length" }, { "lsm_received_splice", "sock_recv_length" },
};

static bool is_superfluous(const char *name, const struct btf *kernel_types)
{
	for (size_t i = 0; i < sizeof(replacements) / sizeof(*replacements); i++)
		if (!strcmp(replacements[i].program, name))
			return tracepoint_arguments(kernel_types, replacements[i].tracepoint) >= 0;
	return false;
}

void programs_choose(struct bpf_object *object, const char *tier, const struct btf *kernel_types,
		     struct missing_programs *missing)
{
	bool exit_says_last = tracepoint_arguments(kernel_types, "sched_process_exit") >= 2;
	bool completion_in_parts = tracepoint_arguments(kernel_types, "io_uring_complete") > 3;
	struct bpf_program *program;
	bpf_object__for_each_program(program, object)
	{
		const char *name = bpf_program__name(program);
		bool wanted = begins_with(name, "both_") || begins_with(name, tier);
		if (is_superfluous(name, kernel_types))
			wanted = false;
		if (!strcmp(name, "lsm_uring_complete"))
			wanted = wanted && !completion_in_parts;
		if (!strcmp(name, "lsm_uring_complete_parts"))
			wanted = wanted && completion_in_parts;
		if (!strcmp(name, "both_exit_said"))
			wanted = exit_says_last;
		if (!strcmp(name, "both_exit_raced"))
			wanted = !exit_says_last;
		if (wanted && !programs_is_missing(missing, name) && is_absent(program, kernel_types))
			programs_miss(missing, program, 0);
		bpf_program__set_autoload(program, wanted && !programs_is_missing(missing, name));
	}
}

bool programs_will_load(const struct bpf_object *object, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	return program && bpf_program__autoload(program);
}

bool programs_is_needed(const char *name)
{
	static const char *const needed[] = {
		"both_newtask", "both_exec",	"both_exit_said", "both_exit_raced",	 "both_existing",
		"both_members", "both_tag",	"both_settle",	  "both_count",		 "both_refresh",
		"lsm_sys_exit", "lsm_act_end", "tracepoint_sys_exit",
	};
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!strcmp(name, needed[i]))
			return true;
	return false;
}
