#!/bin/bash
# dev.sh lay FOLDER   lays a C project of 60 units in FOLDER, under git
# dev.sh compile      in such a folder: builds it from nothing
# dev.sh status       in such a folder: 300 times git status
set -eu
case $1 in
lay)
  mkdir -p "$2" && cd "$2"
  for unit in $(seq 10 69); do
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint unit_%s(int x) { char b[32]; snprintf(b, sizeof b, "%%d", x); return atoi(b) + (int)strlen(b) + %s; }\n' "$unit" "$unit" > "unit_$unit.c"
  done
  printf 'OBJECTS = $(patsubst %%.c,%%.o,$(wildcard *.c))\nlibunits.a: $(OBJECTS)\n\tar rcs $@ $^\n%%.o: %%.c\n\tgcc -O1 -c -o $@ $<\n' > Makefile
  printf '*.o\n*.a\n' > .gitignore
  git init -q . && git add -A && git -c user.name=bench -c user.email=bench@localhost commit -qm 'Lay the project' ;;
compile)
  rm -f ./*.o ./*.a && make -s -j2 ;;
status)
  for _ in $(seq 300); do git status --short; done ;;
*)
  echo "usage: dev.sh lay FOLDER | compile | status" >&2
  exit 2 ;;
esac
