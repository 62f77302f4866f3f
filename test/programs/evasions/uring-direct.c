/* Row 6. Opens into io_uring's own table: the process never has a descriptor, /proc/PID/fd shows nothing. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-direct", 6, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	struct uring ring = make_uring(0);
	told_uring();
	int none[] = { -1 };
	if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, none, 1))
		not_possible("IORING_REGISTER_FILES", errno);
	struct io_uring_sqe open = OPENAT_REQUEST(path, O_RDONLY);
	open.file_index = 1;
	must_request(&ring, open, "IORING_OP_OPENAT into slot 0");
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
