/* Row 3. Reads by Linux AIO: io_submit. */
#include "tell.h"
#include <linux/aio_abi.h>

int main(int argc, char **argv)
{
	tell("aio-read", 3, argc, argv);
	char *path = make_secret();
	int fd = (int)must(open(path, O_RDONLY));
	aio_context_t context = 0;
	if (syscall(SYS_io_setup, 4, &context))
		not_possible("io_setup", errno);
	char bytes[SECRET_BYTES];
	struct iocb block = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)bytes,
		.aio_nbytes = sizeof(bytes),
	}, *blocks[] = { &block };
	must(syscall(SYS_io_submit, context, 1, blocks));
	struct io_event event;
	must(syscall(SYS_io_getevents, context, 1, 1, &event, NULL));
	if (event.res != SECRET_BYTES)
		return 1;
	told_open(fd, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
