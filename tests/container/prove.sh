#!/usr/bin/env bash
# Proves the Dockerfile where there is no Docker engine: podman builds it on a Debian that
# mmdebstrap made, and runs it as Docker would with `--read-only --cap-drop ALL`, in a network of
# its own. dig asks it over UDP and TCP, IPv4 and IPv6, port 53; SIGTERM must end it with 0.
#
# Needs root, and Debian's podman, runc, mmdebstrap, bind9-dnsutils and util-linux.
# Everything is made in one temporary directory that is removed at the end, and mounted in a
# namespace that ends with the script. About three minutes.
# MIRROR and SUITE choose another Debian; its python3 must be 3.11 or newer. COMPILE=0 builds
# without a C compiler; the image is expected to say which form it has.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly SELF=tests/container/prove.sh
readonly SUITE=${SUITE:-bookworm}
readonly COMPILE=${COMPILE:-1}
readonly BUILD_LIMIT=400 # seconds for each of mmdebstrap and the build
readonly RUN_LIMIT=60    # seconds for any other command of podman
readonly READY_TRIES=100 # of 0.1 s each
readonly STOP_LIMIT=5    # seconds from SIGTERM to the end
readonly CA=/etc/ssl/certs/ca-certificates.crt
# Health checks are run by hand here; without this podman wants timers of systemd for them.
export DISABLE_HC_SYSTEMD=true
# What podman does not do by itself and Docker does: let every user bind port 53.
readonly HARDENED=(
  --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges
  --network none --sysctl net.ipv4.ip_unprivileged_port_start=0
)

main() {
  require podman runc mmdebstrap dig nsenter unshare
  [ "${1:-}" = isolated ] || exec unshare --mount --propagation private -- "./$SELF" isolated
  work=$(mktemp -d "${TMPDIR:-/var/tmp}/minidns-container.XXXXXX")
  export TMPDIR=$work
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # What podman keeps outside of its own directories: locks, a cache.
  mount -t tmpfs tmpfs /dev/shm
  mkdir -p /var/lib/containers
  mount -t tmpfs tmpfs /var/lib/containers
  engine=(
    podman --root "$work/store" --runroot "$work/run" --tmpdir "$work/tmp" --runtime runc
    --storage-driver "$(find_driver)" --cgroup-manager cgroupfs --events-backend none
  )

  say "base image: Debian $SUITE with python3"
  make_base
  say "building the Dockerfile"
  build
  check_image

  say "running it with the sample zones"
  run_container --tmpfs /tmp
  podman_ exec "$container" minidns sockets | sed 's/^/  /'
  check_form
  check_process
  check_health
  expect_answers www.example.com A 192.0.2.80,192.0.2.81
  expect_answers www.example.com AAAA 2001:db8:53::80,2001:db8:53::81
  expect_answers 80.2.0.192.in-addr.arpa PTR www.example.com.
  stop_container

  say "running it with zones of one's own, and nothing writable"
  mkdir "$work/zones"
  cat >"$work/zones/home.test.yaml" <<'ZONE'
'':
  - type: SOA
    value: ns.home.test. hostmaster.home.test. 1 7200 3600 1209600 300
  - {type: NS, value: ns.home.test.}
ns: {type: A, value: 192.0.2.1}
printer: {type: A, value: 192.0.2.77}
ZONE
  run_container --volume "$work/zones:/zones:ro"
  expect_answers printer.home.test A 192.0.2.77
  stop_container
  say "proved"
}

# overlay where the directory's file system bears one, else vfs, which copies every layer.
find_driver() {
  local try=$work/try driver=vfs
  mkdir -p "$try"/{lower,upper,work,merged}
  if mount -t overlay overlay "$try/merged" \
    -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" 2>/dev/null; then
    umount "$try/merged"
    driver=overlay
  fi
  rm -rf --one-file-system "$try"
  echo "$driver"
}

