#!/usr/bin/env bash
# Starts MariaDB for the tests where it does not run, and gives it the role that they log in with.
set -euo pipefail

url="${OCELLUS_TEST_MARIADB_URL:-mysql://ocellus_test:ocellus_test@127.0.0.1:3306/information_schema}"

# Names and passwords of test roles are plain words, so that they can stand in SQL as they are.
pattern='^mysql://([A-Za-z0-9_]+):([A-Za-z0-9_.~-]+)@([A-Za-z0-9.-]+)(:([0-9]+))?/([A-Za-z0-9_]+)$'
if ! [[ "$url" =~ $pattern ]]; then
    echo "OCELLUS_TEST_MARIADB_URL is not of the form mysql://role:password@host:port/database." >&2
    exit 1
fi
role="${BASH_REMATCH[1]}"
password="${BASH_REMATCH[2]}"
host="${BASH_REMATCH[3]}"
port="${BASH_REMATCH[5]:-3306}"
database="${BASH_REMATCH[6]}"

if ! command -v mariadb >/dev/null; then
    echo "MariaDB: mariadb is missing; tools/install_packages.sh test installs it." >&2
    exit 1
fi

# Through the port, as the tests come; the files that set defaults elsewhere do not count.
may_create_databases() {
    MYSQL_PWD="$password" mariadb --no-defaults --connect-timeout=5 --protocol=tcp --skip-column-names --batch \
        --host="$host" --port="$port" --user="$role" "$database" 2>/dev/null <<SQL
CREATE DATABASE ocellus_test_rights_$$;
DROP DATABASE ocellus_test_rights_$$;
SQL
}

if may_create_databases; then
    echo "MariaDB: answers on $host:$port, and the role $role may create databases."
    exit 0
fi

if [[ "$host" != 127.0.0.1 && "$host" != localhost ]]; then
    echo "MariaDB: $role cannot log in on $host, and a server elsewhere is not ours to change." >&2
    exit 1
fi

# Its root logs in through the socket as the root of the machine.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        echo "MariaDB: starting it or adding the role needs root or sudo." >&2
        return 1
    fi
}

answers() { as_root mariadb-admin --silent --connect-timeout=5 --port="$port" ping >/dev/null 2>&1; }

if ! answers; then
    if [[ ! -d /var/lib/mysql/mysql ]]; then
        echo "MariaDB: creating its system tables."
        as_root mariadb-install-db --user=mysql --skip-test-db >/dev/null
    fi
    echo "MariaDB: starting it on port $port."
    as_root install --directory --owner=mysql --group=mysql --mode=755 /run/mysqld
    # It outlives this script, and must not keep whoever reads its output waiting.
    as_root mariadbd --user=mysql --bind-address=127.0.0.1 --port="$port" </dev/null >/dev/null 2>&1 &
    disown
    for _ in $(seq 300); do
        if answers; then break; fi
        sleep 0.1
    done
    if ! answers; then
        echo "MariaDB: the server does not answer on $host:$port." >&2
        exit 1
    fi
fi

if ! may_create_databases; then
    echo "MariaDB: giving the role $role a login and the right to databases whose names begin with ocellus_."
    # Through standard input, so that the password stands in no list of processes. Which of the two the server takes a
    # connection to 127.0.0.1 for depends on whether it looks names up.
    for from in 127.0.0.1 localhost; do
        as_root mariadb <<SQL
CREATE USER IF NOT EXISTS '$role'@'$from';
ALTER USER '$role'@'$from' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON \`ocellus\\_%\`.* TO '$role'@'$from';
SQL
    done
fi

if ! may_create_databases; then
    echo "MariaDB: the role $role still cannot log in on $host:$port." >&2
    exit 1
fi
