/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* asprintf */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "boundary.h"
#include "verdicts.h"

/* The reader is woken when this part of the ring is filled. */
#define WAKE_FRACTION 8
/* Eighths of the ring that a class may fill (bpf/records.h, enum shed_class). Half is kept from what comes in floods;
 * the last eighth, of 4 MiB some 1,500 execs, from all but what is never shed. */
static const uint32_t shed_at_eighths[SHED_NEVER] = { [SHED_FIRST] = 4, [SHED_FILES] = 6, [SHED_OTHERS] = 7 };
#define ANSWER_CHUNK_BYTES 65536

/* libbpf tells why a load failed by this call alone. The first warning names the cause, the rest repeats it. */
static char warning[MESSAGE_BYTES];
static char refused_program[PROGRAM_NAME_BYTES];

static int keep_warning(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && !warning[0]) {
		vsnprintf(warning, sizeof(warning), format, arguments);
		warning[strcspn(warning, "\n")] = 0;
		/* libbpf.c: every complaint about a program begins so. */
		refused_program[0] = 0;
		sscanf(warning, "libbpf: prog '%63[^']'", refused_program);
	}
	return 0;
}

static int failed(struct kernel *kernel, int error, const char *doing, const char *what)
{
	snprintf(kernel->message, sizeof(kernel->message), "%s %s: %s%s%s", doing, what, strerror(-error),
		 warning[0] ? ": " : "", warning);
	return error;
}

uint64_t kernel_boot_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static int size_maps(struct kernel *kernel, size_t ring_bytes)
{
	static const char *const a_row_a_cpu[] = { "scratches", "counts", "histograms" };
	struct bpf_map *ring = bpf_object__find_map_by_name(kernel->object, "ring");
	struct bpf_map *readonly = bpf_object__find_map_by_name(kernel->object, ".rodata.settings");
	int error = bpf_map__set_max_entries(ring, ring_bytes);
	for (size_t i = 0; !error && i < sizeof(a_row_a_cpu) / sizeof(*a_row_a_cpu); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, a_row_a_cpu[i]);
		error = bpf_map__set_max_entries(map, bpf_map__max_entries(map) * kernel->cpus);
	}
	struct settings settings = {
		.wake_bytes = ring_bytes / WAKE_FRACTION,
		.counts_socket_bytes = programs_will_load(kernel->object, "both_sock_sent") ||
				       programs_will_load(kernel->object, "lsm_sent"),
	};
	for (int class = 0; class < SHED_NEVER; class++)
		settings.shed_at_bytes[class] = ring_bytes / 8 * shed_at_eighths[class];
	return error ? error : bpf_map__set_initial_value(readonly, &settings, sizeof(settings));
}

static int map_array(struct kernel *kernel, const char *name, size_t bytes, uint64_t **to, size_t *mapped_bytes)
{
	struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, name);
	size_t page = sysconf(_SC_PAGESIZE);
	*mapped_bytes = (bytes + page - 1) / page * page;
	void *mapped = mmap(NULL, *mapped_bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (mapped == MAP_FAILED)
		return -errno;
	*to = mapped;
	return 0;
}

/* The verifier gives up with EAGAIN when a signal waits for this thread, and a busy machine's timers (a profiler's,
 * say) can interrupt every try. Signals wait for the few milliseconds instead. */
static int load_undisturbed(struct bpf_object *object)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = bpf_object__load(object);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* A section of variables is a map. libbpf's own memory for it is the map's only where libbpf made the map. */
static uint32_t *map_variables(const struct bpf_object *object, const char *section)
{
	int map = bpf_object__find_map_fd_by_name(object, section);
	void *mapped = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	return mapped == MAP_FAILED ? NULL : mapped;
}

/* The object for this kernel: OBJECT.bpf.o, or OBJECT-before-6.2.bpf.o beside it (bpf/kernel.h). */
static char *object_for(const char *object_path, const struct btf *kernel_types)
{
	static const char suffix[] = ".bpf.o";
	bool lends_cast = btf__find_by_name_kind(kernel_types, "bpf_rdonly_cast", BTF_KIND_FUNC) >= 0;
	char *path = NULL;
	int written = asprintf(&path, "%.*s%s%s", (int)(strlen(object_path) - strlen(suffix)), object_path,
			       lends_cast ? "" : "-before-6.2", suffix);
	return written < 0 ? NULL : path;
}

