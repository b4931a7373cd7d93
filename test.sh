#!/usr/bin/env bash
# The one test command. See ./test.sh --help and CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Tools stay at a version until somebody changes it here.
STATICCHECK=v0.8.2 # 2026.2.2
GOVULNCHECK=v1.8.0
LIBRARY_GO=${LIBRARY_GO:-go1.25.14}

CI=${CI:-}
VULNDB=${VULNDB:-../shared/data/vulndb.txz}
TOOLS=$PWD/.tools
LOGS=$TOOLS/logs

usage() {
	cat <<'TEXT'
usage: ./test.sh [--install] [--quick]

Runs every check of this repository: gofmt, go vet, staticcheck, the house
rules, builds for other systems, the tests of all modules with the race
detector, the library's tests with its oldest Go, fuzzing, govulncheck.

  --install   first fetch what is missing: Debian packages (as root or by
              sudo), npm packages, Go tools, the library's oldest Go
  --quick     only gofmt, vet, the house rules and the tests in their short
              form, without the race detector

Without --install nothing is installed; what the machine lacks is left out and
named at the end. With CI=true a missing part is a failure.

Environment:
  FUZZ_SECONDS  time for each fuzz target (default 5; with CI=true 100 seconds
                shared by all, at least 2 and at most 30 each)
  VULNDB        vulnerability database for govulncheck, a folder or a .txz
                (default ../shared/data/vulndb.txz, if it is there)
  LIBRARY_GO    the toolchain of the library's go line
TEXT
}

install=
quick=
for arg in "$@"; do
	case $arg in
	--install) install=1 ;;
	--quick) quick=1 ;;
	-h | --help) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done

# ---- counting and reporting

passed=0 failed=0 skipped=0
failures=()
left_out=()

have() { command -v "$1" >/dev/null 2>&1; }

