# Spoor's service, with the workload as a session of its own
. ./peers/spoor-outside.sh
PEER_WRAP="$SPOOR_SESSION $OUT/spoor/run/control.sock"
count() { node "$SPOOR_COUNT" "$OUT/spoor/state" "$1"; }
