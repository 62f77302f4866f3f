/* SPDX-License-Identifier: Apache-2.0 */
#include "pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "boundary.h"
#include "kernel.h"

#define WATCH_FORMAT 1
#define BPF_FILE_SYSTEM 0xcafe4a11
#define NAME_BYTES 384

static int failed(struct kernel *kernel, int error, const char *doing, const char *what)
{
	snprintf(kernel->message, sizeof(kernel->message), "%s %s: %s", doing, what, strerror(-error));
	return error;
}

static void place(char *to, const struct pins *pins, const char *what, const char *name)
{
	int prefix = snprintf(to, NAME_BYTES, "%s/", pins->path);
	snprintf(to + prefix, NAME_BYTES - prefix, "%s%s", what, name);
	for (char *dot = to + prefix; (dot = strchr(dot, '.')); dot++)
		*dot = '_'; /* the kernel keeps dots for itself (bpf_lookup() in kernel/bpf/inode.c) */
}

static bool is_watcher(const struct bpf_program *program)
{
	return bpf_program__autoload(program) && strncmp(bpf_program__section_name(program), "iter/", 5);
}

static int open_folder(const char *path)
{
	char above[NAME_BYTES];
	struct statfs system;
	snprintf(above, sizeof(above), "%s", path);
	if (statfs(path, &system) && statfs(dirname(above), &system))
		return -errno;
	if ((unsigned long)system.f_type != BPF_FILE_SYSTEM)
		return -EMEDIUMTYPE;
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	if (!flock(folder, LOCK_EX | LOCK_NB))
		return folder;
	int error = -errno;
	close(folder);
	return error == -EWOULDBLOCK ? -EBUSY : error;
}

static bool is_empty(const char *path)
{
	int entries = 0;
	DIR *folder = opendir(path);
	while (folder && readdir(folder))
		entries++;
	if (folder)
		closedir(folder);
	return entries <= 2; /* . and .. */
}

static int remove_all(const char *path)
{
	struct dirent *entry;
	int error = 0;
	DIR *folder = opendir(path);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    unlinkat(dirfd(folder), entry->d_name, 0))
			error = -errno;
	closedir(folder);
	return error;
}

static void *map_watch(int map)
{
	void *watch = mmap(NULL, sizeof(struct watch), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	return watch == MAP_FAILED ? NULL : watch;
}

static enum pins_found look(struct pins *pins)
{
	char path[NAME_BYTES];
	struct bpf_map_info info = {};
	uint32_t bytes = sizeof(info);
	place(path, pins, "watch", "");
	int map = bpf_obj_get(path);
	if (map < 0)
		return is_empty(pins->path) ? PINS_NOTHING : PINS_BROKEN;
	if (!bpf_obj_get_info_by_fd(map, &info, &bytes) && info.value_size == sizeof(struct watch))
		pins->watch = map_watch(map);
	close(map);
	if (!pins->watch || pins->watch->format != WATCH_FORMAT || !pins->watch->whole)
		return PINS_BROKEN;
	pins->before = *pins->watch;
	return strncmp(pins->watch->identity, pins->identity, IDENTITY_BYTES) ? PINS_OTHER : PINS_SAME;
}

/* A map that is gone cannot be put back under the programs that use it: then nothing there is of use. */
static bool has_every_map(struct kernel *kernel)
{
	char path[NAME_BYTES];
	struct bpf_map *map;
	bpf_object__for_each_map(map, kernel->object)
	{
		place(path, &kernel->pins, "map_", bpf_map__name(map));
		if (access(path, F_OK))
			return false;
	}
	return true;
}

int pins_open(struct kernel *kernel, const char *path, const char *identity)
{
	struct pins *pins = &kernel->pins;
	if (pins->folder)
		return 0; /* loaded once more, without a program that was refused */
	snprintf(pins->path, sizeof(pins->path), "%s", path);
	snprintf(pins->identity, sizeof(pins->identity), "%s", identity);
	int folder = open_folder(path);
	if (folder == -EMEDIUMTYPE) {
		snprintf(kernel->message, sizeof(kernel->message),
			 "%s is in no bpf file system; run: mount -t bpf bpf /sys/fs/bpf", path);
		return folder;
	}
	if (folder == -EBUSY) {
		snprintf(kernel->message, sizeof(kernel->message),
			 "%s belongs to a service that runs; stop it, or give this one a folder of its own", path);
		return folder;
	}
	if (folder < 0)
		return failed(kernel, folder, "taking", path);
	pins->folder = folder;
	pins->found = look(pins);
	if (pins->found == PINS_SAME && !has_every_map(kernel))
		pins->found = PINS_BROKEN;
	if (pins->found != PINS_BROKEN)
		return 0;
	int error = remove_all(path);
	return error ? failed(kernel, error, "taking away what a dead service left at", path) : 0;
}

static int reuse_map(struct kernel *kernel, struct bpf_map *map)
{
	char path[NAME_BYTES];
	place(path, &kernel->pins, "map_", bpf_map__name(map));
	int fd = bpf_obj_get(path);
	if (fd < 0)
		return failed(kernel, -errno, "taking over", path);
	int error = bpf_map__reuse_fd(map, fd); /* it keeps a descriptor of its own */
	close(fd);
	return error ? failed(kernel, error, "taking over", path) : 0;
}

/* What the tags of tasks are kept in; all else of another version may mean something else. */
static int reuse_tags(struct kernel *kernel)
{
	static const char *const tags[] = { "sessions", "waiting_tags", "verdicts", "kept_tags" };
	if (kernel->pins.before.tags != TAGS_VERSION)
		return 0;
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		int error = reuse_map(kernel, bpf_object__find_map_by_name(kernel->object, tags[i]));
		if (error)
			return error;
	}
	kernel->pins.tags_kept = true;
	return 0;
}

