/* Does files COUNT operations, in turn by each of the ways below, and prints each with what it came to: what it is called,
 * the path as the host sees it, the access it was opened with. Every operation has a file of its own, made by a child
 * beforehand: operations FOLDER COUNT. */
#include "truth.h"
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/mount.h>

static const char *folder;
static int told;

static void tell(const char *event, const char *path, const char *access, const char *previous)
{
	printf("%s{\"event\": \"%s\", \"path\": ", told++ ? ",\n" : "", event);
	print_text(path);
	if (access)
		printf(", \"access\": \"%s\"", access);
	if (previous) {
		printf(", \"previous\": ");
		print_text(previous);
	}
	printf("}");
}

static char *in(const char *where, const char *what, int number)
{
	char *path;
	must(asprintf(&path, "%s%s/%s%d", folder, where, what, number));
	return path;
}

/* One ring for all of them, a request at a time. */
static struct {
	int fd;
	unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring;

static void *part_of_ring(size_t size, off_t offset)
{
	void *part = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, offset);
	must(part == MAP_FAILED ? -1 : 0);
	return part;
}

static void make_ring(void)
{
	struct io_uring_params is = { 0 };
	ring.fd = must(syscall(SYS_io_uring_setup, 8, &is));
	char *sq = part_of_ring(is.sq_off.array + is.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	char *cq = part_of_ring(is.cq_off.cqes + is.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring.sqes = part_of_ring(is.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring.sq_tail = (unsigned *)(sq + is.sq_off.tail);
	ring.sq_mask = (unsigned *)(sq + is.sq_off.ring_mask);
	ring.sq_array = (unsigned *)(sq + is.sq_off.array);
	ring.cq_head = (unsigned *)(cq + is.cq_off.head);
	ring.cq_mask = (unsigned *)(cq + is.cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(cq + is.cq_off.cqes);
}

static int through_ring(struct io_uring_sqe request)
{
	unsigned tail = *ring.sq_tail, index = tail & *ring.sq_mask;
	ring.sqes[index] = request;
	ring.sq_array[index] = index;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	int result = ring.cqes[*ring.cq_head & *ring.cq_mask].res;
	__atomic_store_n(ring.cq_head, *ring.cq_head + 1, __ATOMIC_RELEASE);
	errno = result < 0 ? -result : 0;
	return must(result < 0 ? -1 : result);
}

enum way {
	OPEN_READ, OPENAT2_WRITE, CREATE, RELATIVE, LINK_TO_IT, MAPPED, BY_RING, BY_BIND, TMPFILE,
	RENAME, RENAME_RING, HARD_LINK, SYMBOLIC, UNLINK, UNLINK_RING, FOLDER, TRUNCATE, MODE, WAYS
};

static void operate(enum way way, int n)
{
	char *path = in("", "f", n), *other = in("", "other", n);
	int fd = -1;
	switch (way) {
	case OPEN_READ:
		fd = must(open(path, O_RDONLY));
		tell("file.open", path, "read", NULL);
		break;
	case OPENAT2_WRITE: {
		struct open_how how = { .flags = O_WRONLY };
		fd = must(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
		tell("file.open", path, "write", NULL);
		break;
	}
	case CREATE:
		fd = must(open(other, O_RDWR | O_CREAT | O_EXCL, 0600));
		tell("file.create", other, NULL, NULL);
		tell("file.open", other, "read_write", NULL);
		break;
	case RELATIVE:
		fd = must(open(path + strlen(folder) + 1, O_RDONLY));
		tell("file.open", path, "read", NULL);
		break;
	case LINK_TO_IT:
		fd = must(open(in("", "to", n), O_RDONLY));
		tell("file.open", path, "read", NULL);
		break;
	case MAPPED:
		fd = must(open(path, O_RDONLY));
		must(mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
		tell("file.open", path, "read", NULL);
		break;
	case BY_RING:
		fd = through_ring((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD,
							 .addr = (uintptr_t)path, .open_flags = O_RDONLY });
		tell("file.open", path, "read", NULL);
		break;
	case BY_BIND:
		/* Named as the host sees it through this mount, which is where it was opened. */
		fd = must(open(in("/bound", "f", n), O_RDONLY));
		tell("file.open", in("/bound", "f", n), "read", NULL);
		break;
	case TMPFILE: {
		char by_number[64];
		fd = must(open(folder, O_TMPFILE | O_WRONLY, 0600));
		snprintf(by_number, sizeof(by_number), "/proc/self/fd/%d", fd);
		must(linkat(AT_FDCWD, by_number, AT_FDCWD, other, AT_SYMLINK_FOLLOW));
		tell("file.link", other, NULL, NULL);
		break;
	}
	case RENAME:
		must(rename(path, other));
		tell("file.rename", other, NULL, path);
		break;
	case RENAME_RING:
		through_ring((struct io_uring_sqe){ .opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD,
						    .addr = (uintptr_t)path, .len = (unsigned)AT_FDCWD,
						    .addr2 = (uintptr_t)other });
		tell("file.rename", other, NULL, path);
		break;
	case HARD_LINK:
		must(link(path, other));
		tell("file.link", other, NULL, path);
		break;
	case SYMBOLIC:
		must(symlink(path, other));
		tell("file.link", other, NULL, NULL);
		break;
	case UNLINK:
		must(unlink(path));
		tell("file.delete", path, NULL, NULL);
		break;
	case UNLINK_RING:
		through_ring((struct io_uring_sqe){ .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD,
						    .addr = (uintptr_t)path });
		tell("file.delete", path, NULL, NULL);
		break;
	case FOLDER:
		must(mkdir(other, 0700));
		tell("file.create", other, NULL, NULL);
		break;
	case TRUNCATE:
		must(truncate(path, 0));
		tell("file.truncate", path, NULL, NULL);
		break;
	case MODE:
		must(chmod(path, 0640));
		tell("file.attributes", path, NULL, NULL);
		break;
	case WAYS:
		break;
	}
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1]))
		return 1;
	folder = argv[1];
	int count = atoi(argv[2]), status;
	char *bound = in("", "bound", 0);
	bound[strlen(bound) - 1] = 0;
	pid_t child = must(fork());
	if (!child) {
		must(mkdir(bound, 0700));
		for (int n = 0; n < count; n++) {
			int fd = must(open(in("", "f", n), O_WRONLY | O_CREAT, 0600));
			must(write(fd, "x", 1));
			close(fd);
			must(symlink(in("", "f", n), in("", "to", n)));
		}
		_exit(0);
	}
	must(waitpid(child, &status, 0));
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount(folder, bound, NULL, MS_BIND, NULL));
	make_ring();
	printf("{\"pid\": %d, \"operations\": [", getpid());
	for (int n = 0; n < count; n++)
		operate(n % WAYS, n);
	printf("]}\n");
	return status ? 1 : 0;
}
