"""Checks the processes of docker/compose.yaml together, without containers: `check_layout.py PROGRAM`.

nginx, two API processes, two workers, PostgreSQL, RabbitMQ, an S3 server and a mail server, all private to the check, are killed and
started again one by one, and both API processes restarted one after the other, while users upload and register. Nothing
that was promised may be lost or done twice, and nobody may notice the restarts.
"""

import os
import pathlib
import sys
import tempfile
import time

from layout.load import Client, Hey, Registrations, Uploads, multipart, user
from layout.processes import Process, Watchdog, eventually, free_ports, says
from layout.servers import Mail, RabbitMq, nginx, postgres, secrets, storage
from running_program import report

# A lost worker's tasks go to others after so long, so that the check need not wait a minute.
LEASE = "5s"
# An upload whose process was killed keeps its idempotency key for a minute.
DOUBT_SECONDS = 90
TASK_SECONDS = 60
MAIL_SECONDS = 60
ROUNDS = 2


class Layout:
    """Every process, by its name in docker/compose.yaml."""

    def __init__(self, program, folder, watchdog):
        database, queue, distribution, bucket, mail, *self.apis, self.port = free_ports(8)
        self.program, self.folder, self.watchdog = program, folder, watchdog
        # Some servers run as users of their own.
        folder.chmod(0o755)
        secret = secrets(folder / "secrets")
        self.database = postgres(folder, database, folder / "secrets" / "database" / "password", watchdog)
        self.queue = RabbitMq(folder, queue, distribution, secret("queue/rabbitmq.conf"), watchdog)
        # Built with the program, for the tests.
        server, key = program.with_name("s3_server"), secret("storage/secret_access_key")
        self.storage = storage(folder, bucket, server, key, watchdog)
        self.mail = Mail(folder, mail, sys.executable, watchdog)
        self.proxy = nginx(folder, self.port, self.apis, watchdog)
        kept = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")
        settings = {name: os.environ[name] for name in kept if name in os.environ} | {
            "OCELLUS__DATABASE__URL": secret("api/database_url").replace("database:5432", f"127.0.0.1:{database}"),
            "OCELLUS__QUEUE__URL": secret("api/queue_url").replace("queue:5672", f"127.0.0.1:{queue}"),
            "OCELLUS__MAIL__URL": secret("api/mail_url").replace("mail:1025", f"127.0.0.1:{mail}"),
            "OCELLUS__AUTH__SIGNING_KEY_FILE": str(folder / "secrets" / "api" / "signing_key.pem"),
            "OCELLUS__FACES__ENCRYPTION_KEY_FILE": str(folder / "secrets" / "api" / "faces_key"),
            "OCELLUS__STORAGE__URL": "s3://ocellus",
            "OCELLUS__STORAGE__S3__ENDPOINT": f"http://127.0.0.1:{bucket}",
            "OCELLUS__STORAGE__S3__ALLOW_HTTP": "true",
            "OCELLUS__STORAGE__S3__ACCESS_KEY_ID": "ocellus",
            "OCELLUS__STORAGE__S3__SECRET_ACCESS_KEY_FILE": str(folder / "secrets" / "api" / "secret_access_key"),
            "OCELLUS__HTTP__TRUSTED_PROXIES": "127.0.0.1/32",
            "OCELLUS__RATE_LIMITS__REGISTRATION__PER_NETWORK": "0",
            "OCELLUS__WORKERS__LEASE": LEASE,
        }
        self.api = []
        for number, port in enumerate(self.apis, 1):
            own = {"OCELLUS__HTTP__PORT": str(port), "OCELLUS__WORKERS__COUNT": "0"}
            self.api.append(self.of_program(f"api-{number}", "serve", is_ready(port), settings | own))
        own = {"OCELLUS__WORKERS__COUNT": "1"}
        self.workers = [self.of_program(f"worker-{number}", "worker", works, settings | own) for number in (1, 2)]

    def of_program(self, name, command, ready, settings):
        """A process of the program, with a folder of its own, as on a machine of its own."""
        own = {"OCELLUS__DATA_DIR": str(self.folder / name)}
        return Process(name, [self.program, command], self.folder, self.watchdog, ready, settings | own)

    def start(self):
        """Starts what does not run yet, in the order of docker/compose.yaml."""
        for process in (self.queue, self.storage, self.mail, *self.api, *self.workers, self.proxy):
            process.start()

    def parts(self):
        """Every process, in the order in which they are killed: first those that leave uploads in doubt."""
        return [*self.api, self.database, self.storage, *self.workers, self.queue, self.mail, self.proxy]


def is_ready(port):
    """Whether an API process says that all it needs is there."""
    return lambda _: says(port, b"GET /health/ready HTTP/1.0\r\n\r\n", b"HTTP/1.0 200")


