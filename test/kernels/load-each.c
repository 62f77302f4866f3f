/* load-each OBJECT [PROGRAM]: loads each program of a BPF object by itself, and prints what the kernel says of it.
 *
 * Runs inside a guest, to learn which programs its verifier refuses, and why:
 *
 *   node dist/test/kernels/run.js --kernel 6.1 -- build/kernels/load-each build/linux/sensor.bpf.o
 *
 * Exit code: 0 all were taken, 1 some were refused (their log ends with the cause), 2 the object cannot be read.
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vprintf(format, args) : 0;
}

static int load_alone(const char *file, const char *name)
{
	struct bpf_object *object = bpf_object__open(file);
	struct bpf_program *program;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), name));
	int error = bpf_object__load(object);
	printf("load-each: %s: %s\n", name, error ? strerror(-error) : "taken");
	bpf_object__close(object);
	return error;
}

int main(int argc, char **argv)
{
	libbpf_set_print(print_warnings);
	struct bpf_object *object = argc > 1 ? bpf_object__open(argv[1]) : NULL;
	if (!object) {
		fprintf(stderr, "load-each: usage: load-each OBJECT [PROGRAM], OBJECT a BPF object file\n");
		return 2;
	}
	int refused = 0;
	struct bpf_program *program;
	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program);
		if (argc < 3 || !strcmp(name, argv[2]))
			refused += load_alone(argv[1], name) != 0;
	}
	return refused ? 1 : 0;
}
