/* Row 22. A supervisor answers the open of its child by seccomp and puts another file under the number it returns:
 * the child's openat never ran, its path was never looked at. */
#include "tell.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	tell("seccomp-addfd", 22, argc, argv);
	char *path = make_secret(), *innocent = in_scratch("innocent");
	int *listener = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct gate ready = make_gate();
	pid_t child = (pid_t)must(fork());
	if (!child) {
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		*listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
		open_gate(&ready);
		if (*listener < 0)
			_exit(0);
		int fd = (int)must(syscall(SYS_openat, AT_FDCWD, innocent, O_RDONLY));
		char bytes[SECRET_BYTES];
		must(read(fd, bytes, sizeof(bytes)));
		told_bytes(path, SECRET_BYTES, 0);
		_exit(0);
	}
	wait_at(&ready);
	if (*listener < 0) {
		join(child);
		not_possible("a seccomp listener", 0);
	}
	int pidfd = (int)must(pidfd_open(child, 0));
	int notices = (int)must(pidfd_getfd(pidfd, *listener, 0));
	struct seccomp_notif notice = { 0 };
	must(ioctl(notices, SECCOMP_IOCTL_NOTIF_RECV, &notice));
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	struct seccomp_notif_addfd add = { .id = notice.id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (unsigned)fd };
	if (ioctl(notices, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0) {
		kill(child, SIGKILL);
		not_possible("SECCOMP_ADDFD_FLAG_SEND", errno);
	}
	close(fd);
	join(child);
	return told();
}
