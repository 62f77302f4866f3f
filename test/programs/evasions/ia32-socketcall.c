/* Row 41. Connects and sends a datagram by socketcall: one call of the 32-bit table for all of sockets, its arguments in
 * memory, and struct msghdr with pointers of four bytes. */
#include "ia32.h"
#include "peer.h"

static int socketcall(int which, const uint32_t *list, size_t bytes)
{
	return must_int80(102, (uintptr_t)which, (uintptr_t)in_low(list, bytes), 0);
}

int main(int argc, char **argv)
{
	tell("ia32-socketcall", 41, argc, argv);
	int listener = bind_udp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	uint32_t make[] = { AF_INET, SOCK_DGRAM, 0 };
	int fd = socketcall(1, make, sizeof(make));
	uint32_t to = (uint32_t)(uintptr_t)in_low(&address, sizeof(address));
	uint32_t connecting[] = { (uint32_t)fd, to, sizeof(address) };
	socketcall(3, connecting, sizeof(connecting));
	told_connect("udp", "127.0.0.1", port, 0);

	struct sockaddr_un named = { .sun_family = AF_UNIX };
	snprintf(named.sun_path, sizeof(named.sun_path), "%s/s", scratch);
	int receiver = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(receiver, (struct sockaddr *)&named, sizeof(named)));
	uint32_t make_unix[] = { AF_UNIX, SOCK_DGRAM, 0 };
	int sender = socketcall(1, make_unix, sizeof(make_unix));
	uint32_t part[] = { (uint32_t)(uintptr_t)text_in_low("anchors"), 7 };
	uint32_t message[7] = { (uint32_t)(uintptr_t)in_low(&named, sizeof(named)), sizeof(named),
				(uint32_t)(uintptr_t)in_low(part, sizeof(part)), 1, 0, 0, 0 };
	uint32_t sending[] = { (uint32_t)sender, (uint32_t)(uintptr_t)in_low(message, sizeof(message)), 0 };
	socketcall(16, sending, sizeof(sending));
	act("network.connect");
	with_text("transport", "unix");
	with_text("path", named.sun_path);
	with_number("errno", 0);
	return told();
}
