"""Users who upload and register all the time, and remember what they were promised."""

import hashlib
import http.client
import itertools
import json
import pathlib
import re
import signal
import subprocess
import threading
import uuid

IMAGES = pathlib.Path(__file__).parents[1].resolve() / "images"
# Short ones, and now and then one that takes a while.
PICTURES = ["hello.png", "hello.png", "hello.png", "hello.png", "a4.png"]
LINE = "line-between-parts"
# Nothing of what is asked here may take so long.
SECONDS = 60


class Client:
    """One connection that is kept, and opened anew when it breaks."""

    def __init__(self, port, token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method, path, body=None, headers=None):
        """The status and the body of the answer; fails where there is none."""
        try:
            self.connection.request(method, path, body, self.headers | (headers or {}))
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise NoAnswer(f"{method} {path}: {error!r}") from error

    def post(self, path, body):
        """Posts JSON."""
        return self.call("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    def demand(self, status, method, path, body=None):
        """The JSON of an answer that must have this status."""
        given, content = self.post(path, body) if method == "POST" else self.call(method, path)
        assert given == status, f"{method} {path}: {given} {content!r}"
        return json.loads(content)

    def listed(self, path):
        """Every item of a list."""
        cursor = ""
        while cursor is not None:
            page = self.demand(200, "GET", f"{path}?limit=100{cursor}")
            yield from page["items"]
            cursor = f"&cursor={page['next_cursor']}" if page.get("next_cursor") else None


class NoAnswer(Exception):
    """A connection broke before the answer was there."""


def multipart(name):
    """A form with a picture, and its content type."""
    head = f'--{LINE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    form = head.encode() + (IMAGES / name).read_bytes() + f"\r\n--{LINE}--\r\n".encode()
    return form, f"multipart/form-data; boundary={LINE}"


def user(port, name):
    """Registers somebody, and gives a token."""
    client, login = Client(port), {"username": name, "password": f"a long walk of {name}"}
    client.demand(201, "POST", "/register", login | {"email": f"{name}@example.org"})
    return client.demand(200, "POST", "/login", login)["access_token"]


class Load(threading.Thread):
    """Does something again and again until it is ended, and counts what was no answer."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.done = 0
        self.troubles = []

    def run(self):
        while not self.over.is_set():
            try:
                trouble = self.once()
            except NoAnswer as error:
                trouble = str(error)
            if trouble:
                self.troubles.append(trouble)
                # Whoever is refused does not knock a thousand times in a second.
                self.over.wait(0.1)
            else:
                self.done += 1

    def end(self):
        """Ends it after what it does now."""
        self.over.set()
        self.join(2 * SECONDS)
        assert not self.is_alive(), "a client still waits for its answer"


class Uploads(Load):
    """A user's uploads, each read by a worker."""

    def __init__(self, port, name):
        super().__init__()
        self.client = Client(port, user(port, name))
        self.pictures = itertools.cycle(PICTURES)
        # By idempotency key: the picture, and the answer once there is one.
        self.sent = {}
        self.answers = {}

    def once(self):
        key = str(uuid.uuid4())
        self.sent[key] = next(self.pictures)
        if trouble := self.upload(key):
            return trouble
        # Waits for its end, so that there are never many.
        path = f"/tasks/{self.answers[key]['task_id']}?wait=2"
        status, body = self.client.call("GET", path)
        return None if status == 200 else f"GET {path}: {status} {body!r}"

    def upload(self, key):
        """Uploads, perhaps not for the first time, under this key: what was wrong, if anything was."""
        form, kind = multipart(self.sent[key])
        headers = {"Content-Type": kind, "Idempotency-Key": key}
        status, body = self.client.call("POST", "/upload?languages=eng", form, headers)
        if status != 202:
            return f"POST /upload: {status} {body!r}"
        self.answers[key] = json.loads(body)
        return None

    def is_answered(self, key):
        """Whether an upload that was in doubt is answered now."""
        try:
            return key in self.answers or not self.upload(key)
        except NoAnswer:
            return False

    def open_tasks(self):
        """How many tasks are not finished."""
        tasks = self.client.listed("/tasks")
        return sum(task["status"] in ("queued", "running") for task in tasks)

    def losses(self):
        """What is not as it was promised, once every task has ended and every upload was answered."""
        images = [image["id"] for image in self.client.listed("/images")]
        tasks = {task["task_id"]: task for task in self.client.listed("/tasks")}
        if len(images) != len(self.sent) or len(tasks) != len(self.sent):
            yield f"{len(self.sent)} uploads made {len(images)} images and {len(tasks)} tasks"
        for key, name in self.sent.items():
            answer = self.answers[key]
            task = tasks.get(answer["task_id"], {})
            if answer["image_id"] not in images or task.get("image_id") != answer["image_id"]:
                yield f"{answer} is gone"
                continue
            if task["status"] != "succeeded":
                yield f"{task} did not succeed"
                continue
            text = self.client.demand(200, "GET", f"/tasks/{answer['task_id']}")["result"]["text"]
            if text.split() != (IMAGES / name).with_suffix(".txt").read_text().split():
                yield f"{answer}: {name} was read as {text!r}"
            status, content = self.client.call("GET", f"/images/{answer['image_id']}/content")
            if status != 200 or hashlib.sha256(content).digest() != digest(name):
                yield f"{answer}: the image is another ({status})"


class Registrations(Load):
    """People who register, each of whom gets a mail."""

    def __init__(self, port, name):
        super().__init__()
        self.client = Client(port)
        self.name = name
        self.promised = set()

    def once(self):
        # Whose registration failed may be there all the same, so the next name is another.
        name = f"{self.name}{len(self.promised) + len(self.troubles)}"
        address = f"{name}@example.org"
        status, body = self.client.post("/register", {"username": name, "email": address, "password": f"long walk of {name}"})
        if status != 201:
            return f"POST /register: {status} {body!r}"
        self.promised.add(address)
        # One hash after the other would leave no core to anybody else.
        self.over.wait(0.5)
        return None


def digest(name):
    """The SHA-256 of a picture."""
    return hashlib.sha256((IMAGES / name).read_bytes()).digest()


class Hey:
    """The load generator `hey`, on connections that it keeps."""

    def __init__(self, url, *arguments):
        command = ["hey", "-z", "10m", "-t", str(SECONDS), *arguments, url]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self):
        """Ends it: the number of answers by status, and its whole report, which tells of broken connections."""
        self.process.send_signal(signal.SIGINT)
        report, _ = self.process.communicate(timeout=2 * SECONDS)
        statuses = {int(status): int(count) for status, count in re.findall(r"\[(\d{3})\]\s+(\d+) responses", report)}
        return statuses, report
