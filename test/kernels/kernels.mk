# make test-kernels: the sensor's tests, and those of the whole system against true counts, inside stock Debian kernels, on the
# lsm tier, under QEMU without KVM.
# KERNEL_TESTS=dist/sensors/linux/x.test.js narrows it; KERNELS="--kernel 6.1" takes one kernel.
# make test-kernels-quick: opens, changes and every evasion, on 6.1; what .ci/run has time for.

# Starts 17,000 programs, which takes an emulated CPU 24 minutes: left out, by name it passes on 6.1 too. The places for tags
# that it goes through are counted by the same code on each kernel and tier.
KERNEL_SLOW := dist/sensors/linux/suspects-many.test.js
# Compares tables of numbers with the headers of the host that builds; a guest has none, and no part in it.
KERNEL_NONE := dist/sensors/linux/calls-ia32.test.js
# The whole system against true counts and a capture, and what this tier refuses to those who lay hands on the service.
KERNEL_SYSTEM := $(patsubst %,dist/test/system/%.test.js,calls files names network quic) dist/test/service/self-protection.test.js
KERNEL_TESTS = $(KERNEL_SYSTEM) $(filter-out $(KERNEL_SLOW) $(KERNEL_NONE),$(shell find dist/sensors/linux dist/test/programs -name '*.test.js' 2>/dev/null | sort))
KERNEL_QUICK := $(patsubst %,dist/%.test.js,sensors/linux/file-open sensors/linux/change-once test/programs/evasions/evasions)
KERNELS ?=

KERNEL_RUN := node dist/test/kernels/run.js --out build/kernels/out
KERNEL_INSIDE := -- node dist/test/kernels/tests-inside.js

.PHONY: test-kernels test-kernels-quick kernels-ready
test-kernels: kernels-ready
	$(KERNEL_RUN) $(KERNELS) $(KERNEL_INSIDE) $(KERNEL_TESTS)

test-kernels-quick: build
	./setup.sh kernels
	$(KERNEL_RUN) --kernel 6.1 $(KERNEL_INSIDE) $(KERNEL_QUICK)

kernels-ready: build build/kernels/load-each
	./setup.sh kernels
	node --test dist/test/kernels/never-a-pass.js

build/kernels/load-each: test/kernels/load-each.c
	@mkdir -p $(@D)
	clang -std=gnu11 -O1 -Wall -Wextra -Werror -o $@ $< -lbpf
