# What the checks in this folder share: strict mode, a scratch folder, servers that end with the script, and Nix without a network.
set -euo pipefail

top=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)
standins=$top/../shared/nix/standin
scratch=$(mktemp -d)
pids=() at_exit=()

finish() {
  local status=$?
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  for command in "${at_exit[@]}"; do eval "$command"; done
  chmod -R u+w "$scratch" && rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT

say() { printf '\n== %s\n' "$*"; }
die() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# Installs Debian packages that aren't there yet.
packages() {
  local missing=()
  for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
}

# Waits for a line in a log file and prints what matches.
await() {
  local pattern=$1 file=$2
  for _ in $(seq 100); do
    if grep --only-matching --max-count=1 -E "$pattern" "$file" 2>/dev/null; then return; fi
    sleep 0.1
  done
  cat "$file" >&2
  die "no line '$pattern' within ten seconds"
}

# Prepares Nix: flakes, no sandbox, no binary cache, and cargo's own cache filled, since builds have no network.
nix_offline() {
  packages nix-bin
  export NIX_CONFIG='experimental-features = nix-command flakes
sandbox = false
build-users-group =
substitute = false
warn-dirty = false'
  (cd "$top" && cargo fetch --locked --quiet)
}

# Arguments that put the stand-ins in the place of the flake's inputs.
overrides=(--no-write-lock-file
  --override-input nixpkgs "path:$standins/nixpkgs"
  --override-input naersk "path:$standins/naersk"
  --override-input flake-utils "path:$standins/flake-utils")

# Clones the committed tree and locks it to the stand-ins in a commit: as clean a tree as the one that GitLab checks out.
clone_with_standins() {
  git clone --quiet "$top" "$1"
  (cd "$1" && nix flake lock --override-input nixpkgs "path:$standins/nixpkgs" --override-input naersk "path:$standins/naersk" \
    --override-input flake-utils "path:$standins/flake-utils" 2>/dev/null \
    && git -c user.name=ci -c user.email=ci@localhost commit --quiet --all --message 'Lock the stand-ins')
}

# Starts a registry on a free loopback port that knows one user: sets $registry, $registry_user and $registry_password.
start_registry() {
  packages docker-registry apache2-utils
  registry_user=ci registry_password='p4ss "word%'
  htpasswd -nbB "$registry_user" "$registry_password" >"$scratch/htpasswd" 2>/dev/null
  cat >"$scratch/registry.yml" <<YAML
version: 0.1
log: { level: info }
storage: { filesystem: { rootdirectory: $scratch/registry } }
http: { addr: "127.0.0.1:0" }
auth: { htpasswd: { realm: ci, path: $scratch/htpasswd } }
YAML
  docker-registry serve "$scratch/registry.yml" >"$scratch/registry.log" 2>&1 & pids+=($!)
  registry=$(await 'listening on 127\.0\.0\.1:[0-9]+' "$scratch/registry.log" | grep -oE '127.*')
  mkdir -p "$scratch/home/.config/containers"
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" >"$scratch/home/.config/containers/registries.conf"
}

# Prepares podman with storage of its own, so that no image stays on the machine.
podman_apart() {
  packages podman runc
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$scratch" "$scratch" >"$scratch/storage.conf"
  export CONTAINERS_STORAGE_CONF=$scratch/storage.conf
  podman=(podman --runtime runc --cgroup-manager cgroupfs)
  at_exit+=('"${podman[@]}" rm --all --force --time 0 >/dev/null')
}

# Runs an image detached, as strictly as it can be, and prints the container's id.
run_strictly() {
  "${podman[@]}" run --detach --read-only --cap-drop=ALL --security-opt=no-new-privileges \
    --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"
}

# Fetches the first page inside a container's network and compares it with a file.
serves() {
  local container=$1 port=$2 file=$3 pid
  pid=$("${podman[@]}" inspect --format '{{ .State.Pid }}' "$container")
  nsenter --target "$pid" --net curl --fail --silent --show-error --max-time 5 --retry 5 --retry-connrefused --output "$scratch/page" "http://127.0.0.1:$port/" \
    && cmp "$scratch/page" "$file" || { "${podman[@]}" logs "$container"; die "it doesn't serve $file"; }
}

# Stops a container, which must end well and at once.
ends_at_once() {
  local start=${EPOCHREALTIME/./} took
  "${podman[@]}" stop --time 10 "$1" >/dev/null
  took=$(((${EPOCHREALTIME/./} - start) / 1000))
  [ "$took" -lt 1000 ] || die "podman stop took $took ms"
  [ "$("${podman[@]}" inspect --format '{{ .State.ExitCode }}' "$1")" = 0 ] || die "it didn't end with exit code 0"
}

# Keeps the machine's signature policy as it was, whatever a script writes there; skopeo and podman need one.
keep_policy() {
  local policy=/etc/containers/policy.json
  if [ -e "$policy" ]; then
    cp -a "$policy" "$scratch/policy.json"
    at_exit+=("cp -a '$scratch/policy.json' $policy")
  else
    mkdir -p /etc/containers
    echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$policy"
    at_exit+=("rm -f $policy")
  fi
}
