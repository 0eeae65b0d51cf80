#!/usr/bin/env bash
# Starts RabbitMQ for the tests where it does not run.
set -euo pipefail

url="${OCELLUS_TEST_RABBITMQ_URL:-amqp://guest:guest@127.0.0.1:5672/%2f}"

pattern='^amqp://[^/@]+@([A-Za-z0-9.-]+)(:([0-9]+))?(/[^/]*)?$'
if ! [[ "$url" =~ $pattern ]]; then
    echo "OCELLUS_TEST_RABBITMQ_URL is not of the form amqp://user:password@host:port/virtual-host." >&2
    exit 1
fi
host="${BASH_REMATCH[1]}"
port="${BASH_REMATCH[3]:-5672}"

# Whether somebody there speaks AMQP: a broker answers its greeting with a frame on channel 0.
answers() {
    timeout 5 bash -c '
        exec 3<>"/dev/tcp/$0/$1"
        printf "AMQP\0\0\11\1" >&3
        [[ "$(head --bytes=3 <&3 | od --address-radix=n --format=x1 | tr --delete " ")" == 010000 ]]
    ' "$host" "$port" 2>/dev/null
}

if answers; then
    echo "RabbitMQ: answers on $host:$port."
    exit 0
fi

if [[ "$host" != 127.0.0.1 && "$host" != localhost ]]; then
    echo "RabbitMQ: nothing answers on $host:$port, and a broker elsewhere is not ours to start." >&2
    exit 1
fi

if ! command -v rabbitmq-server >/dev/null && ! [[ -x /usr/sbin/rabbitmq-server ]]; then
    echo "RabbitMQ: it is missing; tools/install_packages.sh test installs it." >&2
    exit 1
fi

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "RabbitMQ: starting it needs root or sudo." >&2
        exit 1
    fi
    as_root=(sudo)
fi

# A node of its own, which is reached from this machine alone and whose name needs no other host name than localhost. What
# is configured for the machine's own node, as its listeners, is none of its affair: /dev/null holds no configuration.
node="ocellus_test_$port@localhost"
echo "RabbitMQ: starting the node $node on port $port."
"${as_root[@]}" env \
    PATH="$PATH:/usr/sbin" \
    RABBITMQ_NODENAME="$node" \
    RABBITMQ_CONFIG_FILE=/dev/null \
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
    RABBITMQ_NODE_PORT="$port" \
    ERL_EPMD_ADDRESS=127.0.0.1 \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
    rabbitmq-server -detached </dev/null >/dev/null

for _ in $(seq 600); do
    if answers; then exit 0; fi
    sleep 0.1
done
echo "RabbitMQ: the node $node does not answer on $host:$port; its log is in /var/log/rabbitmq." >&2
exit 1