result() { # ok|FAIL NAME BEGIN
	printf '%-5s %-60s %16ss\n' "$1" "$2" $((SECONDS - $3))
	if [ "$1" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		failures+=("$2")
	fi
}

# stage NAME COMMAND... runs a check; its output shows only if it fails.
stage() {
	local name=$1 begin=$SECONDS log=$LOGS/${1//[^A-Za-z0-9.-]/_}
	shift
	if "$@" >"$log" 2>&1 </dev/null; then
		result ok "$name" "$begin"
	else
		sed 's/^/      /' "$log"
		result FAIL "$name" "$begin"
	fi
}

# tests NAME DIR COMMAND... runs a go test -json command in a module and counts
# each test.
tests() {
	local name=$1 dir=$2 begin=$SECONDS counts p f s
	counts=$LOGS/counts
	shift 2
	printf '      %s\n' "$name"
	echo "0 0 0" >"$counts"
	if in_module "$dir" "$@" 2>&1 </dev/null | "$TOOLS/testsum" -counts "$counts"; then
		result ok "$name" "$begin"
	else
		result FAIL "$name" "$begin"
	fi
	read -r p f s <"$counts"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# missing NAME WHAT: a check or part that this machine cannot run.
missing() {
	if [ "$CI" = true ]; then
		printf 'FAIL  %s: %s\n' "$1" "$2"
		failed=$((failed + 1))
		failures+=("$1: $2")
	else
		left_out+=("$1: $2")
	fi
}

# ---- modules and files

# files GLOB prints the files that git tracks or would track.
files() {
	local f
	{ git ls-files -co --exclude-standard -- "$1" 2>/dev/null || find . -name "${1##*/}" -not -path '*/node_modules/*' -not -path './.tools/*'; } |
		while read -r f; do [ ! -f "$f" ] || printf '%s\n' "$f"; done
}

modules() { files '*go.mod' | xargs -n1 dirname | sort -u; }

# in_workspace DIR: is this a module that go.work ties together? The others are
# programs and tests of this repository.
in_workspace() { (cd "$1" && go list -m -f '{{.Dir}}' 2>/dev/null | grep -qxF "$PWD"); }

# in_module DIR COMMAND... runs a command in a module, without go.work if that
# does not name the module.
in_module() {
	local dir=$1
	shift
	if in_workspace "$dir"; then (cd "$dir" && "$@"); else (cd "$dir" && GOWORK=off "$@"); fi
}

# ---- installation

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

have_msal_extensions() { /usr/bin/python3 -c 'import msal_extensions' 2>/dev/null || python3 -c 'import msal_extensions' 2>/dev/null; }
# Debian's Python, whatever else is on PATH.
python_keyring() { /usr/bin/python3 -c 'import msal_extensions, gi; gi.require_version("Secret", "1")' 2>/dev/null; }

install_debian() {
	local want=()
	have gcc || want+=(gcc libc6-dev)
	have chromium || want+=(chromium)
	have openssl || want+=(openssl)
	have ssh-keygen || want+=(openssh-client)
	have curl || want+=(curl)
	have xz || want+=(xz-utils)
	have softhsm2-util || want+=(softhsm2)
	have pkcs11-tool || want+=(opensc)
	have swtpm || want+=(swtpm)
	have redis-server || want+=(redis-server)
	have dbus-daemon || want+=(dbus-daemon)
	have gnome-keyring-daemon || want+=(gnome-keyring)
	have secret-tool || want+=(libsecret-tools)
	python_keyring || want+=(python3-msal-extensions gir1.2-secret-1)
	{ have wine && have x86_64-w64-mingw32-gcc; } || want+=(wine wine64 gcc-mingw-w64-x86-64-win32)
	{ have node && have npm; } || want+=(nodejs npm)
	have_msal_extensions || want+=(python3-msal-extensions)
	[ ${#want[@]} -gt 0 ] || return 0
	as_root apt-get update -q &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${want[@]}"
}

install_npm() { # DIR; nothing to do when the lock file is the installed one
	cmp -s "$1/package-lock.json" "$1/node_modules/.from-lock" && return 0
	(cd "$1" && npm ci --no-audit --no-fund --ignore-scripts && cp package-lock.json node_modules/.from-lock)
}

# tool NAME VERSION prints where a Go tool is, or fails.
tool_dir() { echo "$TOOLS/$1@$2-$(go env GOVERSION)"; }
tool() {
	local dir
	dir=$(tool_dir "$1" "$2")
	if [ -x "$dir/$1" ]; then echo "$dir/$1"; else command -v "$1"; fi
}

install_tool() { # NAME VERSION PACKAGE
	local dir
	dir=$(tool_dir "$1" "$2")
	[ -x "$dir/$1" ] || GOWORK=off GOBIN=$dir go install "$3@$2"
}

install_everything() {
	local dir
	stage "install: Debian packages" install_debian
	for dir in $(files '*package-lock.json' | xargs -r -n1 dirname); do
		stage "install: npm packages of $dir" install_npm "$dir"
	done
	stage "install: staticcheck" install_tool staticcheck "$STATICCHECK" honnef.co/go/tools/cmd/staticcheck
	stage "install: govulncheck" install_tool govulncheck "$GOVULNCHECK" golang.org/x/vuln/cmd/govulncheck
	stage "install: $LIBRARY_GO" env GOTOOLCHAIN="$LIBRARY_GO" go version
	for dir in $(modules); do stage "install: Go modules of $dir" in_module "$dir" go list -deps -test ./...; done
}

# ---- checks

check_format() {
	local out
	out=$(files '*.go' | xargs -r gofmt -l)
	[ -z "$out" ] || { printf 'not gofmt-ed:\n%s\n' "$out" && return 1; }
}

# The real parts on the other end of tests. Tests that need one look for it
# themselves, and skip with a reason unless CI=true.
name_missing_parts() {
	local dir part
	for part in chromium openssl ssh-keygen curl node softhsm2-util pkcs11-tool swtpm redis-server dbus-daemon gnome-keyring-daemon secret-tool wine x86_64-w64-mingw32-gcc; do
		have "$part" || missing "tests with $part" "$part is not on PATH"
	done
	have_msal_extensions || missing "tests with MSAL Extensions for Python" "the package msal_extensions is not installed"
	python_keyring || missing "tests with Python's MSAL Extensions" "python3-msal-extensions or gir1.2-secret-1 is not installed"
	for dir in $(files '*package-lock.json' | xargs -r -n1 dirname); do
		[ -d "$dir/node_modules" ] || missing "tests with npm packages" "run npm ci in $dir"
	done
}

build_for() { # GOOS GOARCH
	local dir
	for dir in $(modules); do
		in_workspace "$dir" || continue
		in_module "$dir" env GOOS="$1" GOARCH="$2" CGO_ENABLED=0 bash -c 'go build ./... && go vet ./...' || return 1
	done
}

library_go_is_here() { GOPROXY=off GOTOOLCHAIN=$LIBRARY_GO go version >/dev/null 2>&1; }

# fuzz_one FILE TARGET SECONDS. A run that ends in "context deadline exceeded"
# without a failing input met its own time limit, and is repeated.
fuzz_one() {
	local dir module try log=$LOGS/fuzz
	dir=$(dirname "$1")
	module=$dir
	while [ ! -f "$module/go.mod" ]; do module=$(dirname "$module"); done
	for try in 1 2; do
		if in_module "$module" go test -run '^$' -fuzz "^$2\$" -fuzztime "$3s" -fuzzminimizetime 2s "$PWD/$dir" >"$log" 2>&1; then
			cat "$log"
			return 0
		fi
		cat "$log"
		if grep -q 'Failing input written' "$log" || ! grep -q 'context deadline exceeded' "$log"; then return 1; fi
		echo "(time limit met, try $try)"
	done
	return 1
}

# The house rules look at all modules, which want the newest Go.
test_library() { go list ./... | grep -v /internal/house | xargs go test -json; }

fuzz_everything() {
	local targets seconds file name
	targets=$(files '*_test.go' | xargs -r grep -oE '^func Fuzz[A-Za-z0-9_]+\(f \*testing\.F\)' /dev/null | sed -E 's/:func (Fuzz[A-Za-z0-9_]+).*/ \1/')
	[ -n "$targets" ] || return 0
	seconds=5
	if [ "$CI" = true ]; then
		seconds=$((100 / $(printf '%s\n' "$targets" | wc -l)))
		seconds=$((seconds < 2 ? 2 : seconds > 30 ? 30 : seconds))
	fi
	seconds=${FUZZ_SECONDS:-$seconds}
	while read -r file name; do
		stage "fuzz: $(dirname "$file") $name, $seconds s" fuzz_one "$file" "$name" "$seconds"
	done <<<"$targets"
}

# vulndb prints the folder of the vulnerability database, unpacked.
vulndb() {
	local into=$TOOLS/vulndb
	if [ -d "$VULNDB" ]; then (cd "$VULNDB" && pwd) && return; fi
	[ -f "$VULNDB" ] || return 1
	if ! [ "$into/unpacked" -nt "$VULNDB" ]; then
		rm -rf "$into"
		mkdir -p "$into"
		tar xJf "$VULNDB" -C "$into" && touch "$into/unpacked" || return 1
	fi
	dirname "$(dirname "$(find "$into" -path '*/index/db.json' | head -n 1)")"
}

check_vulnerabilities() {
	local db dir check
	if ! check=$(tool govulncheck "$GOVULNCHECK"); then
		missing govulncheck "not installed"
	elif ! db=$(vulndb); then
		# Not everybody has a database at hand: no failure, even in CI.
		left_out+=("govulncheck: no database at VULNDB=$VULNDB")
	else
		for dir in $(modules); do
			stage "govulncheck: $dir" in_module "$dir" "$check" -db "file://$db" -test ./...
		done
	fi
}

clean_checkout() { [ "$(git status --porcelain)" = "$status_before" ] || { git status --short && return 1; }; }

summary() {
	local line
	echo
	if [ ${#left_out[@]} -gt 0 ]; then
		echo "Left out (./test.sh --install fetches what can be fetched):"
		for line in "${left_out[@]}"; do echo "  - $line"; done
	fi
	if [ ${#failures[@]} -gt 0 ]; then
		echo "Failed:"
		for line in "${failures[@]}"; do echo "  - $line"; done
	fi
	echo "Checks and tests, in $((SECONDS / 60)) min $((SECONDS % 60)) s:"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

# ---- the run

main() {
	local dir check target race=-race
	have go || { echo "test.sh: Go is not installed" >&2 && exit 1; }
	mkdir -p "$LOGS"
	status_before=$(git status --porcelain 2>/dev/null || true)
	[ -z "$install" ] || install_everything

	stage "gofmt" check_format
	for dir in $(modules); do stage "go vet: $dir" in_module "$dir" go vet ./...; done
	go build -o "$TOOLS/testsum" ./.ci/testsum/main.go
	tests "tests: .ci" . go test -json ./.ci/testsum
	if [ -n "$quick" ]; then
		for dir in $(modules); do tests "tests: $dir" "$dir" go test -json -short ./...; done
		left_out+=("--quick: staticcheck, other systems, the race detector, $LIBRARY_GO, fuzzing, govulncheck")
		summary
		return
	fi

	if check=$(tool staticcheck "$STATICCHECK"); then
		for dir in $(modules); do stage "staticcheck: $dir" in_module "$dir" "$check" ./...; done
	else
		missing staticcheck "not installed"
	fi
	for target in windows/amd64 darwin/arm64 linux/arm64; do
		stage "build and vet: $target" build_for "${target%/*}" "${target#*/}"
	done

	name_missing_parts
	have gcc || { race= && missing "race detector" "needs gcc"; }
	for dir in $(modules); do tests "tests: $dir" "$dir" go test -json $race ./...; done
	if library_go_is_here; then
		GOTOOLCHAIN=$LIBRARY_GO GOWORK=off tests "tests: . with $LIBRARY_GO" . test_library
	else
		missing "tests with $LIBRARY_GO" "the toolchain is not in the module cache"
	fi
	fuzz_everything
	check_vulnerabilities
	[ "$CI" != true ] || stage "the checkout is as clean as before" clean_checkout
	summary
}

main
