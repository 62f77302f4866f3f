/* lay-hands PID KEEP STATE OUTSIDE SETTINGS PROGRAM RULE GROUP OTHER PINNED: does to a running service what would blind or end it,
 * one act each, so that the service lives on: PID is its process, KEEP the folder of its pins, STATE its state folder,
 * OUTSIDE a folder that is not its own, SETTINGS, PROGRAM and RULE a file each, GROUP its control group, OTHER another,
 * PINNED the file system that KEEP lies in.
 * Prints {"act": "done", or the name of its errno}.
 */
#include "truth.h"

#include <linux/bpf.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

enum argument { PID = 1, KEEP, STATE, OUTSIDE, SETTINGS, PROGRAM, RULE, GROUP, OTHER, PINNED, ARGUMENTS };

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

/* The kernel sends it, when somebody writes to what can be read then. */
static int signal_by_file(void)
{
	int ends[2];
	must(pipe(ends));
	tried(fcntl(ends[0], F_SETOWN, watcher()));
	tried(fcntl(ends[0], F_SETSIG, SIGWINCH));
	tried(fcntl(ends[0], F_SETFL, O_ASYNC));
	must(write(ends[1], "", 1));
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* To what it is already. */
static int limit_it(void)
{
	struct rlimit is;
	must(prlimit(watcher(), RLIMIT_CORE, NULL, &is));
	tried(prlimit(watcher(), RLIMIT_CORE, &is, NULL));
	return 0;
}

static int set_back(void)
{
	tried(setpriority(PRIO_PROCESS, watcher(), getpriority(PRIO_PROCESS, watcher())));
	return 0;
}

static int confine_it(void)
{
	cpu_set_t are;
	must(sched_getaffinity(watcher(), sizeof(are), &are));
	tried(sched_setaffinity(watcher(), sizeof(are), &are));
	return 0;
}

static int freeze_it(void)
{
	return open_and_close(at(place, GROUP, "cgroup.freeze"), O_WRONLY);
}

static void enter(enum argument group)
{
	int procs = must(open(at(place, group, "cgroup.procs"), O_WRONLY));
	must(write(procs, given[PID], strlen(given[PID])));
	close(procs);
}

static int move_it(void)
{
	enter(OTHER);
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

/* The folder of the key: it is read at the start only. */
static int mount_over_key(void)
{
	tried(mount(given[OUTSIDE], at(place, STATE, "key"), NULL, MS_BIND, NULL));
	must(umount(place));
	return 0;
}

/* By a name that does not begin at the root. */
static int mount_over_pins(void)
{
	must(chdir(at(place, KEEP, "..")));
	const char *name = strrchr(given[KEEP], '/') + 1;
	int error = mount(given[OUTSIDE], name, NULL, MS_BIND, NULL) ? errno : 0;
	if (!error)
		must(umount(name));
	must(chdir("/"));
	return error;
}

/* Their file system, in which the service has a folder open. */
static int unmount_pins(void)
{
	tried(umount2(given[PINNED], 0));
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

/* Without asking to write: open(2) leaves open what that means, and Linux empties the file. */
static int empty_settings(void)
{
	char text[4096];
	int file = must(open(given[SETTINGS], O_RDONLY));
	ssize_t bytes = must(read(file, text, sizeof(text)));
	close(file);
	int error = open_and_close(given[SETTINGS], O_RDONLY | O_TRUNC);
	if (error)
		return error;
	file = must(open(given[SETTINGS], O_WRONLY));
	must(write(file, text, bytes));
	close(file);
	return 0;
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

static int fix_program(void)
{
	int flags, file = must(open(given[PROGRAM], O_RDONLY));
	must(ioctl(file, FS_IOC_GETFLAGS, &flags));
	tried(ioctl(file, FS_IOC_SETFLAGS, &flags)); /* as they are */
	close(file);
	return 0;
}

/* Once its name has left the kernel's memory. */
static int edit_program_by_handle(void)
{
	static struct {
		struct file_handle handle;
		unsigned char bytes[128];
	} file = { .handle.handle_bytes = sizeof(file.bytes) };
	int number;
	int folder = must(open(given[PROGRAM], O_PATH));
	must(name_to_handle_at(folder, "", &file.handle, &number, AT_EMPTY_PATH));
	close(folder);
	folder = must(open(given[RULE], O_RDONLY)); /* on the same file system */
	int caches = must(open("/proc/sys/vm/drop_caches", O_WRONLY));
	must(write(caches, "2", 1));
	close(caches);
	int opened = open_by_handle_at(folder, &file.handle, O_WRONLY);
	int error = opened < 0 ? errno : 0;
	close(folder);
	if (!error)
		close(opened);
	return error;
}

static int edit_rule(void)
{
	return open_and_close(given[RULE], O_WRONLY);
}

/* As every sandbox does: over a folder above the state, for nobody but itself. */
static int mount_apart(void)
{
	int status;
	pid_t child = must(fork());
	if (!child) {
		must(unshare(CLONE_NEWNS));
		must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		_exit(mount("tmpfs", given[OUTSIDE], "tmpfs", 0, NULL) ? errno : 0);
	}
	must(waitpid(child, &status, 0));
	return WEXITSTATUS(status);
}

/* A second sight of what is guarded, in a folder that leads to nothing of it, and away again. */
static int mount_elsewhere(void)
{
	must(mkdir(at(place, OUTSIDE, "chroot"), 0700));
	must(mkdir(at(place, OUTSIDE, "chroot/pins"), 0700));
	tried(mount(given[PINNED], place, NULL, MS_BIND, NULL));
	tried(umount(place));
	must(rmdir(place));
	must(rmdir(at(place, OUTSIDE, "chroot")));
	return 0;
}

static const struct act {
	const char *name;
	int (*try)(void);
} acts[] = {
	{ "signal", signal_it },
	{ "signal by a file", signal_by_file },
	{ "limit", limit_it },
	{ "set its priority", set_back },
	{ "set its processors", confine_it },
	{ "freeze", freeze_it },
	{ "move to another group", move_it },
	{ "trace", trace_it },
	{ "take a descriptor", take_descriptor },
	{ "open its memory", open_memory },
	{ "unpin", unpin },
	{ "unload", unload },
	{ "take a map", take_map },
	{ "unload a module", unload_module },
	{ "unmount the state", unmount_state },
	{ "mount over the key", mount_over_key },
	{ "mount over the pins", mount_over_pins },
	{ "unmount the pins", unmount_pins },
	{ "edit the log", edit_log },
	{ "give a file of the log a second name", link_log },
	{ "move the state away", move_state },
	{ "add to the keys", add_key },
	{ "read the key", read_key },
	{ "edit the settings", edit_settings },
	{ "empty the settings", empty_settings },
	{ "close the settings to others", close_settings },
	{ "edit the program", edit_program },
	{ "set flags of the program", fix_program },
	{ "edit the program by its handle", edit_program_by_handle },
	{ "edit a rule", edit_rule },
	{ "mount in a namespace of its own", mount_apart },
	{ "mount the pins' file system in a chroot", mount_elsewhere },
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