/* A place that the kernel lacks is known before anything is loaded. */
static int refuse_without_needed(struct kernel *kernel)
{
	for (int i = 0; i < kernel->missing.count; i++) {
		const char *name = kernel->missing.list[i].name;
		if (!programs_is_needed(name))
			continue;
		snprintf(kernel->message, sizeof(kernel->message),
			 "this kernel has no %s, without which nothing that is seen can be put to a process or a session (%s)",
			 kernel->missing.list[i].hook, name);
		return -ENOENT;
	}
	return 0;
}

static int load_object(struct kernel *kernel, const struct kernel_options *options, const char *path,
		       const struct btf *kernel_types)
{
	warning[0] = refused_program[0] = 0;
	kernel->object = bpf_object__open_file(path, NULL);
	if (!kernel->object)
		return failed(kernel, -errno, "opening", path);
	programs_choose(kernel->object, options->tier, kernel_types, &kernel->missing);
	int error = refuse_without_needed(kernel);
	if (error)
		return error;
	error = size_maps(kernel, options->ring_bytes);
	if (error)
		return failed(kernel, error, "sizing the maps of", path);
	if (options->pins_path) {
		error = pins_open(kernel, options->pins_path, options->identity);
		if (!error)
			error = pins_reuse(kernel);
		if (error)
			return error; /* it has said why */
	}
	error = load_undisturbed(kernel->object);
	return error ? failed(kernel, error, "loading", path) : 0;
}

/* The program at which the last load ended, if it can be spared; else NULL. */
static const struct bpf_program *spared(const struct kernel *kernel)
{
	if (programs_is_needed(refused_program) || programs_is_missing(&kernel->missing, refused_program))
		return NULL;
	return bpf_object__find_program_by_name(kernel->object, refused_program);
}

/* A program that this kernel's verifier refuses is left out, if what it sees can be: the rest is loaded without it. */
static int load_what_is_taken(struct kernel *kernel, const struct kernel_options *options, const char *path,
			      const struct btf *kernel_types)
{
	for (;;) {
		int error = load_object(kernel, options, path, kernel_types);
		const struct bpf_program *refused = error && kernel->object ? spared(kernel) : NULL;
		if (!refused)
			return error;
		programs_miss(&kernel->missing, refused, -error);
		bpf_object__close(kernel->object);
		kernel->object = NULL;
	}
}

int kernel_load(struct kernel *kernel, const struct kernel_options *options)
{
	warning[0] = 0;
	libbpf_set_print(keep_warning);
	kernel->cpus = libbpf_num_possible_cpus();
	struct btf *kernel_types = btf__load_vmlinux_btf();
	if (!kernel_types)
		return failed(kernel, -errno, "reading", "the kernel's types (/sys/kernel/btf/vmlinux)");
	char *path = object_for(options->object_path, kernel_types);
	int error = path ? load_what_is_taken(kernel, options, path, kernel_types) : failed(kernel, -ENOMEM, "naming", "the object");
	free(path);
	btf__free(kernel_types);
	if (error)
		return error;
	error = map_array(kernel, "counts", sizeof(struct counters) * kernel->cpus, &kernel->counters,
			  &kernel->counters_bytes);
	if (!error)
		error = map_array(kernel, "histograms", sizeof(struct call_counts) * HISTOGRAM_SESSIONS * kernel->cpus,
				  &kernel->histograms, &kernel->histograms_bytes);
	if (error)
		return failed(kernel, error, "mapping", "the counters");
	error = verdicts_map(kernel);
	if (error)
		return failed(kernel, error, "mapping", "the verdicts");
	kernel->reader = map_variables(kernel->object, ".data.reader");
	if (!kernel->reader)
		return failed(kernel, -ENOENT, "mapping", "the reader's state");
	kernel->ring_fd = bpf_object__find_map_fd_by_name(kernel->object, "ring");
	error = ring_map(&kernel->ring, kernel->ring_fd, options->ring_bytes);
	return error ? failed(kernel, error, "mapping", "the ring") : 0;
}

/* Where cgroup 2 is mounted: -ENOENT when it is nowhere. The root holds every process of the host. */
static int open_cgroup_root(void)
{
	char line[4096], place[1024], type[64];
	int root = -ENOENT;
	FILE *mounts = fopen("/proc/self/mounts", "re");
	if (!mounts)
		return -errno;
	while (root < 0 && fgets(line, sizeof(line), mounts)) {
		if (sscanf(line, "%*s %1023s %63s", place, type) != 2 || strcmp(type, "cgroup2"))
			continue;
		root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			root = -errno;
	}
	fclose(mounts);
	return root;
}

