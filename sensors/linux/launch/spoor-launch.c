/* SPDX-License-Identifier: Apache-2.0 */
/* spoor-launch FD COMMAND ARGUMENTS...
 *
 * Sends one byte on FD, a socket, once it has opened all that it opens itself; waits for one byte back, closes FD, and
 * becomes COMMAND. So a watcher can tag the process after our own last act and before COMMAND's first instruction,
 * while its pid, its standard streams, its terminal and its process group are from the beginning those that COMMAND
 * will have.
 *
 * Linked statically, and looks for COMMAND without trying to run it in each folder of PATH: once it waits, the
 * launcher opens nothing and fails at nothing, so all that is seen of this process is COMMAND's own.
 *
 * Ends with 127 when COMMAND does not exist, 126 when it cannot be run, 2 when called wrongly, as shells do;
 * with 125 when whoever holds the other end of FD goes away without a byte.
 *
 * Node hands arguments and environment on as text, with U+FFFD for what is no UTF-8. The watcher's own, which the
 * kernel keeps (proc(5): /proc/PID/cmdline, environ), have the bytes; they are taken where they differ in nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* How Node writes a byte that is no UTF-8. */
static const char LOST[] = "\xEF\xBF\xBD";

/* All of a file of /proc, whose size no stat tells; NULL when it cannot be read. */
static char *read_all(const char *path, size_t *size)
{
	size_t room = 1 << 16;
	char *bytes = malloc(room);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;
	*size = 0;
	while (bytes && file >= 0 && (got = read(file, bytes + *size, room - *size)) > 0) {
		*size += got;
		if (*size < room)
			continue;
		char *more = realloc(bytes, room *= 2);
		if (!more)
			break;
		bytes = more;
	}
	if (file >= 0)
		close(file);
	if (got == 0)
		return bytes;
	free(bytes);
	return NULL;
}

/* Whether `given` may be `whole` with bytes of it replaced: the same before the first LOST and after the last. */
static int could_be(const char *given, const char *whole)
{
	const char *first = strstr(given, LOST), *last = first;
	if (!first)
		return strcmp(given, whole) == 0;
	for (const char *next; (next = strstr(last + 1, LOST));)
		last = next;
	size_t before = first - given, after = strlen(last + strlen(LOST)), length = strlen(whole);
	return length > before + after && strncmp(given, whole, before) == 0 &&
	       strcmp(last + strlen(LOST), whole + length - after) == 0;
}

/* Puts the last `count` strings of a file of /proc in the place of `texts`, if those are the same texts. */
static void restore(char **texts, const char *path)
{
	size_t count = 0, size, lost = 0;
	for (; texts[count]; count++)
		lost += strstr(texts[count], LOST) != NULL;
	char *bytes = lost ? read_all(path, &size) : NULL;
	if (!bytes || size == 0 || bytes[size - 1] != '\0')
		return;
	char **whole = calloc(count, sizeof(*whole)), *at = bytes + size - 1;
	size_t left = whole ? count : 0;
	while (left > 0) {
		while (at > bytes && at[-1] != '\0')
			at--;
		whole[--left] = at;
		if (!could_be(texts[left], at) || (at == bytes && left > 0))
			return;
		at--;
	}
	if (whole)
		memcpy(texts, whole, count * sizeof(*whole));
}

/* Where a shell would find it: as it stands when it holds a slash, else the first that can be run in PATH. What is
 * there and cannot be run is the answer only when nothing else is. */
static const char *find(const char *command, char *room, size_t bytes)
{
	const char *folders = getenv("PATH");
	const char *unfit = NULL;
	static char unfit_room[PATH_MAX];
	struct stat is;
	if (strchr(command, '/'))
		return command;
	if (!folders)
		folders = "/usr/local/bin:/usr/bin:/bin";
	while (*folders) {
		int length = strcspn(folders, ":");
		const char *dot = length ? "" : ".";
		if (snprintf(room, bytes, "%s%.*s/%s", dot, length, folders, command) < (int)bytes &&
		    !stat(room, &is) && !S_ISDIR(is.st_mode)) {
			if (!access(room, X_OK))
				return room;
			if (!unfit)
				unfit = strcpy(unfit_room, room);
		}
		folders += length + (folders[length] == ':');
	}
	return unfit;
}

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
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/cmdline", getppid());
	restore(arguments + 2, path);
	snprintf(path, sizeof(path), "/proc/%d/environ", getppid());
	restore(environ, path);
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
	static char room[PATH_MAX];
	const char *command = find(arguments[2], room, sizeof(room));
	int error = ENOENT;
	if (command) {
		execvp(command, arguments + 2); /* holds a slash: tried once, and by sh when it is a script without #! */
		error = errno;
	}
	fprintf(stderr, "spoor: %s: %s\n", arguments[2], strerror(error));
	return error == ENOENT ? 127 : 126;
}
