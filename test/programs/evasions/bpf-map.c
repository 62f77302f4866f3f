/* Row 50. Makes a BPF map: the first step of every BPF tool. */
#include "tell.h"
#include <linux/bpf.h>

int main(int argc, char **argv)
{
	tell("bpf-map", 50, argc, argv);
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	int error = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)) < 0 ? errno : 0;
	act("security.bpf");
	with_text("request", "BPF_MAP_CREATE");
	with_number("errno", error);
	return told();
}
