/* Row 33. Sets an extended attribute through io_uring, by descriptor. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-xattr", 33, argc, argv);
	char *path = make_secret();
	int fd = (int)must(open(path, O_RDONLY));
	struct uring ring = make_uring(0);
	int result = request(&ring, (struct io_uring_sqe){ .opcode = IORING_OP_FSETXATTR, .fd = fd,
							   .addr = (uintptr_t) "user.spoor", .addr2 = (uintptr_t) "1",
							   .len = 1 });
	if (result == -EINVAL || result == -EOPNOTSUPP)
		not_possible("IORING_OP_FSETXATTR", -result);
	act("file.attributes");
	with_text("path", path);
	with_file(fd);
	with_text("attribute", "xattr");
	with_text("xattr", "user.spoor");
	with_number("errno", -result);
	return told();
}