int pins_reuse(struct kernel *kernel)
{
	struct pins *pins = &kernel->pins;
	struct bpf_map *map;
	struct bpf_program *program;
	int error = 0;
	if (pins->found == PINS_OTHER)
		return reuse_tags(kernel);
	if (pins->found != PINS_SAME)
		return 0;
	bpf_object__for_each_map(map, kernel->object)
	{
		error = reuse_map(kernel, map);
		if (error)
			return error;
	}
	bpf_object__for_each_program(program, kernel->object)
	{
		char path[NAME_BYTES];
		if (!is_watcher(program))
			continue;
		place(path, pins, "link_", bpf_program__name(program));
		int link = bpf_obj_get(path);
		if (link < 0)
			continue; /* somebody took it away: loaded, attached and pinned again */
		place(path, pins, "program_", bpf_program__name(program));
		kernel->running[kernel->running_count++] = (struct running){
			.name = bpf_program__name(program),
			.link = link,
			.program = bpf_obj_get(path),
		};
		bpf_program__set_autoload(program, false);
	}
	pins->tags_kept = true;
	return 0;
}

static int pin_links(struct kernel *kernel)
{
	char path[NAME_BYTES];
	for (int i = 0; i < kernel->link_count; i++) {
		place(path, &kernel->pins, "link_", kernel->linked[i]);
		int error = bpf_link__pin(kernel->links[i], path);
		if (error)
			return failed(kernel, error, "keeping", path);
		struct bpf_program *program =
			bpf_object__find_program_by_name(kernel->object, kernel->linked[i]);
		place(path, &kernel->pins, "program_", kernel->linked[i]);
		unlink(path); /* of a link that somebody took away */
		error = bpf_obj_pin(bpf_program__fd(program), path) ? -errno : 0;
		if (error)
			return failed(kernel, error, "keeping", path);
	}
	return 0;
}

static int pin_watch(struct kernel *kernel)
{
	char path[NAME_BYTES];
	struct pins *pins = &kernel->pins;
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	place(path, pins, "watch", "");
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "spoor_watch", sizeof(uint32_t), sizeof(struct watch), 1, &options);
	if (map < 0)
		return failed(kernel, -errno, "making", path);
	if (pins->watch)
		munmap(pins->watch, sizeof(*pins->watch));
	pins->watch = map_watch(map);
	int error = !pins->watch || bpf_obj_pin(map, path) ? -errno : 0;
	close(map);
	if (error)
		return failed(kernel, error, "keeping", path);
	*pins->watch = (struct watch){
		.format = WATCH_FORMAT,
		.tags = TAGS_VERSION,
		.owner = getpid(),
		.attached_boot_ns = kernel_boot_ns(),
	};
	memcpy(pins->watch->identity, pins->identity, IDENTITY_BYTES);
	return 0;
}

