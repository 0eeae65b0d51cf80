"""The servers beside the program, each private to the check: PostgreSQL, RabbitMQ, S3, mail and nginx."""

import email
import os
import pathlib
import pwd
import shutil
import subprocess

from .processes import Process, eventually, listens, says

ROOT = pathlib.Path(__file__).parents[2].resolve()

# Debian's `rabbitmq-server` changes the user and forgets the environment, so what it calls is preferred.
RABBITMQ = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
DATABASE_USER = "postgres"
# Debian's is where only root looks.
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def secrets(folder):
    """The passwords and keys of an installation, made as docker/compose.yaml makes them."""
    subprocess.run(["sh", ROOT / "docker" / "make_secrets.sh", folder], check=True)
    return lambda name: (folder / name).read_text()


def postgres(folder, port, password_file, watchdog):
    """A cluster with the role and the database `ocellus`."""
    programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    data = folder / "database"
    data.mkdir(mode=0o700)
    prefix = []
    if os.geteuid() == 0:
        # It refuses to run as root.
        user = pwd.getpwnam(DATABASE_USER)
        os.chown(data, user.pw_uid, user.pw_gid)
        prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    first = ["--auth=scram-sha-256", "--username=ocellus", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run(
        [*prefix, programs / "initdb", "--pgdata", data, f"--pwfile={password_file}", *first],
        cwd="/",
        stdout=subprocess.DEVNULL,
        check=True,
    )
    command = [*prefix, programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def answers(_):
        asked = ["--quiet", "--host=127.0.0.1", f"--port={port}"]
        return subprocess.run([programs / "pg_isready", *asked], check=False).returncode == 0

    process = Process("database", command, folder, watchdog, answers, environment)
    process.start()
    url = f"postgresql://ocellus:{password_file.read_text()}@127.0.0.1:{port}"
    subprocess.run([programs / "createdb", f"--maintenance-db={url}/postgres", "ocellus"], check=True)
    process.query = lambda statement: subprocess.run(
        [programs / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement, f"{url}/ocellus"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    return process


class RabbitMq(Process):
    """A node of RabbitMQ."""

    def __init__(self, folder, port, distribution_port, login, watchdog):
        home = folder / "queue"
        home.mkdir()
        (home / "rabbitmq.conf").write_text(f"{login}\nlisteners.tcp.1 = 127.0.0.1:{port}\n")
        (home / "plugins").write_text("[].\n")
        (home / "environment").touch()
        self.node = f"ocellus_layout_{port}@localhost"
        self.home = home
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "environment"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            # Only this machine may connect, and idle schedulers must not spin on it.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
            ),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        program = next(filter(None, map(shutil.which, RABBITMQ)))
        greeting = b"AMQP\x00\x00\x09\x01"
        self.port = port

        def answers(_):
            # It has booted so far that its process id is known.
            return (home / "pid").exists() and says(port, greeting, b"\x01\x00\x00")

        super().__init__("queue", [program], folder, watchdog, answers, environment)

    def start(self):
        (self.home / "pid").unlink(missing_ok=True)
        super().start()

    def kill(self):
        """Ends it once it has written down which queues it has: RabbitMQ 3.10 does so half a second after one was declared,
        and a queue that it forgot comes back without a leader, and so of no use."""
        names = self.home / "data" / self.node / "quorum" / self.node / "names.dets"
        # A DETS file: the number behind the first eight bytes is 0 from a change until all of it is on the disk.
        eventually("RabbitMQ to save its queues", lambda: names.read_bytes()[8:12] not in (b"", bytes(4)), 60)
        super().kill()
        # The name is given up when the name server sees the connection to the node break.
        eventually("RabbitMQ's port to be closed", lambda: not listens(self.port), 60)


def storage(folder, port, program, secret, watchdog):
    """An S3 server that checks signatures, with the bucket `ocellus`."""
    command = [program, folder / "storage", f"127.0.0.1:{port}", "ocellus"]
    environment = {"S3_SECRET_ACCESS_KEY": secret}
    return Process("storage", command, folder, watchdog, lambda _: listens(port), environment)


class Mail(Process):
    """A mail server that keeps what it accepts."""

    def __init__(self, folder, port, python, watchdog):
        self.box = folder / "mails"
        keeping = ["--nosetuid", "--class", "aiosmtpd.handlers.Mailbox", self.box]
        command = [python, "-m", "aiosmtpd", "--listen", f"127.0.0.1:{port}", *keeping]
        super().__init__("mail", command, folder, watchdog, lambda _: says(port, b"", b"220"))

    def recipients(self):
        """Whom the mails went to that it accepted, in any order."""
        return [email.message_from_bytes(path.read_bytes())["To"] for path in self.box.glob("new/*")]


def nginx_configuration(folder, port, api_ports):
    """Writes what docker/nginx.conf says, save for the addresses and the folder that it writes to: the file."""
    text = (ROOT / "docker" / "nginx.conf").read_text()
    own = folder / "nginx"
    own.mkdir()
    exchanged = {"listen 8080;": f"listen 127.0.0.1:{port};", "/tmp/": f"{own}/"}
    for number, api_port in enumerate(api_ports, 1):
        exchanged[f"server api-{number}:8080 "] = f"server 127.0.0.1:{api_port} "
    for shipped, here in exchanged.items():
        assert shipped in text, f"docker/nginx.conf holds no {shipped}"
        text = text.replace(shipped, here)
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    return configuration


def nginx(folder, port, api_ports, watchdog):
    """nginx as it is shipped, before these ports."""
    configuration = nginx_configuration(folder, port, api_ports)
    live = b"GET /health/live HTTP/1.0\r\n\r\n"
    command = [NGINX, "-c", configuration, "-g", "daemon off;"]
    return Process("proxy", command, folder, watchdog, lambda _: says(port, live, b"HTTP/1.1 200"))
