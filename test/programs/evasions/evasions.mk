# The programs of this folder, into build/programs/evasions.

EVASIONS := $(patsubst test/programs/evasions/%.c,build/programs/evasions/%,$(wildcard test/programs/evasions/*.c))

bin/spoor: | $(EVASIONS)

build/programs/evasions/%: test/programs/evasions/%.c $(wildcard test/programs/evasions/*.h)
	@mkdir -p $(@D)
	clang -std=gnu11 -O1 -Wall -Wextra -Werror -pthread -o $@ $<
