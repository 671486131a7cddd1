#!/usr/bin/env bash
# Fills a folder with what tests/gpu/run_all.sh runs, for a machine with an NVIDIA driver and CUDA's libraries
# and nothing to build with: programs, the plugin beside them, the shared libraries they need in lib/. With
# development.tar.gz, the headers of these libraries, run_all.sh --libraries can build where only the toolkit, CMake
# and a compiler are.
#
#   tests/gpu/make_prebuilt.sh [--out DIR] [--architectures LIST] [--build DIR]
#
# The programs need the C library of this machine or a newer one (Debian 12: glibc 2.36) and, from the other
# machine, libcudart.so.13, libcublas.so.13 and the driver.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
out="$root/build/gpu-prebuilt"
build="$root/build/gpu-prebuilt-build"
# Machine code for sm_90 and PTX for all others from sm_80 on, the virtual GPU among them; an older card needs
# 75-virtual. Every architecture is about 4 MB more, as each program has its own copy of the kernels.
architectures='80-virtual;90-real'
most_megabytes=60

fail() {
    printf 'make_prebuilt.sh: %s\n' "$*" >&2
    exit 1
}

while [ "$#" -gt 0 ]; do
    [ "$#" -ge 2 ] || fail "$1 needs a value; usage: make_prebuilt.sh [--out DIR] [--architectures LIST] [--build DIR]"
    case "$1" in
        --out) out="$2" ;;
        --architectures) architectures="$2" ;;
        --build) build="$2" ;;
        *) fail "there is no option $1" ;;
    esac
    shift 2
done

build_programs() {
    local configure=(cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DAPERTURA_BUILD_WINDOW=OFF
        -DAPERTURA_ENABLE_CUDA=ON "-DAPERTURA_CUDA_ARCHITECTURES=$architectures")
    # The old kind of path, as it also holds for what the libraries need in turn.
    # shellcheck disable=SC2016 # $ORIGIN is for the loader
    configure+=(-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON '-DCMAKE_INSTALL_RPATH=$ORIGIN/lib'
        '-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags' -DCMAKE_CUDA_FLAGS=--compress-mode=size)
    if command -v ninja > /dev/null && [ ! -f "$build/CMakeCache.txt" ]; then
        configure+=(-G Ninja)
    fi
    "${configure[@]}"
    cmake --build "$build" --parallel "$(nproc)" --target gpu_programs
}

# The shared libraries that the programs need from this machine, one path a line: all but the C library, the C++
# library and CUDA's.
needed_libraries() {
    ldd "$@" 2> /dev/null | sed -n 's/^.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
        grep -v -E '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s|cudart|cublas|cublasLt)\.so[^/]*)$'
}

copy_programs() {
    local file
    for file in "$build/bin/apertura-cli" "$build/bin/apertura_cuda.so" "$build/tests/gpu_benchmark" \
        "$build"/tests/*_cuda_test "$build"/tests/cuda_*_test; do
        case "$file" in
            *cuda_absent_test | *cuda_allocation_test) continue ;; # run_all.sh leaves them out
        esac
        [ -x "$file" ] || continue
        strip -o "$out/${file##*/}" "$file"
        chmod 755 "$out/${file##*/}"
    done
}

copy_libraries() {
    local library
    mkdir -p "$out/lib/fallback"
    while read -r library; do
        cp -L "$library" "$out/lib/"
    done < <(needed_libraries "$out"/apertura-cli "$out"/*_test "$out/gpu_benchmark")
    # For a machine whose C++ library is missing or older.
    for library in libstdc++.so.6 libgcc_s.so.1; do
        cp -L "$(g++ -print-file-name="$library")" "$out/lib/fallback/"
    done
}

# development NAME LIBRARY: a pkg-config file that goes with the folder it lies in.
development() {
    cat > "$staged/lib/pkgconfig/$1.pc" << END
prefix=\${pcfiledir}/../..
Name: $1
Description: $1
Version: $(pkg-config --modversion "$1")
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib -l$2
END
}

# What a build needs beside lib/: headers, the names that a linker asks for, what CMake looks for.
pack_development() {
    local name
    staged="$build/development"
    rm -rf "$staged"
    mkdir -p "$staged/include" "$staged/lib/pkgconfig" "$staged/bin" "$staged/share/cmake"
    (cd "$(pkg-config --variable=includedir libpcre2-8)" &&
        cp -r sentencepiece_processor.h pcre2.h xxhash.h xxh3.h nlohmann CLI unicode "$staged/include/")
    cp -r /usr/share/cmake/nlohmann_json /usr/share/cmake/CLI11 "$staged/share/cmake/"
    development sentencepiece sentencepiece
    development libpcre2-8 pcre2-8
    development libxxhash xxhash
    cp -L "$(pkg-config --variable=libdir icu-i18n)"/libicui18n.so.[0-9][0-9] "$staged/lib/"
    (cd "$staged/lib" && ln -s libicui18n.so.* libicui18n.so)
    for name in sentencepiece pcre2-8 xxhash icuuc icudata; do
        ln -s "$(basename "$out/lib/lib$name".so.*)" "$staged/lib/lib$name.so"
    done
    cp -L "$(command -v pkgconf)" "$staged/bin/pkgconf"
    cp -L "$(ldd "$(command -v pkgconf)" | sed -n 's/.*libpkgconf.* => \([^ ]*\) .*/\1/p')" "$staged/bin/"
    cat > "$staged/bin/pkg-config" << 'END'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH=$here PKG_CONFIG_LIBDIR=$here/../lib/pkgconfig exec "$here/pkgconf" --keep-system-libs "$@"
END
    chmod 755 "$staged/bin/pkg-config"
    tar -czf "$out/development.tar.gz" -C "$staged" .
}

mkdir -p "$build"
build="$(cd "$build" && pwd)"
build_programs
rm -rf "$out"
mkdir -p "$out"
out="$(cd "$out" && pwd)"
copy_programs
copy_libraries
pack_development
printf '%s, architectures %s, %s\n' "$(git -C "$root" describe --always --dirty 2> /dev/null || printf 'no repository')" \
    "$architectures" "$(date -u '+%Y-%m-%d %H:%M UTC')" > "$out/VERSION"
size="$(du -sm --apparent-size "$out" | cut -f 1)"
printf '%s: %s programs, %s MB\n' "$out" "$(find "$out" -maxdepth 1 -type f -perm -100 | wc -l)" "$size"
[ "$size" -le "$most_megabytes" ] || fail "that is more than $most_megabytes MB"
