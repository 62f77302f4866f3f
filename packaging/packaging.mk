# make deb: the Debian package with its bill of materials and checksums, into build/deb. No compiler, no npm and no
# network is needed where it is installed.

.PHONY: deb
deb: build
	./setup.sh package
	packaging/build-deb.sh build/deb $(NATIVE)

# Built twice, the same bytes, and nothing in it that should not be: what .ci/run has time for.
.PHONY: test-package-built
test-package-built: deb
	node dist/test/package/built.js

# And tried in a clean Debian with its own kernel and systemd, under QEMU.
.PHONY: test-package
test-package: test-package-built
	./setup.sh kernels
	node dist/test/package/run.js
