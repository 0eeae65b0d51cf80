#!/usr/bin/env bash
# Starts PostgreSQL for the tests where it does not run, and gives it the role that they log in with.
set -euo pipefail

url="${OCELLUS_TEST_POSTGRES_URL:-postgres://ocellus_test:ocellus_test@127.0.0.1:5432/postgres}"

# Names and passwords of test roles are plain words, so that they can stand in SQL as they are.
pattern='^postgres(ql)?://([A-Za-z0-9_]+):([A-Za-z0-9_.~-]+)@([A-Za-z0-9.-]+)(:([0-9]+))?/([A-Za-z0-9_]+)$'
if ! [[ "$url" =~ $pattern ]]; then
    echo "OCELLUS_TEST_POSTGRES_URL is not of the form postgres://role:password@host:port/database." >&2
    exit 1
fi
role="${BASH_REMATCH[2]}"
password="${BASH_REMATCH[3]}"
host="${BASH_REMATCH[4]}"
port="${BASH_REMATCH[6]:-5432}"
database="${BASH_REMATCH[7]}"

if ! command -v psql >/dev/null; then
    echo "PostgreSQL: psql is missing; tools/install_packages.sh test installs it." >&2
    exit 1
fi

answers() { pg_isready --quiet --host "$host" --port "$port"; }

may_create_databases() {
    PGPASSWORD="$password" PGCONNECT_TIMEOUT=5 psql --no-psqlrc --no-password --tuples-only --no-align \
        --host "$host" --port "$port" --username "$role" --dbname "$database" \
        --command 'SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolcreatedb OR rolsuper)' 2>/dev/null |
        grep --quiet --line-regexp 1
}

if may_create_databases; then
    echo "PostgreSQL: answers on $host:$port, and the role $role may create databases."
    exit 0
fi

if [[ "$host" != 127.0.0.1 && "$host" != localhost ]]; then
    echo "PostgreSQL: $role cannot log in on $host, and a server elsewhere is not ours to change." >&2
    exit 1
fi

# Runs a command as another user: `as_user root pg_ctlcluster ...`, `as_user postgres psql ...`.
as_user() {
    local user="$1"
    shift
    if ((EUID == 0)); then
        if [[ "$user" == root ]]; then "$@"; else runuser --user "$user" -- "$@"; fi
    elif command -v sudo >/dev/null; then
        sudo --user "$user" -- "$@"
    else
        echo "PostgreSQL: starting it or adding the role needs root or sudo." >&2
        return 1
    fi
}

if ! answers; then
    cluster=$(pg_lsclusters --no-header | awk -v port="$port" '$3 == port { print $1, $2; exit }')
    if [[ -z "$cluster" ]]; then
        version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort --version-sort | tail -n 1)
        cluster="$version ocellus_test"
        echo "PostgreSQL: creating a cluster of version $version on port $port."
        as_user root pg_createcluster --locale C.UTF-8 --port "$port" "$version" ocellus_test >/dev/null
    fi
    echo "PostgreSQL: starting the cluster $cluster on port $port."
    # shellcheck disable=SC2086 # a version and a name: two words on purpose
    as_user root pg_ctlcluster --skip-systemctl-redirect $cluster start
    for _ in $(seq 100); do
        if answers; then break; fi
        sleep 0.1
    done
    if ! answers; then
        echo "PostgreSQL: the cluster $cluster does not answer on $host:$port." >&2
        exit 1
    fi
fi

if ! may_create_databases; then
    echo "PostgreSQL: giving the role $role a login and the right to create databases."
    # Through standard input, so that the password stands in no list of processes.
    (cd / && as_user postgres psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --port "$port" --dbname postgres) <<SQL
SELECT format('CREATE ROLE %I', '$role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \gexec
ALTER ROLE "$role" LOGIN CREATEDB PASSWORD '$password';
SQL
fi

if ! may_create_databases; then
    echo "PostgreSQL: the role $role still cannot log in on $host:$port." >&2
    exit 1
fi
