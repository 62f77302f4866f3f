/*
 * What every program here does: one thing, in an odd way, told afterwards in one line of JSON.
 *
 *   PROGRAM SCRATCH [OUTSIDE_PID OUTSIDE_SOCKET OUTSIDE_PORT]
 *   SCRATCH         an empty folder of the program's own: absolute, no links on its way
 *   OUTSIDE_PID     a process of the same user that is no relative of the program
 *   OUTSIDE_SOCKET  a unix socket, and
 *   OUTSIDE_PORT    a TCP port of 127.0.0.1, where such a process listens
 *
 *   {"evasion": "open-chroot", "row": 14, "pid": 7, "did": [ACT, ...], "not_possible": null}
 *   ACT: {"act": "file.open", "pid": who did it, field: truth, ...}
 *
 * Strings are bytes, one character each (Latin-1): a name that is not UTF-8 can be told too.
 * Truth comes from what the calls returned (fstat of the descriptor, errno), never from what was asked for.
 * Exit code 0: told, also when it was not possible here. 1: the program's own preparation failed.
 */
#ifndef TELL_H
#define TELL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared memory: children of every kind tell into it, one after the other. */
struct tale {
	size_t used;
	int acts;
	char text[1 << 20];
};

static struct tale *tale;
static const char *tale_id;
static int tale_row;
static pid_t tale_pid;
static const char *scratch;
static pid_t outside;
static const char *outside_socket;
static uint16_t outside_port;

static inline void write_tale(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t room = sizeof(tale->text) - tale->used;
	int wrote = vsnprintf(tale->text + tale->used, room, format, args);
	va_end(args);
	if (wrote < 0 || (size_t)wrote >= room) {
		fprintf(stderr, "%s: the tale is too long\n", tale_id);
		_exit(1);
	}
	tale->used += (size_t)wrote;
}

static inline void tell(const char *id, int row, int argc, char **argv)
{
	tale_id = id;
	tale_row = row;
	tale_pid = getpid();
	if (argc < 2 || argv[1][0] != '/') {
		fprintf(stderr, "usage: %s SCRATCH [OUTSIDE_PID OUTSIDE_SOCKET OUTSIDE_PORT], SCRATCH absolute\n", id);
		exit(1);
	}
	scratch = argv[1];
	if (argc > 4) {
		outside = atoi(argv[2]);
		outside_socket = argv[3];
		outside_port = (uint16_t)atoi(argv[4]);
	}
	tale = mmap(NULL, sizeof(*tale), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tale == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

/* Ends the program: prints the line. Returns main's exit code. */
static inline int told(void)
{
	printf("{\"evasion\": \"%s\", \"row\": %d, \"pid\": %d, \"did\": [%s%s], \"not_possible\": null}\n", tale_id,
	       tale_row, tale_pid, tale->text, tale->acts ? "}" : "");
	return fflush(stdout) ? 1 : 0;
}

/* Ends the program: the kernel, or this host's set-up, does not offer the way. `error` is an errno, or 0. */
static inline _Noreturn void not_possible(const char *what, int error)
{
	printf("{\"evasion\": \"%s\", \"row\": %d, \"pid\": %d, \"did\": [], \"not_possible\": \"%s%s%s\"}\n", tale_id,
	       tale_row, tale_pid, what, error ? ": " : "", error ? strerrorname_np(error) : "");
	fflush(stdout);
	_exit(0);
}

static inline long must_(long result, const char *call)
{
	if (result == -1) {
		fprintf(stderr, "%s: %s: %s\n", tale_id, call, strerror(errno));
		_exit(1);
	}
	return result;
}
/* A call of the preparation, or one that cannot fail where the way exists. */
#define must(call) must_((long)(call), #call)

/* Begins an act; the fields that follow belong to it. */
static inline void act(const char *name)
{
	write_tale("%s{\"act\": \"%s\", \"pid\": %d", tale->acts ? "}, " : "", name, getpid());
	tale->acts++;
}

/* For an act of a process whose own getpid() is another: in a pid namespace, after vfork, before exec. */
static inline void act_of(pid_t pid, const char *name)
{
	write_tale("%s{\"act\": \"%s\", \"pid\": %d", tale->acts ? "}, " : "", name, pid);
	tale->acts++;
}

static inline void with_number(const char *field, long long value)
{
	write_tale(", \"%s\": %lld", field, value);
}

static inline void with_bytes(const char *field, const char *bytes, size_t length)
{
	write_tale(", \"%s\": \"", field);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
			write_tale("\\u%04x", byte);
		else
			write_tale("%c", byte);
	}
	write_tale("\"");
}

static inline void with_text(const char *field, const char *text)
{
	with_bytes(field, text, strlen(text));
}

/* Device and inode of an open file. The device as the kernel prints it in /proc/PID/mountinfo. */
static inline void with_file(int fd)
{
	struct stat is;
	must(fstat(fd, &is));
	char device[32];
	snprintf(device, sizeof(device), "%u:%u", major(is.st_dev), minor(is.st_dev));
	with_text("device", device);
	with_number("inode", (long long)is.st_ino);
}

/* The commonest act: a file was opened. `path` is its real path as the host sees it. */
static inline void told_open(int fd, const char *path, const char *access)
{
	act("file.open");
	with_text("path", path);
	with_file(fd);
	with_text("access", access);
	with_number("errno", 0);
}

/* Sums of one process over one file, due at its last close. */
static inline void told_bytes(const char *path, long long read_bytes, long long written_bytes)
{
	act("file.close");
	with_text("path", path);
	with_number("read_bytes", read_bytes);
	with_number("written_bytes", written_bytes);
}

/* SCRATCH/name, never freed: the programs are short. */
static inline char *in_scratch(const char *name)
{
	char *path;
	must(asprintf(&path, "%s/%s", scratch, name));
	return path;
}

static inline void join(pid_t child)
{
	int status;
	must(waitpid(child, &status, __WALL));
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "%s: a child of the preparation ended with status 0x%x\n", tale_id, status);
		_exit(1);
	}
}

