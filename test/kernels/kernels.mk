# make test-kernels: the sensor's tests inside stock Debian kernels, on the lsm tier, under QEMU without KVM.
# KERNEL_TESTS=dist/sensors/linux/x.test.js narrows it; KERNELS="--kernel 6.1" takes one kernel.

KERNEL_TESTS = $(shell find dist/sensors/linux dist/test/programs -name '*.test.js' 2>/dev/null | sort)
KERNELS ?=

.PHONY: test-kernels
test-kernels: build build/kernels/load-each
	./setup.sh kernels
	node --test dist/test/kernels/never-a-pass.js
	node dist/test/kernels/run.js $(KERNELS) --out build/kernels/out -- node dist/test/kernels/tests-inside.js $(KERNEL_TESTS)

build/kernels/load-each: test/kernels/load-each.c
	@mkdir -p $(@D)
	clang -std=gnu11 -O1 -Wall -Wextra -Werror -o $@ $< -lbpf
