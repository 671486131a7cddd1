#!/usr/bin/env bash
# Tries Apertura's CUDA part on this machine: kernels, whole models, NVIDIA's sanitizers, speed.
#
#   tests/gpu/run_all.sh [OPTION...]
#
#   --prebuilt DIR      runs the programs in DIR (tests/gpu/make_prebuilt.sh fills such a folder); without it they
#                       are built here, which needs the CUDA toolkit, CMake, a C++20 compiler and, for the Qt-free
#                       part of packaging/dependencies-debian.txt, either these packages or --libraries
#   --libraries DIR     builds with the libraries and headers in DIR, a prebuilt folder,
#                       where the packages are missing
#   --build DIR         where to build                                   (build/gpu)
#   --report DIR        where logs and summary.txt go                    (build/gpu-report)
#   --architectures L   machine code for these, as CMake writes them     (this card's)
#   --cuda DIR          the toolkit, or a folder with libcudart and libcublas in it (/usr/local/cuda)
#   --goldens DIR       further goldens, laid out like tests/data; may be given again
#   --vgpu DIR          runs on the virtual GPU whose libraries are in DIR, with small sizes
#   --minutes N         stages after the build that would begin later are skipped (10)
#   --only LIST         of: kernels,models,sanitizers,benchmark (all)
#   --list              says what would be run and ends
#
# Every stage writes a log of its own; one that fails or takes too long does not stop the next. The exit status
# is 0 if nothing failed and at least one kernel test passed.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
prebuilt=''
libraries=''
build="$root/build/gpu"
report="$root/build/gpu-report"
architectures=''
cuda=/usr/local/cuda
goldens="$root/tests/data:$root/resources"
vgpu=''
minutes=10
only=kernels,models,sanitizers,benchmark
is_list=''

usage() {
    sed -n '2,23s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

fail() {
    printf 'run_all.sh: %s\n' "$*" >&2
    exit 2
}

while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help)
            usage
            exit 0
            ;;
        --list)
            is_list=1
            shift
            continue
            ;;
        --*) [ "$#" -ge 2 ] || fail "$1 needs a value" ;;
    esac
    case "$1" in
        --prebuilt) prebuilt="$(cd "$2" && pwd)" ;;
        --libraries) libraries="$(cd "$2" && pwd)" ;;
        --build) build="$2" ;;
        --report) report="$2" ;;
        --architectures) architectures="$2" ;;
        --cuda) cuda="$2" ;;
        --goldens) goldens="$goldens:$2" ;;
        --vgpu) vgpu="$(cd "$2" && pwd)" ;;
        --minutes) minutes="$2" ;;
        --only) only="$2" ;;
        *) fail "there is no option $1; --help lists them" ;;
    esac
    shift 2
done

mkdir -p "$report"
report="$(cd "$report" && pwd)"
summary="$report/summary.txt"
: > "$summary"
passed=0
failed=0
skipped=0
kernels_passed=0
deadline=0

say() {
    printf '%s\n' "$*" | tee -a "$summary"
}

is_wanted() {
    case ",$only," in
        *",$1,"*) return 0 ;;
        *) return 1 ;;
    esac
}

# note STAGE RESULT SECONDS TEXT: one line of the summary, counted.
note() {
    case "$2" in
        pass) passed=$((passed + 1)) ;;
        FAIL) failed=$((failed + 1)) ;;
        skip) skipped=$((skipped + 1)) ;;
    esac
    say "$(printf '%-44s %-4s %5s s  %s' "$1" "$2" "$3" "$4")"
}

# The command line with which PROGRAM.. runs on the GPU of this run; the paths are for the shared libraries.
on_gpu() {
    local paths="$cuda/lib64:$cuda/lib:$cuda/targets/x86_64-linux/lib:$cuda"
    if [ -n "$vgpu" ]; then
        local preload="$vgpu/libcudart.so.13:$vgpu/libcublas.so.13:$vgpu/libnvidia-ml.so.1:$vgpu/libcuda.so.1"
        env LD_LIBRARY_PATH="$vgpu${fallback:+:$fallback}" LD_PRELOAD="$preload" "$@"
    else
        env LD_LIBRARY_PATH="$paths${fallback:+:$fallback}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@"
    fi
}

