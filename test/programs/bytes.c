/* Moves BYTES bytes by each way: bytes FOLDER BYTES. Prints, for each file, what was read from it, written to it, mapped of
 * it. The files to read are made by a child beforehand. */
#include "truth.h"
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define PART 65536

static const char *folder;
static long total;
static char buffer[PART];
static int told;

static char *in(const char *name, const char *suffix)
{
	char *path;
	must(asprintf(&path, "%s/%s%s", folder, name, suffix));
	return path;
}

static void tell(const char *path, long read_bytes, long written_bytes, long mapped_bytes)
{
	printf("%s{\"path\": ", told++ ? ",\n" : "");
	print_text(path);
	printf(", \"read\": %ld, \"written\": %ld, \"mapped\": %ld}", read_bytes, written_bytes, mapped_bytes);
}

static const char *const ways[] = { "read", "preadv", "sendfile", "copy_file_range", "splice", "io_uring", "mmap" };

static void by_ring(int from, int to)
{
	struct io_uring_params is = { 0 };
	int fd = must(syscall(SYS_io_uring_setup, 4, &is));
	char *sq = mmap(NULL, is.sq_off.array + is.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, is.cq_off.cqes + is.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqes = mmap(NULL, is.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
					 IORING_OFF_SQES);
	must(sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED ? -1 : 0);
	struct io_uring_cqe *cqes = (void *)(cq + is.cq_off.cqes);
	for (long at = 0; at < total;) {
		int moved = PART;
		for (int writes = 0; writes < 2; writes++) {
			unsigned *tail = (unsigned *)(sq + is.sq_off.tail), *head = (unsigned *)(cq + is.cq_off.head);
			unsigned index = *tail & (is.sq_entries - 1);
			sqes[index] = (struct io_uring_sqe){ .opcode = writes ? IORING_OP_WRITE : IORING_OP_READ,
							     .fd = writes ? to : from, .addr = (uintptr_t)buffer,
							     .len = moved, .off = at };
			((unsigned *)(sq + is.sq_off.array))[index] = index;
			__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
			must(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
			moved = cqes[*head & (is.cq_entries - 1)].res;
			__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
			must(moved <= 0 ? -1 : 0);
		}
		at += moved;
	}
}

static void move(int way, int from, int to)
{
	struct iovec halves[] = { { buffer, PART / 2 }, { buffer + PART / 2, PART / 2 } };
	int pipe_fds[2];
	must(pipe(pipe_fds));
	for (long at = 0; at < total && way != 5;) {
		long moved = 0;
		if (way == 0)
			moved = must(write(to, buffer, must(read(from, buffer, PART))));
		else if (way == 1)
			moved = must(preadv(from, halves, 2, at)) + 0 * must(pwritev(to, halves, 2, at));
		else if (way == 2)
			moved = must(sendfile(to, from, NULL, PART));
		else if (way == 3)
			moved = must(copy_file_range(from, NULL, to, NULL, PART, 0));
		else
			moved = must(splice(pipe_fds[0], NULL, to, NULL,
					    must(splice(from, NULL, pipe_fds[1], NULL, PART, 0)), 0));
		at += moved;
	}
	if (way == 5)
		by_ring(from, to);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 1;
	folder = argv[1];
	total = atol(argv[2]);
	int count = sizeof(ways) / sizeof(*ways), status;
	pid_t child = must(fork());
	if (!child) {
		for (int way = 0; way < count; way++) {
			int fd = must(open(in(ways[way], ".from"), O_WRONLY | O_CREAT, 0600));
			for (long at = 0; at < total; at += PART)
				must(write(fd, buffer, PART));
			close(fd);
		}
		_exit(0);
	}
	must(waitpid(child, &status, 0));
	printf("{\"pid\": %d, \"files\": [", getpid());
	for (int way = 0; way < count; way++) {
		char *from = in(ways[way], ".from"), *to = in(ways[way], ".to");
		int in_fd = must(open(from, O_RDONLY));
		if (way == count - 1) {
			must(mmap(NULL, total, PROT_READ, MAP_SHARED, in_fd, 0) == MAP_FAILED ? -1 : 0);
			tell(from, 0, 0, total);
			continue;
		}
		int out_fd = must(open(to, O_WRONLY | O_CREAT | O_EXCL, 0600));
		move(way, in_fd, out_fd);
		struct stat is;
		must(fstat(out_fd, &is));
		tell(from, total, 0, 0);
		tell(to, 0, is.st_size, 0);
		close(in_fd);
		close(out_fd);
	}
	printf("]}\n");
	return status ? 1 : 0;
}
