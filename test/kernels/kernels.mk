# make test-kernels: the sensor's tests inside stock Debian kernels, on the lsm tier, under QEMU without KVM.
# KERNEL_TESTS=dist/sensors/linux/x.test.js narrows it; KERNELS="--kernel 6.1" takes one kernel.

KERNEL_TESTS = $(shell find dist/sensors/linux dist/test/programs -name '*.test.js' 2>/dev/null | sort)
KERNELS ?=

.PHONY: test-kernels
test-kernels: build
	node --test dist/test/kernels/never-a-pass.js
	node dist/test/kernels/run.js $(KERNELS) --out build/kernels/out -- node --test $(KERNEL_TESTS)
