#!/bin/sh
# Makes the virtual environment that the Makefile's targets run in: venv.sh DIRECTORY EXTRAS
set -eu
directory=$1
extras=$2

say() { printf 'setup: %s\n' "$*" >&2; }

find_python() {
    for name in "${PYTHON:-python3}" python3 python3.11 python3.12 python3.13 python3.14; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    say "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3 …"
    exit 1
}

# install_package NAMES WHY: install Debian packages, and start no service of theirs, or say that they are needed.
install_package() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "$2; on Debian: sudo apt-get install $1"
        exit 1
    fi
    say "installing Debian's $1: $2"
    apt-get update -qq
    # shellcheck disable=SC2086 # several names are several words
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 SYSTEMD_OFFLINE=1 apt-get install -qq -y $1 >/dev/null
}

# The programs alone: Debian's packages make a server that starts with the machine, unless they are told not to.
install_postgres() {
    settings=/etc/postgresql-common/createcluster.d
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        mkdir -p $settings
        echo 'create_main_cluster = false' >$settings/agentctl-tests.conf
    fi
    install_package postgresql "the tests start servers of their own"
    rm -f $settings/agentctl-tests.conf
}

python=$(find_python)
if [ ! -x "$directory/bin/pip" ]; then
    "$python" -c 'import ensurepip' 2>/dev/null ||
        install_package python3-venv "this Python can't make virtual environments"
    say "making $directory with $("$python" --version)"
    "$python" -m venv "$directory"
fi
say "installing agentctl[$extras]"
"$directory/bin/pip" install --quiet --disable-pip-version-check --editable ".[$extras]"
case ",$extras," in
*,local,*)
    "$directory/bin/python" -c 'import xllamacpp' 2>/dev/null ||
        install_package libgomp1 "the embedded model needs OpenMP's library"
    ;;
esac
case ",$extras," in
*,test,*)
    command -v tmux >/dev/null || install_package tmux "the tests type into a real terminal"
    command -v strace >/dev/null || install_package strace "the tests record what is written, to lose power after it"
    command -v npm >/dev/null || install_package "nodejs npm" "the tests run JavaScript peers"
    [ -n "${AGENTCTL_TEST_POSTGRES_URL:-}" ] || command -v postgres >/dev/null ||
        [ -n "$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null)" ] || install_postgres
    PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null || install_package pgbouncer "the tests pool connections"
    say "installing the JavaScript peers of contrib/node/package.json"
    mkdir -p "$directory/node"
    # Node.js has its own list of authorities, which lacks those that this machine's owner trusts besides.
    authorities=/etc/ssl/certs/ca-certificates.crt
    if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r $authorities ]; then export NODE_EXTRA_CA_CERTS=$authorities; fi
    cp contrib/node/package.json "$directory/node/package.json"
    npm install --prefix "$directory/node" --no-audit --no-fund --no-package-lock --loglevel=error >/dev/null
    ;;
esac