# stage NAME LIMIT COMMAND..: runs it for at most LIMIT seconds with its output in NAME's log, and leaves `status`,
# `seconds` and `log`. Returns 1, with a line in the summary, where there is no time left.
stage() {
    local name="$1" limit="$2"
    shift 2
    log="$report/$(printf '%s' "$name" | tr -c 'A-Za-z0-9._-' '_').log"
    local start=$SECONDS
    if [ "$deadline" -gt 0 ]; then
        local left=$((deadline - start))
        if [ "$left" -le 5 ]; then
            note "$name" skip 0 "no time left of $minutes minutes"
            return 1
        fi
        [ "$limit" -le "$left" ] || limit=$left
    fi
    stage_limit=$limit
    printf '+ %s\n' "$*" > "$log"
    status=0
    on_gpu timeout -k 5 "$limit" "$@" >> "$log" 2>&1 < /dev/null || status=$?
    seconds=$((SECONDS - start))
    return 0
}

# why_failed PATTERN: what became of the last stage, with the first line of its output that matches.
why_failed() {
    case "$status" in
        124 | 137) printf 'stopped after %s s' "$stage_limit" ;;
        *) printf 'status %s: %s' "$status" "$(sed 1d "$log" | grep -m 1 -E "$1" | cut -c 1-200 || true)" ;;
    esac
}

describe_machine() {
    say "Apertura on a GPU, $(date -u '+%Y-%m-%d %H:%M UTC')"
    say "source: $(git -C "$root" describe --always --dirty 2> /dev/null || printf 'no repository at hand')"
    if [ -n "$prebuilt" ]; then
        say "programs: $prebuilt ($(head -n 1 "$prebuilt/VERSION" 2> /dev/null || printf 'of unknown origin'))"
    fi
    say "machine: $(uname -srm), $(nproc) processors"
    if [ -n "$vgpu" ]; then
        say "GPU: the virtual one in $vgpu; its times say nothing"
    elif command -v nvidia-smi > /dev/null; then
        say "GPU: $(nvidia-smi --query-gpu=name,compute_cap,memory.total,driver_version,clocks.max.sm,power.limit \
            --format=csv,noheader 2>&1 | head -n 4 | paste -sd ';' || true)"
    else
        say "GPU: nvidia-smi is not there to say"
    fi
    say "toolkit: $("$cuda/bin/nvcc" --version 2> /dev/null | tail -n 1 || printf 'no nvcc in %s' "$cuda/bin")"
    say ''
}

# This card's architecture as CMake writes it; the release's list where nobody says, or nvcc does not know it.
choose_architectures() {
    local compute
    if [ -n "$vgpu" ]; then
        printf '80-virtual'
        return
    fi
    compute="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null | head -n 1 | tr -d '. ' || true)"
    if [ -n "$compute" ] && "$cuda/bin/nvcc" --list-gpu-arch 2> /dev/null | grep -qx "compute_$compute"; then
        printf '%s-real' "$compute"
    fi
}