make_base() {
  local mirror=${MIRROR:-$(find_mirror)}
  quietly timeout --foreground "$BUILD_LIMIT" mmdebstrap --variant=minbase \
    --include=python3,python3-venv "$SUITE" "$work/base.tar" "$mirror"
  quietly timeout --foreground "$BUILD_LIMIT" \
    "${engine[@]}" import "$work/base.tar" localhost/minidns-base
  rm "$work/base.tar"
}

# The mirror of this machine's apt where it has one for the suite, else Debian's own.
find_mirror() {
  local found
  found=$(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' 'Label: Debian' "Codename: $SUITE" 2>/dev/null |
    head -n 1) || true
  printf '%s\n' "${found:-http://deb.debian.org/debian}"
}

# pip and apt in the build use this machine's index, proxy and certificates; the image keeps none.
build() {
  local mounts=() setting
  {
    echo '[global]'
    python3 -m pip config list 2>/dev/null |
      sed -nE "s/^(global|:env:|install)\.+(index-url|extra-index-url|trusted-host|proxy|cert)='(.*)'$/\2 = \3/p" |
      sort -u -t= -k1,1
  } >"$work/pip.conf"
  mounts+=(--volume "$work/pip.conf:/etc/pip.conf:ro")
  for setting in "$CA" "$(sed -n 's/^cert = //p' "$work/pip.conf")"; do
    [ ! -f "$setting" ] || mounts+=(--volume "$setting:$setting:ro")
  done
  if [ "$COMPILE" = 1 ]; then
    for setting in /etc/apt/apt.conf.d /etc/apt/sources.list /etc/apt/sources.list.d; do
      [ ! -e "$setting" ] || mounts+=(--volume "$setting:$setting:ro")
    done
  fi
  quietly timeout --foreground "$BUILD_LIMIT" \
    "${engine[@]}" build --isolation chroot --format docker --layers=false "${mounts[@]}" \
    --build-arg BASE=localhost/minidns-base --build-arg "COMPILE=$COMPILE" --tag localhost/minidns .
}

check_image() {
  local config
  config=$(podman_ image inspect --format '{{.Config.User}} {{.Config.ExposedPorts}} {{.Config.Entrypoint}} {{.Config.Cmd}}' localhost/minidns)
  echo "  image: $config"
  [[ $config =~ ^[0-9]+:[0-9]+\ .*53/tcp.*53/udp.*\ \[minidns\]\  ]] || fail "user, ports or entry point"
}

# run_container [OPTION...]: the image as it is, until it answers on UDP port 53.
run_container() {
  local limits=(--ulimit "nofile=$(ulimit -Sn):$(ulimit -Hn)" --ulimit "nproc=4096:4096") try
  container=
  container=$(podman_ run --detach --log-driver k8s-file "${limits[@]}" "${HARDENED[@]}" "$@" \
    localhost/minidns)
  pid=$(podman_ inspect --format '{{.State.Pid}}' "$container")
  for ((try = 0; try < READY_TRIES; try++)); do
    [ -d "/proc/$pid" ] || fail "it ended at its start"
    ! ask @127.0.0.1 . SOA +tries=1 +time=1 >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  fail "no answer in $((READY_TRIES / 10)) s"
}

# Whether the path of a query is compiled, as asked.
check_form() {
  local version
  version=$(podman_ exec "$container" minidns --version)
  echo "  $version"
  case $version in
    *compiled*) [ "$COMPILE" = 1 ] || fail "compiled without being asked" ;;
    *) [ "$COMPILE" != 1 ] || fail "not compiled" ;;
  esac
}

check_process() {
  local status root
  status=$(tr '\t' ' ' <"/proc/$pid/status")
  grep -E '^(Uid|NSpid|CapEff|CapBnd|NoNewPrivs):' <<<"$status" | sed 's/^/  /'
  grep -qx 'Uid: 65532 65532 65532 65532' <<<"$status" || fail "not the user 65532"
  grep -qE '^NSpid: .* 1$' <<<"$status" || fail "not PID 1"
  grep -qE '^CapEff: 0+$' <<<"$status" || fail "it has capabilities"
  root=$(awk '$5 == "/" { print $6 }' "/proc/$pid/mountinfo")
  echo "  root is mounted $root"
  [[ ,$root, == *,ro,* ]] || fail "the root is writable"
}

