/* Row 49. Opens through an overlay: the file has an identity in the overlay and another below it. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("overlay-open", 49, argc, argv);
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
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	char bytes[SECRET_BYTES];
	must(read(fd, bytes, sizeof(bytes)));
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
