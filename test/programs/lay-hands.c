/* lay-hands PID KEEP STATE OUTSIDE SETTINGS PROGRAM RULE: does to a running service what would blind or end it, one act
 * each, so that the service lives on: PID is its process, KEEP the folder of its pins, STATE its state folder, OUTSIDE a
 * folder that is not its own, SETTINGS, PROGRAM and RULE a file each.
 * Prints {"act": "done", or the name of its errno}.
 */
#include "truth.h"

#include <linux/bpf.h>
#include <sys/mount.h>
#include <sys/ptrace.h>

enum argument { PID = 1, KEEP, STATE, OUTSIDE, SETTINGS, PROGRAM, RULE, ARGUMENTS };

static char **given;
static char place[4096], other[4096];

/* The last call's -1 is the act's errno. */
#define tried(call) ({ if ((call) == -1) return errno; })

static const char *at(char *to, enum argument folder, const char *name)
{
	snprintf(to, sizeof(place), "%s/%s", given[folder], name);
	return to;
}

static int watcher(void)
{
	return atoi(given[PID]);
}

static int open_and_close(const char *path, int flags)
{
	int file = open(path, flags, 0600);
	tried(file);
	close(file);
	return 0;
}

static int bpf_pinned(const char *path)
{
	union bpf_attr attributes = { .pathname = (uintptr_t)path };
	return syscall(SYS_bpf, BPF_OBJ_GET, &attributes, sizeof(attributes));
}

static int signal_it(void)
{
	tried(kill(watcher(), SIGCONT));
	return 0;
}

static int trace_it(void)
{
	tried(ptrace(PTRACE_ATTACH, watcher(), 0, 0));
	must(waitpid(watcher(), NULL, __WALL));
	tried(ptrace(PTRACE_DETACH, watcher(), 0, 0));
	return 0;
}

static int take_descriptor(void)
{
	int process = must(syscall(SYS_pidfd_open, watcher(), 0));
	tried(syscall(SYS_pidfd_getfd, process, 2, 0));
	return 0;
}

static int open_memory(void)
{
	snprintf(place, sizeof(place), "/proc/%d/mem", watcher());
	return open_and_close(place, O_RDWR);
}

static int unpin(void)
{
	tried(unlink(at(place, KEEP, "link_both_packet_in")));
	return 0;
}

static int unload(void)
{
	int link = must(bpf_pinned(at(place, KEEP, "link_both_packet_out")));
	union bpf_attr attributes = { .link_detach.link_fd = link };
	tried(syscall(SYS_bpf, BPF_LINK_DETACH, &attributes, sizeof(attributes)));
	return 0;
}

static int take_map(void)
{
	tried(bpf_pinned(at(place, KEEP, "map_sessions")));
	return 0;
}

static int unload_module(void)
{
	tried(syscall(SYS_delete_module, "spoor_none", O_NONBLOCK));
	return 0;
}

static int unmount_state(void)
{
	tried(umount2(given[STATE], 0));
	return 0;
}

static int edit_log(void)
{
	return open_and_close(at(place, STATE, "log/checkpoint"), O_WRONLY);
}

static int link_log(void)
{
	tried(link(at(place, STATE, "log/checkpoint"), at(other, OUTSIDE, "second")));
	return 0;
}

static int move_state(void)
{
	tried(rename(given[STATE], at(other, OUTSIDE, "moved")));
	must(rename(other, given[STATE]));
	return 0;
}

static int add_key(void)
{
	int error = open_and_close(at(place, STATE, "key/anything"), O_WRONLY | O_CREAT);
	if (!error)
		must(unlink(place));
	return error;
}

static int read_key(void)
{
	return open_and_close(at(place, STATE, "key/host.key"), O_RDONLY);
}

static int edit_settings(void)
{
	return open_and_close(given[SETTINGS], O_WRONLY);
}

static int close_settings(void)
{
	tried(chmod(given[SETTINGS], 0600));
	return 0;
}

static int edit_program(void)
{
	return open_and_close(given[PROGRAM], O_WRONLY);
}

static int edit_rule(void)
{
	return open_and_close(given[RULE], O_WRONLY);
}

static const struct act {
	const char *name;
	int (*try)(void);
} acts[] = {
	{ "signal", signal_it },
	{ "trace", trace_it },
	{ "take a descriptor", take_descriptor },
	{ "open its memory", open_memory },
	{ "unpin", unpin },
	{ "unload", unload },
	{ "take a map", take_map },
	{ "unload a module", unload_module },
	{ "unmount the state", unmount_state },
	{ "edit the log", edit_log },
	{ "give a file of the log a second name", link_log },
	{ "move the state away", move_state },
	{ "add to the keys", add_key },
	{ "read the key", read_key },
	{ "edit the settings", edit_settings },
	{ "close the settings to others", close_settings },
	{ "edit the program", edit_program },
	{ "edit a rule", edit_rule },
};

int main(int count, char **arguments)
{
	if (count != ARGUMENTS)
		return 2;
	given = arguments;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		int error = acts[i].try();
		printf("%s\"%s\": \"%s\"", i ? ", " : "{", acts[i].name, error ? strerrorname_np(error) : "done");
	}
	puts("}");
	return 0;
}
