#!/usr/bin/env bash
# Sets Apertura up on Debian 12 and opens its window, ready to chat.
#
#   packaging/run.sh [MODEL_FOLDER]            the window; without a display, a chat in the terminal
#   packaging/run.sh --screenshot FILE.png     draws the window with one finished exchange into a picture
#
# Without a display and without a terminal it answers the lines piped in, one answer each.
set -euo pipefail
case "${1:-}" in
    -h | --help)
        sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
esac
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

programs="$APERTURA_ROOT/build/release/bin"
demo_model="$APERTURA_ROOT/resources/demo-model/gptq-mixed-eora"
example_question="Wie heißt Portugal auf Englisch?"

# Whether a window can be shown: a Wayland socket, or an X server that listens.
has_display() {
    if [ -n "${WAYLAND_DISPLAY:-}" ]; then
        local socket="$WAYLAND_DISPLAY"
        [ "${socket#/}" != "$socket" ] || socket="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/$socket"
        [ -S "$socket" ] && return 0
    fi
    case "${DISPLAY:-}" in
        '') return 1 ;;
        :*)
            local number="${DISPLAY#:}"
            number="${number%%.*}"
            grep -qE "@?/tmp/\.X11-unix/X$number\$" /proc/net/unix 2> /dev/null || [ -S "/tmp/.X11-unix/X$number" ]
            ;;
        *) return 0 ;; # another machine's: only connecting tells
    esac
}

# Feeds standard input to the chat, or the example question where there is nothing to read.
piped_chat() {
    local first=''
    while IFS= read -r first && [ -z "$first" ]; do :; done
    if [ -n "$first" ]; then
        { printf '%s\n' "$first"; cat; } | "$programs/apertura-cli" chat "$1"
    else
        say "nothing was piped in; asking one example question: $example_question"
        printf '%s\n' "$example_question" | "$programs/apertura-cli" chat "$1"
    fi
}

install_dependencies
configure_cuda_for_this_machine

if [ "${1:-}" = --screenshot ]; then
    [ "$#" -ge 2 ] || fail "--screenshot needs a file name, such as apertura.png"
    build release apertura
    QT_QPA_PLATFORM=offscreen QT_QUICK_BACKEND=software "$programs/apertura" "$@"
    say "the picture is in $2"
elif has_display; then
    build release apertura apertura-cli
    exec "$programs/apertura" "$@"
else
    build release apertura-cli
    model="${1:-$demo_model}"
    if [ -t 0 ]; then
        say "there is no display, so this is the same chat in the terminal; it is not saved"
        exec "$programs/apertura-cli" chat "$model"
    fi
    say "there is no display and no terminal, so the questions piped in are answered; nothing is saved"
    piped_chat "$model"
fi
