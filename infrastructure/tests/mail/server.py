"""A mail server for the tests: `server.py PLAN`, where the plan is JSON.

    tls       "wrapped" (TLS from the first byte), "starttls" or absent
    folder    of certificate.pem and key.pem, where there is TLS
    login     {"user", "password"}: who may log in, and must; absent: nobody can
    anywhere  true: the login is offered without TLS, too
    answers   {"MAIL" | "RCPT" | "DATA" | "AUTH": "550 ..."}: what is answered instead
    smtputf8  true: addresses of any script are known

What happens is told on standard output, one JSON object in each line: first the port, then `heard` with what a client
said and whether that was `secure`, and `mail` with what was delivered. The end of standard input ends the server, as soon
as nobody is connected.
"""

import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

PLAN = json.loads(sys.argv[1])
ANSWERS = PLAN.get("answers", {})
CONNECTED = set()

# Some of what is tested is careless on purpose.
warnings.simplefilter("ignore")
logging.disable()


def tell(**event):
    print(json.dumps(event), flush=True)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if "MAIL" in ANSWERS:
            return ANSWERS["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" in ANSWERS:
            return ANSWERS["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "DATA" in ANSWERS:
            return ANSWERS["DATA"]
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        parts = list(message.iter_parts())
        tell(
            mail={
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "secure": is_secure(server),
                "authenticated": bool(session.authenticated),
                "headers": {name: str(value) for name, value in message.items()},
                "type": message.get_content_type(),
                "parts": [{"type": part.get_content_type(), "content": part.get_content()} for part in parts],
                "defects": [repr(defect) for part in [message, *parts] for defect in part.defects],
                "longest_line": max(map(len, envelope.original_content.split(b"\r\n"))),
            }
        )
        return "250 OK"


def is_secure(server):
    return PLAN.get("tls") == "wrapped" or server._tls_protocol is not None


class Server(SMTP):
    """Tells what it hears, and knows who is connected."""

    def connection_made(self, transport):
        CONNECTED.add(self)
        super().connection_made(transport)

    def connection_lost(self, error):
        CONNECTED.discard(self)
        super().connection_lost(error)

    def data_received(self, data):
        tell(heard=data.decode("utf-8", "replace"), secure=is_secure(self))
        super().data_received(data)


def authenticate(server, session, envelope, mechanism, given):
    wanted = PLAN["login"]
    if (given.login, given.password) == (wanted["user"].encode(), wanted["password"].encode()):
        return AuthResult(success=True)
    return AuthResult(success=False, handled=False, message=ANSWERS.get("AUTH"))


def make_server(context):
    starttls = PLAN.get("tls") == "starttls"
    login = "login" in PLAN
    protected = starttls and not PLAN.get("anywhere")
    return Server(
        Handler(),
        hostname="mail.test",
        ident="test",
        enable_SMTPUTF8=PLAN.get("smtputf8", False),
        tls_context=context if starttls else None,
        auth_require_tls=protected,
        auth_required=login,
        auth_exclude_mechanism=None if login else ["LOGIN", "PLAIN"],
        authenticator=authenticate if login else None,
    )


async def main():
    context = None
    if "tls" in PLAN:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PLAN["folder"] + "/certificate.pem", PLAN["folder"] + "/key.pem")
    loop = asyncio.get_running_loop()
    wrapping = context if PLAN.get("tls") == "wrapped" else None
    server = await loop.create_server(lambda: make_server(context), "127.0.0.1", 0, ssl=wrapping)
    tell(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    for _ in range(100):
        if not CONNECTED:
            break
        await asyncio.sleep(0.02)


asyncio.run(main())