build_here() {
    local configure=(cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DAPERTURA_BUILD_WINDOW=OFF
        -DAPERTURA_ENABLE_CUDA=ON)
    [ -n "$architectures" ] || architectures="$(choose_architectures)"
    [ -z "$architectures" ] || configure+=("-DAPERTURA_CUDA_ARCHITECTURES=$architectures")
    command -v nvcc > /dev/null || [ ! -x "$cuda/bin/nvcc" ] || configure+=("-DCMAKE_CUDA_COMPILER=$cuda/bin/nvcc")
    if [ -n "$libraries" ]; then
        mkdir -p "$build/libraries"
        cp -r "$libraries/lib" "$build/libraries/"
        tar -xzf "$libraries/development.tar.gz" -C "$build/libraries"
        libraries="$(cd "$build/libraries" && pwd)"
        # The old kind of path in the programs, as it also holds for what the libraries need in turn.
        configure+=("-DCMAKE_PREFIX_PATH=$libraries" "-DPKG_CONFIG_EXECUTABLE=$libraries/bin/pkg-config"
            '-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags')
    fi
    if command -v ninja > /dev/null && [ ! -f "$build/CMakeCache.txt" ]; then
        configure+=(-G Ninja)
    fi
    log="$report/build.log"
    local start=$SECONDS
    if "${configure[@]}" > "$log" 2>&1 < /dev/null &&
        cmake --build "$build" --parallel "$(nproc)" --target gpu_programs >> "$log" 2>&1 < /dev/null; then
        note build pass $((SECONDS - start)) "architectures: ${architectures:-as in a release}"
        return 0
    fi
    note build FAIL $((SECONDS - start)) "$(grep -m 1 -iE 'error|not found' "$log" | cut -c 1-160 || true)"
    return 1
}

# Where the programs are: `tests` holds all but the command line. `fallback` serves a machine whose C++ library is
# missing or too old for the prebuilt programs.
find_programs() {
    fallback=''
    if [ -n "$prebuilt" ]; then
        tests="$prebuilt"
        cli="$prebuilt/apertura-cli"
        if ldd "$cli" 2>&1 | grep -q -E 'libstdc\+\+.*not found|GLIBCXX|CXXABI'; then
            fallback="$prebuilt/lib/fallback"
        fi
    else
        tests="$build/tests"
        cli="$build/bin/apertura-cli"
    fi
}

# Programs of these names, without the folder. Tests of kernels are called X_cuda_test, those of the engine
# cuda_X_test; what needs a failing allocation or no GPU at all is not for here.
programs() {
    local file
    for file in "$tests"/$1; do
        [ -x "$file" ] || continue
        case "${file##*/}" in
            cuda_absent_test | cuda_allocation_test) continue ;;
        esac
        printf '%s\n' "${file##*/}"
    done
}

# run_tests KIND PATTERN LIMIT: each test program is a stage.
run_tests() {
    local name result
    while read -r name; do
        stage "$1 $name" "$3" env APERTURA_GOLDENS="$goldens" APERTURA_DATA_DIR="$report/data" "$tests/$name" || continue
        result="$(tail -n 1 "$log" | cut -c 1-160)"
        if [ "$status" -ne 0 ]; then
            note "$1 $name" FAIL "$seconds" "$result; $(why_failed '^FAIL')"
        elif [ "${result#0 passed}" != "$result" ]; then
            note "$1 $name" skip "$seconds" "$(grep -m 1 '^SKIP' "$log" | cut -c 1-160 || true)"
        else
            note "$1 $name" pass "$seconds" "$result"
            [ "$1" != kernel ] || kernels_passed=$((kernels_passed + 1))
        fi
    done < <(programs "$2")
}

