/* Row 15. Opens by a file handle: no path at all. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-by-handle", 15, argc, argv);
	char *path = make_secret();
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} file = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount;
	if (name_to_handle_at(AT_FDCWD, path, &file.handle, &mount, 0))
		not_possible("name_to_handle_at", errno);
	int folder = (int)must(open(scratch, O_RDONLY | O_DIRECTORY));
	int fd = open_by_handle_at(folder, &file.handle, O_RDONLY);
	if (fd < 0)
		not_possible("open_by_handle_at", errno);
	told_open(fd, path, "read");
	return told();
}
