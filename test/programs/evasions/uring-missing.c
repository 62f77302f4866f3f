/* Row 6. Looks through io_uring for what is not there. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-missing", 6, argc, argv);
	char *path = in_scratch("missing");
	struct uring ring = make_uring(0);
	struct io_uring_sqe open = OPENAT_REQUEST(path, O_RDONLY);
	int result = request(&ring, open);
	if (result == -EINVAL)
		not_possible("IORING_OP_OPENAT", EINVAL);
	act("file.open");
	with_text("path", path);
	with_text("access", "read");
	with_number("errno", -result);
	return told();
}
