/* Row 9. Makes a raw socket through io_uring: no socket call. */
#include "uring.h"
#include <netinet/in.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	tell("uring-raw", 9, argc, argv);
	struct uring ring = make_uring(0);
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_RAW, .len = IPPROTO_ICMP },
		     "IORING_OP_SOCKET");
	act("network.raw");
	with_text("family", "inet");
	with_number("errno", 0);
	return told();
}
