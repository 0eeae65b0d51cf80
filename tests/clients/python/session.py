"""A session with Ocellus: `session.py ADDRESS IMAGE` prints the text of an image and leaves nothing behind."""

import pathlib
import sys
from typing import TypeVar

from httpx import Timeout
from ocellus import AuthenticatedClient, Client
from ocellus.api.accounts import delete_user, get_user, login, register
from ocellus.api.images import delete_image, get_image, upload_image
from ocellus.api.tasks import get_task, submit_task
from ocellus.api.text import get_image_text
from ocellus.models import LoginRequest, NewTask, Problem, RegisterRequest, TaskKind, TaskStatus, Text, UploadImageBody
from ocellus.types import File

USERNAME = "ada_of_python"
PASSWORD = "a long and private phrase"

Answer = TypeVar("Answer")


def main(address: str, picture: pathlib.Path) -> None:
    """The session, with assertions of what a reader may rely on."""
    stranger = Client(base_url=address)

    # An account.
    account = RegisterRequest(username=USERNAME, email="ada@python.example", password=PASSWORD)
    user = given(register.sync(client=stranger, body=account))
    assert not user.email_verified

    # Whatever goes wrong is a problem, with a code to act on.
    refused = login.sync(client=stranger, body=LoginRequest(username=USERNAME, password="another phrase"))
    assert isinstance(refused, Problem) and refused.code == "invalid_credentials"

    # A login: its client sends the token with every request.
    tokens = given(login.sync(client=stranger, body=LoginRequest(username=USERNAME, password=PASSWORD)))
    ada = AuthenticatedClient(base_url=address, token=tokens.access_token, timeout=Timeout(60))

    # An image.
    with picture.open("rb") as file:
        body = UploadImageBody(file=File(payload=file, file_name=picture.name))
        image = given(upload_image.sync(client=ada, body=body))
    assert image.filename == picture.name

    # Its text, with every word's box and confidence.
    text = given(get_image_text.sync(image.id, client=ada))
    assert all(word.confidence > 50 and word.box.width > 0 for page in text.pages for word in page.words)
    print(text.text)

    # The same as a task, for whichever worker is free; the answer comes when it is done, but no later than in 30 seconds.
    submitted = given(submit_task.sync(client=ada, body=NewTask(kind=TaskKind.OCR, image_id=image.id)))
    task = given(get_task.sync(submitted.task_id, client=ada, wait=30))
    assert task.status == TaskStatus.SUCCEEDED
    assert isinstance(task.result, Text) and task.result.text == text.text

    # Deleted, the image is gone, and so is the account with everything that it owned.
    assert delete_image.sync(image.id, client=ada) is None
    gone = get_image.sync(image.id, client=ada)
    assert isinstance(gone, Problem) and gone.code == "not_found"
    assert delete_user.sync(client=ada) is None
    nobody = get_user.sync(client=ada)
    assert isinstance(nobody, Problem) and nobody.status == 401


def given(answer: Answer | Problem | None) -> Answer:
    """What an answer gives; a problem is raised."""
    if isinstance(answer, Problem):
        raise RuntimeError(f"{answer.code}: {answer.detail}")
    if answer is None:
        raise RuntimeError("an answer that the specification does not know")
    return answer


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