/* 0 also when the program is left out: noted, and nothing hangs on it. */
static int attach_program(struct kernel *kernel, const struct bpf_program *program, int cgroup)
{
	const char *name = bpf_program__name(program);
	bool of_cgroup = begins_with(bpf_program__section_name(program), "cgroup");
	if (of_cgroup && cgroup < 0) {
		programs_miss(&kernel->missing, program, -cgroup);
		return 0;
	}
	if (kernel->link_count == MAX_PROGRAMS)
		return failed(kernel, -E2BIG, "attaching", name);
	struct bpf_link *link =
		of_cgroup ? bpf_program__attach_cgroup(program, cgroup) : bpf_program__attach(program);
	if (link) {
		kernel->linked[kernel->link_count] = name;
		kernel->links[kernel->link_count++] = link;
		return 0;
	}
	int error = -errno;
	if (programs_is_needed(name))
		return failed(kernel, error, "attaching", bpf_program__section_name(program));
	programs_miss(&kernel->missing, program, -error);
	return 0;
}

int kernel_attach(struct kernel *kernel)
{
	struct bpf_program *program;
	int error = 0;
	warning[0] = 0;
	kernel->attaching_boot_ns = kernel_boot_ns();
	int cgroup = open_cgroup_root();
	bpf_object__for_each_program(program, kernel->object)
	{
		bool wanted = bpf_program__autoload(program) &&
			      !begins_with(bpf_program__section_name(program), "iter/");
		if (wanted && !error)
			error = attach_program(kernel, program, cgroup);
	}
	if (cgroup >= 0)
		close(cgroup);
	return !error && kernel->pins.folder ? pins_keep(kernel) : error;
}

int kernel_detach_program(struct kernel *kernel, const char *program)
{
	warning[0] = 0;
	for (int i = 0; i < kernel->link_count; i++) {
		if (strcmp(kernel->linked[i], program))
			continue;
		bpf_link__destroy(kernel->links[i]);
		kernel->link_count--;
		kernel->links[i] = kernel->links[kernel->link_count];
		kernel->linked[i] = kernel->linked[kernel->link_count];
		return 0;
	}
	return failed(kernel, -ENOENT, "detaching", program);
}

void kernel_detach(struct kernel *kernel)
{
	while (kernel->link_count)
		bpf_link__destroy(kernel->links[--kernel->link_count]);
	/* A program that was entered before its link went may still be writing on another CPU; it runs inside an RCU
	 * read section, and this call waits for all of them (kernel/sched/membarrier.c: synchronize_rcu()). */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void kernel_unload(struct kernel *kernel)
{
	kernel_detach(kernel);
	ring_unmap(&kernel->ring);
	if (kernel->counters)
		munmap(kernel->counters, kernel->counters_bytes);
	if (kernel->histograms)
		munmap(kernel->histograms, kernel->histograms_bytes);
	verdicts_unmap(kernel);
	if (kernel->reader)
		munmap(kernel->reader, sysconf(_SC_PAGESIZE));
	kernel->reader = NULL;
	kernel->counters = kernel->histograms = NULL;
	while (kernel->running_count) {
		struct running *running = &kernel->running[--kernel->running_count];
		close(running->link);
		close(running->program);
	}
	bpf_object__close(kernel->object);
	kernel->object = NULL;
	pins_close(&kernel->pins);
}

static int read_all(int from, uint8_t **answer, size_t *bytes)
{
	size_t room = 0;
	for (;;) {
		if (room - *bytes < ANSWER_CHUNK_BYTES) {
			room += ANSWER_CHUNK_BYTES;
			uint8_t *larger = realloc(*answer, room);
			if (!larger)
				return -ENOMEM;
			*answer = larger;
		}
		ssize_t count = read(from, *answer + *bytes, room - *bytes);
		if (count == 0)
			return 0;
		if (count < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (count > 0)
			*bytes += count;
	}
}

int kernel_ask(struct kernel *kernel, const char *iterator, const struct task_request *request, uint8_t **answer,
	       size_t *bytes)
{
	uint32_t zero = 0;
	warning[0] = 0;
	*answer = NULL;
	*bytes = 0;
	struct bpf_program *program = bpf_object__find_program_by_name(kernel->object, iterator);
	int requests = bpf_object__find_map_fd_by_name(kernel->object, "requests");
	if (bpf_map_update_elem(requests, &zero, request, BPF_ANY))
		return failed(kernel, -errno, "asking", iterator);
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	if (!link)
		return failed(kernel, -errno, "attaching", iterator);
	int from = bpf_iter_create(bpf_link__fd(link));
	int error = from < 0 ? -errno : read_all(from, answer, bytes);
	if (from >= 0)
		close(from);
	bpf_link__destroy(link);
	if (!error)
		return 0;
	free(*answer);
	*answer = NULL;
	return failed(kernel, error, "reading", iterator);
}

int kernel_suspect(struct kernel *kernel, const uint8_t *word)
{
	uint32_t zero = 0, wanted = 1;
	uint8_t present = 1;
	warning[0] = 0;
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(kernel->object, "suspects"), word, &present, BPF_ANY))
		return failed(kernel, -errno, "adding", "a word of the catalogue");
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(kernel->object, "suspecting"), &zero, &wanted, BPF_ANY))
		return failed(kernel, -errno, "switching on", "the look-out for suspects");
	return 0;
}

