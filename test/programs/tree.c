/* tree: processes made in every way there is, each of which ends before the next begins.
 * Prints {"processes": [{"how": ..., "pid": ...}, ...]}; the pids are the host's.
 */
#include "truth.h"

#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>

#define MAX_TOLD 64

/* Shared with all descendants: some tell of themselves. */
static struct {
	int count;
	struct {
		const char *how;
		pid_t pid;
	} told[MAX_TOLD];
} *tale;

static void tell(const char *how, pid_t pid)
{
	int at = __sync_fetch_and_add(&tale->count, 1);
	if (at >= MAX_TOLD)
		abort();
	tale->told[at].how = how;
	tale->told[at].pid = pid;
}

static void join(pid_t pid)
{
	int status;
	must(waitpid(pid, &status, __WALL));
	if (status)
		abort();
}

static void plain(void)
{
	pid_t child = must(fork());
	if (!child)
		_exit(0);
	tell("fork", child);
	join(child);
}

static void daemonise(void)
{
	int gate[2];
	char byte;
	must(pipe(gate));
	pid_t child = must(fork());
	if (!child) {
		must(setsid());
		pid_t daemon = must(fork());
		if (daemon)
			_exit(0); /* its parent ends first: it is handed to init */
		while (getppid() == child)
			;
		tell("double fork and setsid", getpid());
		must(write(gate[1], "x", 1));
		_exit(0);
	}
	tell("fork, parent of a daemon", child);
	join(child);
	must(read(gate[0], &byte, 1));
	close(gate[0]);
	close(gate[1]);
}

static void by_vfork(void)
{
	pid_t child = vfork();
	if (!child) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	tell("vfork and exec", child);
	join(child);
}

static void by_posix_spawn(void)
{
	pid_t child;
	char *arguments[] = { "true", NULL }, *environment[] = { NULL };
	if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environment))
		abort();
	tell("posix_spawn", child);
	join(child);
}

static void *fork_in_thread(void *nothing)
{
	pid_t child = must(fork());
	if (!child)
		_exit(0);
	tell("fork in a thread", child);
	join(child);
	return nothing;
}

static void by_thread(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, fork_in_thread, NULL))
		abort();
	pthread_join(thread, NULL);
}

static long clone3_with(uint64_t flags, uint64_t exit_signal)
{
	struct clone_args arguments = { .flags = flags, .exit_signal = exit_signal };
	return syscall(SYS_clone3, &arguments, sizeof(arguments));
}

/* The grandchild's parent is this process, not the child that made it. */
static void by_clone_parent(void)
{
	pid_t child = must(fork());
	if (!child) {
		pid_t sibling = must(clone3_with(CLONE_PARENT, 0));
		if (!sibling)
			_exit(0);
		tell("CLONE_PARENT", sibling);
		_exit(0);
	}
	tell("fork, maker by CLONE_PARENT", child);
	join(child);
	must(waitpid(-1, NULL, __WALL));
}

static void in_namespaces(void)
{
	uint64_t all = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
	pid_t child = must(clone3_with(all, SIGCHLD));
	if (!child) {
		pid_t inner = must(fork());
		if (!inner)
			execl("/bin/true", "true", (char *)NULL);
		join(inner);
		_exit(0);
	}
	tell("clone3 with new namespaces", child);
	join(child);
}

int main(void)
{
	tale = mmap(NULL, sizeof(*tale), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tale == MAP_FAILED)
		return 1;
	tell("root", getpid());
	plain();
	daemonise();
	by_vfork();
	by_posix_spawn();
	by_thread();
	by_clone_parent();
	in_namespaces();
	printf("{\"processes\": [");
	for (int i = 0; i < tale->count; i++)
		printf("%s{\"how\": \"%s\", \"pid\": %d}", i ? ", " : "", tale->told[i].how, tale->told[i].pid);
	puts("]}");
	return 0;
}
