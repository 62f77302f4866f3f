/* Row 37. Connects by vsock, past every IP filter. */
#include "peer.h"
#include <linux/vm_sockets.h>

int main(int argc, char **argv)
{
	tell("vsock-connect", 37, argc, argv);
	int listener = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (listener < 0)
		not_possible("AF_VSOCK", errno);
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = VMADDR_PORT_ANY };
	socklen_t length = sizeof(address);
	if (bind(listener, (struct sockaddr *)&address, length))
		not_possible("vsock on loopback", errno);
	must(listen(listener, 8));
	must(getsockname(listener, (struct sockaddr *)&address, &length));
	address.svm_cid = VMADDR_CID_LOCAL;
	int fd = (int)must(socket(AF_VSOCK, SOCK_STREAM, 0));
	struct timeval wait = { 3, 0 };
	must(setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &wait, sizeof(wait)));
	if (connect(fd, (struct sockaddr *)&address, length))
		not_possible("vsock on loopback", errno);
	act("network.raw");
	with_text("family", "vsock");
	with_number("errno", 0);
	act("network.connect");
	with_text("transport", "vsock");
	with_number("port", address.svm_port);
	with_number("errno", 0);
	return told();
}
