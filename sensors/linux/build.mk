# The Linux sensor's native parts, into build/linux: a plain C compiler, no node-gyp. Included by the Makefile.
#
#   sensor.bpf.o        the programs: CO-RE, so one object fits every kernel with BTF; stripped of all but that BTF
#   sensor-before-6.2.bpf.o   the same for kernels that lend no bpf_rdonly_cast (bpf/kernel.h)
#   spoor_sensor.node   the addon: one binary for every Node with N-API 8 (Node 20, 22, 24)
#   spoor-launch        waits until it is watched, then becomes the command
#   spoor-canary        does one act for each family of hooks, so that the sensor knows that it sees

LINUX := build/linux
KERNEL_BTF := /sys/kernel/btf/vmlinux
NATIVE := $(LINUX)/sensor.bpf.o $(LINUX)/sensor-before-6.2.bpf.o $(LINUX)/spoor_sensor.node $(LINUX)/spoor-launch $(LINUX)/spoor-canary
BPF_SOURCES := $(wildcard sensors/linux/bpf/*)
ADDON_SOURCES := $(wildcard sensors/linux/addon/*.c)
NATIVE_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -ffile-prefix-map=$(CURDIR)=.

# Programs that make one thing happen and tell it, for the tests.
PROGRAMS := $(patsubst test/programs/%.c,build/programs/%,$(wildcard test/programs/*.c))

.PHONY: native native-files
native native-files: $(NATIVE) $(PROGRAMS) sensors/linux/generated/layout.ts

# The files, not the name for them: that is phony, and would make bin/spoor anew each time.
bin/spoor: $(NATIVE) $(PROGRAMS) sensors/linux/generated/layout.ts

$(LINUX)/vmlinux.h:
	@test -r $(KERNEL_BTF) || { echo "$(KERNEL_BTF) is missing: this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)" >&2; exit 3; }
	mkdir -p $(LINUX)
	bpftool btf dump file $(KERNEL_BTF) format c > $@

$(LINUX)/sensor-before-6.2.bpf.o: BPF_CFLAGS := -DSPOOR_BEFORE_6_2
$(LINUX)/sensor.bpf.o $(LINUX)/sensor-before-6.2.bpf.o: $(BPF_SOURCES) $(LINUX)/vmlinux.h sensors/linux/build.mk
	clang -O2 -g -Wall -Werror -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 $(BPF_CFLAGS) -I$(LINUX) \
	  -ffile-prefix-map=$(CURDIR)=. -c sensors/linux/bpf/sensor.bpf.c -o $@.whole
	llvm-strip -g -o $@ $@.whole
	rm $@.whole

# TypeScript is compiled with the layout of the programs that it will read from, or it would read the last build's.
dist/.built: sensors/linux/generated/layout.ts

# Committed, so that TypeScript can be built where the kernel's programs cannot; rewritten only when it differs.
sensors/linux/generated/layout.ts: $(LINUX)/sensor.bpf.o sensors/linux/layout.mjs
	node sensors/linux/layout.mjs $< $@

$(LINUX)/spoor_sensor.node: $(ADDON_SOURCES) $(wildcard sensors/linux/addon/*.h) sensors/linux/bpf/records.h sensors/linux/bpf/orders.h node_modules/.installed-lock.json sensors/linux/build.mk
	mkdir -p $(LINUX)
	$(CC) $(NATIVE_CFLAGS) -fPIC -shared -fvisibility=hidden -Inode_modules/node-api-headers/include \
	  $(ADDON_SOURCES) -o $@ -lbpf -lpthread

$(LINUX)/spoor-launch: sensors/linux/launch/spoor-launch.c sensors/linux/build.mk
	mkdir -p $(LINUX)
	$(CC) $(NATIVE_CFLAGS) -static $< -o $@

$(LINUX)/spoor-canary: sensors/linux/canary/spoor-canary.c sensors/linux/build.mk
	mkdir -p $(LINUX)
	$(CC) $(NATIVE_CFLAGS) -static $< -o $@

build/programs/%: test/programs/%.c test/programs/truth.h
	mkdir -p build/programs
	$(CC) $(NATIVE_CFLAGS) $< -o $@ -lpthread