def works(worker):
    """Whether a worker said that it begins."""
    return '"working"' in worker.said()


def main():
    """Runs every check and prints one line for each, then the sum."""
    program = pathlib.Path(sys.argv[1]).resolve()
    watchdog = Watchdog()
    with tempfile.TemporaryDirectory(prefix="ocellus-layout-", ignore_cleanup_errors=True) as name:
        try:
            layout = Layout(program, pathlib.Path(name), watchdog)
            layout.start()
            outcomes = list(check(layout))
        finally:
            watchdog.end()
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if all(outcomes) else 1


def check(layout):
    """The checks, in the order of what happens."""
    uploads = [Uploads(layout.port, f"reader{number}") for number in range(3)]
    guests = [Registrations(layout.port, "guest")]
    loads = [*uploads, *guests]
    for load in loads:
        load.start()
    for part in layout.parts():
        yield report(f"{part.name} is killed, and everybody gets on when it is back", goes_on(layout, part, loads))
    for load in loads:
        load.end()

    uploads.append(Uploads(layout.port, "unaware"))
    guests.append(Registrations(layout.port, "latecomer"))
    yield from restarts(layout, uploads[-1], guests[-1])

    for load in uploads:
        doubtful = [key for key in load.sent if key not in load.answers]
        for key in doubtful:
            eventually("an upload in doubt to be answered", lambda: load.is_answered(key), DOUBT_SECONDS)
        print(f"{len(load.sent)} uploads, of which {len(doubtful)} were in doubt")
        yield report("every upload is there, once, and read", all_kept(load))
    yield report("everybody who registered got a mail", got_mails(layout, set().union(*(some.promised for some in guests))))
    read = layout.database.query("SELECT count(*) FROM texts")
    yield report("every image was read once", read == str(sum(len(load.sent) for load in uploads)))


def goes_on(layout, part, loads):
    """Kills a part while a task is worked on; whether everybody gets on with it when it is back."""
    running = "SELECT count(*) FROM tasks WHERE state = 'running'"
    eventually("a task to be worked on", lambda: int(layout.database.query(running)), TASK_SECONDS)
    start = time.monotonic()
    part.kill()
    part.start()
    before = [load.done for load in loads]
    eventually("everybody to get on", lambda: all(load.done > count for load, count in zip(loads, before)), TASK_SECONDS)
    print(f"{part.name}: {time.monotonic() - start:.1f} s")
    return True


def restarts(layout, uploads, guests):
    """Restarts the API processes one after the other, several times, under load that must not notice."""
    token = user(layout.port, "hey")
    form, kind = multipart("blank.png")
    body = layout.database.folder / "form"
    body.write_bytes(form)
    base = f"http://127.0.0.1:{layout.port}"
    bearer = ["-H", f"Authorization: Bearer {token}"]
    reads = Hey(f"{base}/user", "-c", "8", *bearer)
    writes = Hey(f"{base}/images", "-c", "4", "-m", "POST", "-T", kind, "-D", str(body), *bearer)
    for load in (uploads, guests):
        load.start()
    ended = []
    for _ in range(ROUNDS):
        for api in layout.api:
            ended.append(api.end())
            api.start()
            before = uploads.done
            eventually("uploads to go on", lambda: uploads.done > before, TASK_SECONDS)
    (read, read_report), (written, write_report) = reads.end(), writes.end()
    for load in (uploads, guests):
        load.end()
    print(f"{len(ended)} restarts: GET /user {read}, POST /images {written}, uploads {uploads.done}, registrations {guests.done}")
    yield report("API processes end by themselves", ended == [0] * len(ended))
    yield report("no reader notices a restart", passed(read, 200, read_report))
    yield report("no writer notices a restart", passed(written, 201, write_report))
    yield report("neither does who uploads or registers", not shown(uploads.troubles + guests.troubles))
    kept = sum(1 for _ in Client(layout.port, token).listed("/images"))
    yield report("there are as many images as were accepted", kept == written.get(201))


def shown(found):
    """Prints what was found, and hands it on."""
    for one in found:
        print(one)
    return found


def passed(statuses, expected, whole):
    """Whether there were answers, all of this status."""
    held = set(statuses) == {expected} and "Error distribution" not in whole
    if not held:
        print(whole)
    return held


def all_kept(load):
    """Whether nothing that a user was promised is lost, once all of it is read."""
    eventually("every task to end", lambda: load.open_tasks() == 0, TASK_SECONDS)
    return not shown(list(load.losses()))


def got_mails(layout, promised):
    """Whether a mail came for everybody."""

    def missing():
        return promised - set(layout.mail.recipients())

    try:
        eventually("the mails", lambda: not missing(), MAIL_SECONDS)
    except AssertionError:
        shown([f"no mail came for {address}" for address in missing()])
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
