#!/usr/bin/env bash
# Sets Apertura up on Debian 12, builds everything and runs every test, headless.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_dependencies

# The virtual GPU, where it lies beside the repository, runs the CUDA tests.
vgpu_source="$APERTURA_ROOT/../shared/vgpu"
if command -v nvcc > /dev/null && [ -f "$vgpu_source/CMakeLists.txt" ]; then
    vgpu_build="$APERTURA_ROOT/build/vgpu"
    say "building the virtual GPU in build/vgpu"
    generator=()
    [ -f "$vgpu_build/CMakeCache.txt" ] || generator=(-G Ninja)
    cmake -S "$vgpu_source" -B "$vgpu_build" "${generator[@]}" -DVGPU_NATIVE=OFF -DVGPU_TESTS=OFF < /dev/null >&2 &&
        cmake --build "$vgpu_build" --parallel "$(nproc)" < /dev/null >&2 || fail "the virtual GPU could not be built (see above)"
    CONFIGURE_WITH=(-DAPERTURA_VGPU="$vgpu_build/lib")
fi

build test all
say "running the tests"
cd "$APERTURA_ROOT"
ctest --preset test --parallel 2 < /dev/null