# The same programs that the summary's other lines name, a prompt through the command line.
run_command_line() {
    local model
    for model in "$root"/resources/demo-model/*/; do
        model="$(basename "$model")"
        stage "command line $model" 60 env APERTURA_DATA_DIR="$report/data" "$cli" generate \
            "$root/resources/demo-model/$model" --backend cuda --prompt 'Wie heißt Portugal auf Englisch?' \
            --temperature 0 --max-tokens 24 --json || continue
        if [ "$status" -eq 0 ] && grep -q 'Portugal' "$log" && grep -q '"backend": *"cuda"' "$log"; then
            note "command line $model" pass "$seconds" "answers on the GPU"
        else
            note "command line $model" FAIL "$seconds" "$(why_failed .)"
        fi
    done
}

# Small programs that between them launch every kernel; cuBLAS's own kernels are not ours to check.
sanitized() {
    programs '*_cuda_test' | grep -v -x prefill_matmul_cuda_test
}

run_sanitizers() {
    local tool name sanitizer
    sanitizer="$(command -v compute-sanitizer || true)"
    [ -n "$sanitizer" ] || [ ! -x "$cuda/bin/compute-sanitizer" ] || sanitizer="$cuda/bin/compute-sanitizer"
    for tool in memcheck racecheck initcheck synccheck; do
        if [ -z "$sanitizer" ]; then
            note "compute-sanitizer $tool" skip 0 "compute-sanitizer is not on this machine"
            continue
        fi
        while read -r name; do
            stage "$tool $name" 40 "$sanitizer" --tool "$tool" --error-exitcode 86 "$tests/$name" || continue
            if [ "$status" -eq 0 ]; then
                note "$tool $name" pass "$seconds" "$(grep 'SUMMARY' "$log" | tail -n 1 | tr -s '= ' ' ' || true)"
            else
                note "$tool $name" FAIL "$seconds" "$(why_failed 'SUMMARY|^FAIL|rror')"
            fi
        done < <(sanitized)
    done
    [ -n "$vgpu" ] || return 0
    while read -r name; do
        stage "VGPU_CHECK=all $name" 120 env VGPU_CHECK=all "$tests/$name" || continue
        if [ "$status" -eq 0 ]; then
            note "VGPU_CHECK=all $name" pass "$seconds" "no race, no read of memory that nobody wrote"
        else
            note "VGPU_CHECK=all $name" FAIL "$seconds" "$(why_failed 'vgpu|^FAIL')"
        fi
    done < <(sanitized)
}

# benchmark NAME ARGUMENT..: its lines go into the summary whole.
benchmark() {
    local name="$1"
    shift
    [ -z "$vgpu" ] || set -- "$@" --tiny
    stage "benchmark $name" 120 "$tests/gpu_benchmark" "$@" || return 0
    if [ "$status" -eq 0 ]; then
        note "benchmark $name" pass "$seconds" ''
        sed -n '/^copy\|^decode\|^prefill\|^  /s/^/    /p' "$log" | tee -a "$summary"
    else
        note "benchmark $name" FAIL "$seconds" "$(why_failed .)"
    fi
}

run_benchmarks() {
    local format
    for format in int4 int8 sinq int4-eora; do
        benchmark "$format" --format "$format"
    done
    benchmark 'int4, 8K positions' --format int4 --context 8000 --prompts 2048
    benchmark 'demo model' --model "$root/resources/demo-model/gptq-mixed-eora" --prompts 512
}

describe_machine
if [ -z "$prebuilt" ]; then
    if [ -n "$is_list" ]; then
        say "would build in $build"
    elif ! build_here; then
        say "result: nothing could be run"
        exit 1
    fi
fi
find_programs
if [ -n "$is_list" ]; then
    say "kernels: $(programs '*_cuda_test' | paste -sd ' ')"
    say "models: $(programs 'cuda_*_test' | paste -sd ' ')"
    say "sanitizers: $(sanitized | paste -sd ' ')"
    exit 0
fi
[ -x "$cli" ] || fail "there is no $cli"
deadline=$((SECONDS + 60 * minutes))
is_wanted kernels && run_tests kernel '*_cuda_test' 60
is_wanted models && run_command_line
is_wanted models && run_tests model 'cuda_*_test' 120
is_wanted benchmark && run_benchmarks
is_wanted sanitizers && run_sanitizers
say ''
say "result: $passed passed, $failed failed, $skipped skipped in $SECONDS s; logs in $report"
if [ "$failed" -gt 0 ]; then
    exit 1
fi
if [ "$kernels_passed" -eq 0 ] && is_wanted kernels; then
    say "no kernel test ran: is there a GPU, and are libcudart and libcublas found?"
    exit 1
fi
