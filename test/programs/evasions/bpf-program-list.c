/* Row 50. Looks for the BPF programs of others and takes a descriptor of the first: the way to detach a sensor. */
#include "tell.h"
#include <linux/bpf.h>

int main(int argc, char **argv)
{
	tell("bpf-program-list", 50, argc, argv);
	union bpf_attr attributes = { .start_id = 0 };
	int error = syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attributes, sizeof(attributes)) < 0 ? errno : 0;
	act("security.bpf");
	with_text("request", "BPF_PROG_GET_NEXT_ID");
	with_number("errno", error);
	if (error)
		return told();
	union bpf_attr wanted = { .prog_id = attributes.next_id };
	error = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &wanted, sizeof(wanted)) < 0 ? errno : 0;
	act("security.bpf");
	with_text("request", "BPF_PROG_GET_FD_BY_ID");
	with_number("errno", error);
	return told();
}
