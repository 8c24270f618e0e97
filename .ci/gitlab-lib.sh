# Runs jobs of a clone's .gitlab-ci.yml by gitlab-ci-local, as they stand, against a real registry; only nix-env and cachix are recorders.

# Prepares all of it: afterwards $image names the registry's image, and $CALLS is the file of recorded calls.
gitlab_ready() {
  packages git skopeo curl
  command -v npm >/dev/null || packages nodejs npm
  npm install --silent --prefix "$scratch/npm" gitlab-ci-local@4.61.1 >/dev/null
  start_registry
  image=$registry/group/site

  mkdir "$scratch/bin"
  cat >"$scratch/bin/nix-env" <<'SH'
#!/usr/bin/env bash
echo "nix-env $*" >>"$CALLS"
SH
  cat >"$scratch/bin/cachix" <<'SH'
#!/usr/bin/env bash
echo "cachix $*" >>"$CALLS"
if [ "$1" = watch-exec ]; then shift 3; exec "$@"; fi
SH
  chmod +x "$scratch/bin"/*
  export CALLS=$scratch/calls PATH="$scratch/bin:$PATH" HOME="$scratch/home" REGISTRY_AUTH_FILE="$scratch/auth.json"
  keep_policy # the job overwrites it, as it does on GitLab
}

# Runs one job of $clone; further arguments are more variables.
job() {
  local name=$1 variable variables=(); shift
  : >"$CALLS"; rm -f "$REGISTRY_AUTH_FILE" "$clone/.image/page"
  for variable in CI_REGISTRY="$registry" CI_REGISTRY_IMAGE="$image" CI_REGISTRY_USER="$registry_user" CI_REGISTRY_PASSWORD="$registry_password" \
    CI_COMMIT_REF_SLUG=main "$@"; do variables+=(--variable "$variable"); done
  (cd "$clone" && "$scratch/npm/node_modules/.bin/gitlab-ci-local" --force-shell-executor --no-color "${variables[@]}" "$name") >"$scratch/job.log" 2>&1
}

failed() { cat "$scratch/job.log" >&2; die "$*"; }
works() { job "$@" || failed "$1 failed"; }
refused() { if job "$@"; then failed "$* went through"; fi; }
told() { grep -qF -- "$1" "$scratch/job.log" || failed "it doesn't say: $1"; }
called() { diff - "$CALLS" || failed "other calls than expected"; }

# What the registry has.
asked() { skopeo "$1" --creds "$registry_user:$registry_password" "${@:2}"; }
tags() { asked list-tags "docker://$image" 2>/dev/null | grep -oE '"(main|latest|podman)"' | tr -d '"' | tr '\n' ' ' || true; }
digest() { asked inspect --format '{{ .Digest }}' "docker://$image:$1"; }
label() { asked inspect --format "{{ index .Labels \"org.opencontainers.image.$1\" }}" "docker://$image:main"; }