# The image's own check, as an engine runs it: well, then held still, then well again.
check_health() {
  local test code=0
  test=$(podman_ image inspect --format '{{.Config.Healthcheck.Test}}' localhost/minidns)
  [[ $test == "[CMD minidns health "* ]] || fail "the image has no health check: $test"
  podman_ exec "$container" minidns health --server 127.0.0.1:53 | sed 's/^/  /'
  podman_ healthcheck run "$container" >/dev/null || fail "the health check says that it is not well"
  kill -STOP "$pid"
  podman_ healthcheck run "$container" >/dev/null || code=$?
  kill -CONT "$pid"
  [ "$code" = 1 ] || fail "the health check of a server that is held still ends with $code"
  podman_ healthcheck run "$container" >/dev/null || fail "the health check stays bad"
  podman_ inspect --format '{{json .State.Health.Log}}' "$container" |
    grep -o '"ExitCode":[0-9]*,"Output":"[^"]*"' | sed 's/^/  /'
}

# expect_answers QNAME QTYPE VALUE,...: the values, sorted, by both transports and address families.
expect_answers() {
  local server transport got
  for server in 127.0.0.1 ::1; do
    for transport in +notcp +tcp; do
      got=$(ask "@$server" "$1" "$2" "$transport" +ignore +short +tries=1 +time=2 | sort | paste -sd,)
      printf '  dig @%-9s %-6s %s %s: %s\n' "$server" "$transport" "$1" "$2" "$got"
      [ "$got" = "$3" ] || fail "expected $3"
    done
  done
}

ask() {
  timeout --foreground 10 nsenter --target "$pid" --net dig -p 53 "$@"
}

# SIGTERM to PID 1, as `docker stop` does; the container must be gone soon, with exit code 0.
stop_container() {
  local code start=$SECONDS
  podman_ kill --signal TERM "$container" >/dev/null
  code=$(timeout --foreground "$RUN_LIMIT" "${engine[@]}" wait "$container")
  echo "  SIGTERM: exit $code after $((SECONDS - start)) s"
  [ "$code" = 0 ] || fail "SIGTERM must end it with 0"
  [ $((SECONDS - start)) -le "$STOP_LIMIT" ] || fail "SIGTERM must end it in $STOP_LIMIT s"
  podman_ logs "$container" 2>&1 | sed 's/^/  | /'
  podman_ rm "$container" >/dev/null
  container=
}

podman_() {
  timeout --foreground "$RUN_LIMIT" "${engine[@]}" "$@"
}

# quietly COMMAND...: its output only where it fails.
quietly() {
  local code=0
  "$@" >"$work/log" 2>&1 </dev/null || code=$?
  [ "$code" -eq 0 ] || { tail -n 40 "$work/log" >&2; fail "exit code $code of: $*"; }
}

require() {
  local tool
  [ "$(id -u)" = 0 ] || fail "this needs root: mmdebstrap and a network namespace do"
  for tool in "$@"; do
    command -v "$tool" >/dev/null ||
      fail "$tool is missing (Debian: apt-get install podman runc mmdebstrap bind9-dnsutils)"
  done
}

say() {
  printf '== %s (at %d s)\n' "$*" "$SECONDS"
}

fail() {
  printf 'not proved: %s\n' "$*" >&2
  [ -z "${container:-}" ] || podman_ logs "$container" 2>&1 | tail -n 20 | sed 's/^/  | /' >&2
  exit 1
}

clean_up() {
  local code=$?
  trap - EXIT INT TERM
  [ -z "${container:-}" ] || podman_ rm --force --time 2 "$container" >/dev/null 2>&1 || true
  # What an interrupted step left mounted, the innermost first.
  awk -v work="$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | tac |
    while read -r mounted; do umount --lazy "$mounted" || true; done
  rm -rf --one-file-system "$work"
  exit "$code"
}

main "$@"
