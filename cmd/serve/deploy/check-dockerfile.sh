#!/bin/sh
# Runs the steps of the Dockerfile's last stage in a fresh Debian, and asks the server in it, as the user that the Dockerfile names. For
# root, with debootstrap and curl, from the repository's root. MIRROR may name a Debian mirror.
set -eu
file=cmd/serve/deploy/Dockerfile
stage=$(awk '/^FROM/ { n++ } n == 2' "$file")
word() { printf '%s\n' "$stage" | sed -n "s/^$1 //p"; }
suite=$(word FROM | sed 's/^debian:\([a-z]*\)-slim$/\1/')
entry=$(word ENTRYPOINT | tr -d '[]",')
root=$(mktemp -d)
chmod 755 "$root" # for the user that the server runs as
server=
clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	umount "$root/proc" 2>/dev/null || :
	rm -rf --one-file-system "$root"
}
trap clean EXIT
trap 'exit 1' INT TERM
debootstrap --variant=minbase "$suite" "$root" "${MIRROR-http://deb.debian.org/debian}" >"$root.log" 2>&1 || { tail -20 "$root.log"; exit 1; }
rm -f "$root.log"
cp /etc/resolv.conf "$root/etc/resolv.conf"
for f in /etc/apt/apt.conf.d/*proxy* /etc/apt/sources.list; do # how this machine reaches a mirror
	[ ! -f "$f" ] || [ -n "${MIRROR-}" ] || cp "$f" "$root$f"
done
mount -t proc proc "$root/proc"
word RUN >"$root/steps"
DEBIAN_FRONTEND=noninteractive chroot "$root" sh -eu /steps >"$root/steps.log" 2>&1 || { tail -20 "$root/steps.log"; exit 1; }
go build -trimpath -ldflags=-s -o "$root$entry" ./cmd/serve
# shellcheck disable=SC2046,SC2086 # lists of words
chroot --userspec="$(word USER)" "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/ $(word ENV) $entry --http=127.0.0.1:18095 --grpc=127.0.0.1:18096 >"$root/out" 2>&1 &
server=$!
i=0
until curl -fsS http://127.0.0.1:18095/v2/health/ready >/dev/null 2>&1; do
	i=$((i + 1))
	[ $i -lt 120 ] && kill -0 $server || { cat "$root/out"; exit 1; }
	sleep 0.5
done
answer=$(curl -fsS -H 'Content-Type: image/png' --data-binary @inception/digits/samples/5a.png http://127.0.0.1:18095/v2/models/digits/infer)
case $answer in
*'"shape":[1,10]'*) ;;
*) echo "check-dockerfile: $answer"; exit 1 ;;
esac
kill "$server"
wait "$server" || { cat "$root/out"; exit 1; }
server=
echo "check-dockerfile: the image's steps work on $suite: $(du -sh --exclude=proc "$root" | cut -f1), $(sed -n 's/.*"device":"\([^"]*\)".*/\1/p' "$root/out" | head -1)"
