# Spoor's service, beside what is outside every session
start() {
  mkdir -p "$OUT/spoor"
  printf 'state: %s\nruntime: %s\n' "$OUT/spoor/state" "$OUT/spoor/run" > "$OUT/spoor/spoor.yml"
  : > "$OUT/spoor/said"
  "$SPOOR" service --config "$OUT/spoor/spoor.yml" 2> "$OUT/spoor/said" & PIDS=$!
  until grep -q '"watching"' "$OUT/spoor/said"; do sleep 0.2; kill -0 "$PIDS" 2>/dev/null || return 1; done
}
# SIGINT ends the watch too; after SIGTERM it goes on in the kernel, and the next run without a watcher would have one.
stop() { kill -INT "$PIDS"; wait "$PIDS"; }
count() { node "$SPOOR_COUNT" "$OUT/spoor/state" outside; }