/* Made by a child: whatever the program then does to the file is the first that its process does. */
static inline void make_file(const char *path, const char *content, mode_t mode)
{
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int fd = (int)must(open(path, O_WRONLY | O_CREAT | O_EXCL, mode));
		must(write(fd, content, strlen(content)));
		must(fchmod(fd, mode));
		_exit(0);
	}
	join(child);
}

/* SCRATCH/secret, with 8 bytes in it. */
#define SECRET_BYTES 8
static inline char *make_secret(void)
{
	char *path = in_scratch("secret");
	make_file(path, "anchors\n", 0600);
	return path;
}

/* Copies a program into SCRATCH by a child. */
static inline char *make_program(const char *from, const char *name)
{
	char *path = in_scratch(name);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int in = (int)must(open(from, O_RDONLY));
		int out = (int)must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0755));
		struct stat is;
		must(fstat(in, &is));
		for (off_t left = is.st_size; left > 0;)
			left -= must(copy_file_range(in, NULL, out, NULL, (size_t)left, 0));
		_exit(0);
	}
	join(child);
	return path;
}

/* A program was started, by `pid`. `path`: the executable the kernel mapped. `args_count`: argv[0] counts too. */
static inline void told_exec(pid_t pid, const char *path, const char *called, int args_count, int error)
{
	act_of(pid, "process.exec");
	if (!error) {
		struct stat is;
		with_text("path", path);
		if (!stat(path, &is))
			with_number("inode", (long long)is.st_ino);
	}
	with_text("called_path", called);
	with_number("args_count", args_count);
	with_number("errno", error);
}

/* A process ended; code is what it returned. */
static inline void told_exit(pid_t pid, int code)
{
	act_of(pid, "process.exit");
	with_number("exit_code", code);
}

/* Absolute path of a program of this host, links resolved. */
static inline const char *program(const char *called)
{
	char *path = realpath(called, NULL);
	if (!path)
		not_possible(called, errno);
	return path;
}

/* Gives a child the time to be told about before it goes on: returns when the other end has closed. */
struct gate {
	int fds[2];
};

static inline struct gate make_gate(void)
{
	struct gate gate;
	must(pipe2(gate.fds, O_CLOEXEC));
	return gate;
}

static inline void open_gate(struct gate *gate)
{
	close(gate->fds[1]);
	close(gate->fds[0]);
}

static inline void wait_at(struct gate *gate)
{
	char byte;
	close(gate->fds[1]);
	if (read(gate->fds[0], &byte, 1)) {
	}
	close(gate->fds[0]);
}

#endif