static int pin_all(struct kernel *kernel)
{
	char path[NAME_BYTES];
	struct bpf_map *map;
	int error = pin_watch(kernel);
	if (error)
		return error;
	bpf_object__for_each_map(map, kernel->object)
	{
		place(path, &kernel->pins, "map_", bpf_map__name(map));
		error = bpf_obj_pin(bpf_map__fd(map), path) ? -errno : 0;
		if (error)
			return failed(kernel, error, "keeping", path);
	}
	error = pin_links(kernel);
	if (!error)
		__atomic_store_n(&kernel->pins.watch->whole, 1, __ATOMIC_RELEASE);
	return error;
}

/* Half of it would go on running and be nobody's. */
static int pin_all_or_nothing(struct kernel *kernel)
{
	int error = pin_all(kernel);
	if (error)
		remove_all(kernel->pins.path);
	return error;
}

static void count_unread(const struct record *record, void *context)
{
	struct pins *pins = context;
	if (record->session && record->boot_ns < pins->replay_until)
		pins->unread[record->kind < MAX_UNREAD_KINDS ? record->kind : 0]++;
}

/* What another version's programs wrote and nobody read, up to the moment when the new ones were attached. Only the
 * head of its records is looked at: that never changes (records.h). */
static int count_left(struct kernel *kernel)
{
	char path[NAME_BYTES];
	struct pins *pins = &kernel->pins;
	struct ring ring = {};
	struct bpf_map_info info = {};
	uint32_t bytes = sizeof(info);
	place(path, pins, "map_", "ring");
	int map = bpf_obj_get(path);
	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &bytes))
		return failed(kernel, -errno, "reading", path);
	int error = ring_map(&ring, map, info.max_entries);
	close(map);
	if (error)
		return failed(kernel, error, "mapping", path);
	pins->replay_until = kernel->attaching_boot_ns;
	pins->overwritten = !ring_rewind(&ring, pins->before.mark_position);
	ring_visit(&ring, count_unread, pins);
	pins->replay_until = 0;
	ring_unmap(&ring);
	return 0;
}

int pins_keep(struct kernel *kernel)
{
	struct pins *pins = &kernel->pins;
	int error;
	switch (pins->found) {
	case PINS_SAME:
		pins->watch->owner = getpid();
		pins->replay_until = *kernel->ring.consumed;
		pins->overwritten = !ring_rewind(&kernel->ring, pins->before.mark_position);
		if (!pins->overwritten)
			pins->watch->taken_records = pins->before.mark_records;
		kernel->ring.taken = pins->watch->taken_records;
		return pin_links(kernel);
	case PINS_OTHER:
		error = count_left(kernel);
		if (!error)
			error = remove_all(pins->path);
		if (error)
			return failed(kernel, error, "taking the place of", pins->path);
		return pin_all_or_nothing(kernel);
	default:
		return pin_all_or_nothing(kernel);
	}
}

void pins_mark(struct pins *pins, uint64_t position, uint64_t records, uint64_t index)
{
	struct watch *watch = pins->watch;
	if (!watch)
		return;
	watch->mark_records = records;
	__atomic_store_n(&watch->mark_position, position, __ATOMIC_RELEASE);
	/* Last: an index that is too early only makes the next reader look through more of the log. */
	__atomic_store_n(&watch->mark_index, index, __ATOMIC_RELEASE);
}

int pins_forget(struct kernel *kernel)
{
	char path[256];
	snprintf(path, sizeof(path), "%s", kernel->pins.path);
	int error = remove_all(path);
	if (error)
		return failed(kernel, error, "taking away", path);
	while (kernel->running_count) {
		close(kernel->running[--kernel->running_count].link);
		close(kernel->running[kernel->running_count].program);
	}
	rmdir(path); /* fails where it is the mount itself, which is not ours to take away */
	pins_close(&kernel->pins);
	return 0;
}

void pins_close(struct pins *pins)
{
	if (pins->watch)
		munmap(pins->watch, sizeof(*pins->watch));
	if (pins->folder)
		close(pins->folder);
	memset(pins, 0, sizeof(*pins));
}

int pins_remove(const char *path, char *reason, size_t room)
{
	if (access(path, F_OK))
		return 0; /* nothing is kept */
	int folder = open_folder(path);
	if (folder == -EBUSY) {
		snprintf(reason, room, "%s belongs to a service that runs; stop it first", path);
		return folder;
	}
	int error = folder < 0 ? folder : remove_all(path);
	if (!error && rmdir(path) && errno != EBUSY) /* EBUSY: it is the mount itself */
		error = -errno;
	if (folder >= 0)
		close(folder);
	if (error)
		snprintf(reason, room, "%s cannot be taken away: %s", path, strerror(-error));
	return error;
}
