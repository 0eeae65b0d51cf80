#!/bin/sh
# Makes the passwords and keys of docker/compose.yaml, each once: `make_secrets.sh FOLDER`. What is there already stays.
# Every part of the installation sees the folder that it is given, and no other.
set -eu
folder="${1:?the folder of the secrets}"

# Writes standard input into a file unless it is there; in one step, for this may break off at any moment.
once() {
    if ! [ -s "$1" ]; then
        cat >"$1.new"
        mv "$1.new" "$1"
    fi
}

# 256 bits of chance, in letters and digits that need no quotes anywhere.
password() { head -c 32 /dev/urandom | od -A n -t x1 | tr -d ' \n'; }

# An Ed25519 key as PKCS#8: what stands before the 32 bytes of the key is always the same.
signing_key() {
    echo "-----BEGIN PRIVATE KEY-----"
    {
        printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040'
        head -c 32 /dev/urandom
    } | base64
    echo "-----END PRIVATE KEY-----"
}

for part in api database queue storage; do
    mkdir -p "$folder/$part"
done

password | once "$folder/database/password"
password | once "$folder/queue/password"
password | once "$folder/storage/secret_access_key"

once "$folder/queue/rabbitmq.conf" <<END
default_user = ocellus
default_pass = $(cat "$folder/queue/password")
log.console = true
END

printf 'postgres://ocellus:%s@database:5432/ocellus' "$(cat "$folder/database/password")" | once "$folder/api/database_url"
printf 'amqp://ocellus:%s@queue:5672/%%2f' "$(cat "$folder/queue/password")" | once "$folder/api/queue_url"
once "$folder/api/secret_access_key" <"$folder/storage/secret_access_key"
signing_key | once "$folder/api/signing_key.pem"
# What embeddings of faces are encrypted with: without it nobody logs in with the face that he enrolled.
head -c 32 /dev/urandom | base64 | once "$folder/api/faces_key"
# Put the address of a real mail server here.
printf 'smtp://mail:1025' | once "$folder/api/mail_url"
