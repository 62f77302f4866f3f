/* Row 6. Opens into a slot of io_uring's own table without a completion, and reads from the slot: neither a descriptor nor
 * a result tells of the open. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-silent-open", 6, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	struct uring ring = make_uring(0);
	int none[] = { -1 };
	if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, none, 1))
		not_possible("IORING_REGISTER_FILES", errno);
	struct io_uring_sqe open = OPENAT_REQUEST(path, O_RDONLY);
	open.file_index = 1;
	open.flags = IOSQE_CQE_SKIP_SUCCESS;
	submit_silent(&ring, open);
	char bytes[SECRET_BYTES];
	struct io_uring_sqe read = READ_REQUEST(0, bytes, sizeof(bytes));
	read.flags = IOSQE_FIXED_FILE;
	if (must_request(&ring, read, "IORING_OP_READ from slot 0") != SECRET_BYTES)
		return 1;
	act("file.open");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_text("access", "read");
	with_number("errno", 0);
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