int kernel_unsuspect(struct kernel *kernel, const uint8_t *word)
{
	warning[0] = 0;
	if (bpf_map_delete_elem(bpf_object__find_map_fd_by_name(kernel->object, "suspects"), word) && errno != ENOENT)
		return failed(kernel, -errno, "taking back", "a word of the catalogue");
	return 0;
}

int kernel_name_host(struct kernel *kernel, uint64_t hash, uint8_t how)
{
	uint32_t zero = 0, wanted = 1;
	warning[0] = 0;
	int hosts = bpf_object__find_map_fd_by_name(kernel->object, "named_hosts");
	if (!how) {
		if (bpf_map_delete_elem(hosts, &hash) && errno != ENOENT)
			return failed(kernel, -errno, "taking back", "a host of the catalogue");
		return 0;
	}
	if (bpf_map_update_elem(hosts, &hash, &how, BPF_ANY))
		return failed(kernel, -errno, "adding", "a host of the catalogue");
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(kernel->object, "naming"), &zero, &wanted, BPF_ANY))
		return failed(kernel, -errno, "switching on", "the look-out for hosts");
	return 0;
}

uint32_t kernel_reader(const struct kernel *kernel)
{
	return __atomic_load_n(kernel->reader, __ATOMIC_ACQUIRE);
}

void kernel_reader_sleeps(struct kernel *kernel)
{
	/* Ordered before the ring is looked at; a program looks the other way round (wake_sleeper() in report.h). */
	__atomic_store_n(kernel->reader, READER_SLEEPS, __ATOMIC_SEQ_CST);
}

void kernel_histogram(const struct kernel *kernel, uint32_t row, uint64_t *calls, size_t count)
{
	memset(calls, 0, count * sizeof(*calls));
	for (int cpu = 0; cpu < kernel->cpus; cpu++) {
		const struct call_counts *rows = (const void *)kernel->histograms;
		const struct call_counts *counts = &rows[cpu * HISTOGRAM_SESSIONS + row];
		for (size_t call = 0; call < count; call++)
			calls[call] += counts->calls[call];
	}
}

static uint64_t misses_of(int program)
{
	struct bpf_prog_info info = {};
	uint32_t bytes = sizeof(info);
	return bpf_obj_get_info_by_fd(program, &info, &bytes) ? 0 : info.recursion_misses;
}

uint64_t kernel_lost(const struct kernel *kernel)
{
	const struct counters *rows = (const void *)kernel->counters;
	uint64_t lost = 0;
	for (int cpu = 0; cpu < kernel->cpus; cpu++)
		lost += __atomic_load_n(&rows[cpu].lost, __ATOMIC_ACQUIRE);
	return lost;
}

void kernel_misses(const struct kernel *kernel, void (*visit)(const char *name, uint64_t missed, void *context),
		   void *context)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, kernel->object)
	{
		uint64_t missed = bpf_program__autoload(program) ? misses_of(bpf_program__fd(program)) : 0;
		if (missed)
			visit(bpf_program__name(program), missed, context);
	}
	for (int i = 0; i < kernel->running_count; i++) {
		uint64_t missed = misses_of(kernel->running[i].program);
		if (missed)
			visit(kernel->running[i].name, missed, context);
	}
}
