# Sourced by run.sh and test.sh: installs what is missing and builds. Every step says what it does on standard
# error, reads nothing from standard input, and leaves standard output to the caller.

APERTURA_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CONFIGURE_WITH=()

say() {
    printf 'apertura: %s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# The packages of dependencies-debian.txt that dpkg does not list as installed, one a line.
missing_packages() {
    local package
    while read -r package; do
        case "$package" in '' | '#'*) continue ;; esac
        if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
            printf '%s\n' "$package"
        fi
    done < "$APERTURA_ROOT/packaging/dependencies-debian.txt"
}

install_dependencies() {
    if ! command -v dpkg-query > /dev/null; then
        say "this is not a Debian system: install what packaging/dependencies-debian.txt names yourself; building now"
        return
    fi
    local missing
    mapfile -t missing < <(missing_packages)
    if [ "${#missing[@]}" -eq 0 ]; then
        return
    fi
    say "installing ${#missing[@]} packages: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null ||
            fail "these packages are missing, and there is no sudo to install them: ask an administrator for: apt-get install ${missing[*]}"
        say "sudo may ask for your password"
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -q < /dev/null >&2 ||
        say "the package lists could not be renewed; trying with those that are there"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        "${missing[@]}" < /dev/null >&2 || fail "the packages could not be installed (see above)"
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] || fail "still missing after the installation: ${missing[*]}"
}

# Machine code for the cards that are here only, as nvcc takes minutes for all that a release is built for; without
# NVIDIA's driver, none.
configure_cuda_for_this_machine() {
    command -v "${CUDACXX:-nvcc}" > /dev/null || return 0
    local capabilities capability architectures=''
    capabilities="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null < /dev/null | sort -u)" || capabilities=''
    for capability in $capabilities; do
        case "$capability" in
            7.5 | [89].[0-9] | [1-9][0-9].[0-9]) architectures+="${architectures:+;}${capability/./}-real" ;;
        esac
    done
    if [ -n "$architectures" ]; then
        say "building the CUDA part for the GPU of this machine (${architectures//;/, })"
        CONFIGURE_WITH+=(-DAPERTURA_ENABLE_CUDA=AUTO "-DAPERTURA_CUDA_ARCHITECTURES=$architectures")
    else
        say "there is nvcc, but no NVIDIA driver with a GPU of compute capability 7.5 or newer: building without the CUDA part"
        CONFIGURE_WITH+=(-DAPERTURA_ENABLE_CUDA=OFF)
    fi
}

# build PRESET TARGET...: configures and builds the targets in build/PRESET. More settings for cmake come from the
# array CONFIGURE_WITH.
build() {
    local preset="$1"
    shift
    local folder="$APERTURA_ROOT/build/$preset"
    local configure=(cmake --preset "$preset" "${CONFIGURE_WITH[@]}")
    if [ ! -f "$folder/CMakeCache.txt" ] && command -v ninja > /dev/null; then
        configure+=(-G Ninja)
    fi
    say "configuring in build/$preset"
    (cd "$APERTURA_ROOT" && "${configure[@]}") < /dev/null >&2 || fail "the build could not be configured (see above)"
    say "building: $* (the first time takes some minutes)"
    cmake --build "$folder" --parallel "$(nproc)" --target "$@" < /dev/null >&2 || fail "the build failed (see above)"
}
