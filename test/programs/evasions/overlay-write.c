/* Row 49. Writes through an overlay: the kernel copies the file up, a write of its own, and opens two inodes. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("overlay-write", 49, argc, argv);
	char *path = make_secret();
	must(mkdir(in_scratch("lower"), 0700));
	must(mkdir(in_scratch("upper"), 0700));
	must(mkdir(in_scratch("work"), 0700));
	must(mkdir(in_scratch("merged"), 0700));
	must(rename(path, in_scratch("lower/secret")));
	path = in_scratch("merged/secret");
	if (unshare(CLONE_NEWNS))
		not_possible("unshare(CLONE_NEWNS)", errno);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	char *options;
	must(asprintf(&options, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", scratch, scratch, scratch));
	if (mount("overlay", in_scratch("merged"), "overlay", 0, options))
		not_possible("mount of an overlay", errno);
	int fd = (int)must(open(path, O_WRONLY));
	must(write(fd, "ANCHORS\n", SECRET_BYTES));
	act("file.open");
	with_text("path", path);
	with_text("access", "write");
	with_number("errno", 0);
	told_bytes(path, 0, SECRET_BYTES);
	return told();
}
