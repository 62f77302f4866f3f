/* opens FOLDER: opens one file in many ways; FOLDER is empty, its own, absolute and without links on its way.
 * Prints {"opens": [{"how", "path", "access", "errno", "device", "inode"}]}, device and inode for opened ones only.
 * Each way uses a file of its own, as the same file in the same mode is told once.
 */
#include "truth.h"

#include <sys/mman.h>
#include <sys/mount.h>

static const char *folder;
static int told;

static char *in(const char *name)
{
	char *path;
	must(asprintf(&path, "%s/%s", folder, name));
	return path;
}

static char *make(const char *name)
{
	char *path = in(name);
	int fd = must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	must(write(fd, "content\n", 8));
	close(fd);
	return path;
}

static void tell(const char *how, const char *path, const char *access, int fd, int error)
{
	printf("%s{\"how\": \"%s\", \"path\": ", told++ ? ", " : "", how);
	print_text(path);
	printf(", \"access\": \"%s\", \"errno\": %d", access, error);
	if (fd >= 0) {
		struct stat is;
		must(fstat(fd, &is));
		printf(", \"device\": \"%u:%u\", \"inode\": %lu", major(is.st_dev), minor(is.st_dev),
		       (unsigned long)is.st_ino);
		close(fd);
	}
	putchar('}');
}

static void tell_try(const char *how, const char *path, const char *access, int fd)
{
	tell(how, path, access, fd, fd < 0 ? errno : 0);
}

static void as_nobody(const char *path)
{
	fflush(stdout);
	if (must(fork())) {
		must(wait(NULL));
		told++;
		return;
	}
	must(setuid(65534));
	int fd = open(path, O_RDONLY);
	int error = fd < 0 ? errno : 0;
	printf(", {\"how\": \"denied\", \"path\": ");
	print_text(path);
	printf(", \"access\": \"read\", \"errno\": %d}", error);
	fflush(stdout);
	_exit(0);
}

static void in_chroot(const char *root)
{
	fflush(stdout);
	if (must(fork())) {
		must(wait(NULL));
		told++;
		return;
	}
	must(chroot(root));
	must(chdir("/"));
	int fd = open("/secret", O_RDONLY);
	char *path = in("jail/secret");
	tell_try("in a chroot", path, "read", fd);
	fd = open("/missing", O_RDONLY);
	path = in("jail/missing");
	tell_try("missing in a chroot", path, "read", fd);
	fflush(stdout);
	_exit(0);
}

static void bind_mounted(void)
{
	char *real = in("real"), *seen = in("mounted");
	must(mkdir(real, 0700));
	must(mkdir(seen, 0700));
	make("real/bound");
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount(real, seen, NULL, MS_BIND, NULL));
	char *path = in("mounted/bound");
	tell_try("through a bind mount", path, "read", open(path, O_RDONLY));
	must(umount(seen));
}

int main(int count, char **arguments)
{
	if (count < 2)
		return 2;
	folder = arguments[1];
	must(chmod(folder, 0755));
	printf("{\"opens\": [");

	char *path = make("absolute");
	tell_try("absolute", path, "read", open(path, O_RDONLY));

	path = make("relative");
	must(chdir(folder));
	tell_try("relative", path, "read", open("./relative", O_RDONLY));
	tell_try("relative and missing", in("./missing"), "read", open("./missing", O_RDONLY));

	path = make("at");
	int directory = must(open(folder, O_RDONLY | O_DIRECTORY));
	tell_try("openat", path, "read_write", openat(directory, "at", O_RDWR));
	tell_try("openat and missing", in("gone"), "write", openat(directory, "gone", O_WRONLY));
	close(directory);

	path = make("target");
	must(symlink("target", in("link")));
	tell_try("symbolic link", path, "read", open(in("link"), O_RDONLY));

	path = make("pathonly");
	tell_try("O_PATH", path, "none", open(path, O_PATH));

	path = in("created");
	tell_try("creat", path, "write", creat(path, 0600));

	path = make("private");
	as_nobody(path);

	must(mkdir(in("jail"), 0755));
	make("jail/secret");
	in_chroot(in("jail"));
	bind_mounted();

	puts("]}");
	return 0;
}
