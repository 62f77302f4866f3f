/* SPDX-License-Identifier: Apache-2.0 */
/* spoor-launch FD COMMAND ARGUMENTS...
 *
 * Sends one byte on FD, a socket, once it has opened all that it opens itself; waits for one byte back, closes FD, and
 * becomes COMMAND. So a watcher can tag the process after our own last act and before COMMAND's first instruction,
 * while its pid, its standard streams, its terminal and its process group are from the beginning those that COMMAND
 * will have.
 *
 * Ends with 127 when COMMAND does not exist, 126 when it cannot be run, 2 when called wrongly, as shells do;
 * with 125 when whoever holds the other end of FD goes away without a byte.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	char *end = NULL;
	long gate = count > 2 ? strtol(arguments[1], &end, 10) : -1;
	char byte;
	ssize_t got;
	if (gate < 0 || *end) {
		fputs("spoor-launch: usage: spoor-launch FD COMMAND ARGUMENTS...\n", stderr);
		return 2;
	}
	/* No SIGPIPE: that the other end has gone is told below, by the read. */
	send(gate, ".", 1, MSG_NOSIGNAL);
	do
		got = read(gate, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1) {
		fprintf(stderr, "spoor-launch: %s was not started: the watcher ended before it was watched\n", arguments[2]);
		return 125;
	}
	close(gate);
	execvp(arguments[2], arguments + 2);
	int error = errno;
	fprintf(stderr, "spoor: %s: %s\n", arguments[2], strerror(error));
	return error == ENOENT ? 127 : 126;
}
