"""Checks the files in docker/ by what can be said of them without an engine: `check_containers.py`."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

from compose_spec import PyOptions

from layout.servers import NGINX, ROOT, nginx_configuration, secrets
from running_program import report

DOCKER = ROOT / "docker"
# A variable of compose.yaml with its default.
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
# Where each service finds its secrets.
SECRETS = "/run/secrets"


def main():
    """Runs every check and prints one line for each, then the sum."""
    text = (DOCKER / "compose.yaml").read_text()
    composed = PyOptions(apply_merge=True).from_yaml(VARIABLE.sub(r"\2", text))
    composed.validate()
    compose = composed.to_dict()
    services = compose["services"]
    outcomes = [
        report("hadolint finds nothing in the Dockerfile", does("hadolint", "--config", DOCKER / "hadolint.yaml", DOCKER / "Dockerfile")),
        report("nothing is named in compose.yaml that there is not", not nothings(compose, services)),
        report("what every service runs is pinned", all(pinned(service) for service in services.values())),
        report("every service has as few rights as it can do with", not mighty(services)),
        report("the only doors are on this machine", all_doors_here(services)),
        report(".env.example holds every variable with its default", variables() == dict(VARIABLE.findall(text))),
        report("the configuration reference names every setting", not unknown_settings(services)),
        report("every secret that is read is made, once, and where it is read", secrets_fit(services)),
        report("the proxy that is trusted is nginx, and its servers are the API's", proxy_fits(services)),
        *nginx_takes_it(),
    ]
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if all(outcomes) else 1


def does(program, *arguments):
    """Whether a program of the virtual environment succeeds; it says itself what is wrong."""
    return subprocess.run([pathlib.Path(sys.executable).with_name(program), *arguments], check=False).returncode == 0


def shown(found):
    """Prints what was found, and hands it on."""
    for one in found:
        print(one)
    return found


def nothings(compose, services):
    """Volumes, networks and services that are named and not there."""
    found = []
    for name, service in services.items():
        found += [f"{name} waits for {other}" for other in service.get("depends_on", {}) if other not in services]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (DOCKER / source).exists() if source.startswith(".") else source in compose["volumes"]
            found += [] if there else [f"{name} mounts {source}"]
        wanted = service.get("depends_on", {}).items()
        found += [
            f"{name} waits for {other} to be healthy, which never says so"
            for other, how in wanted
            if how["condition"] == "service_healthy" and "build" not in services[other] and "healthcheck" not in services[other]
        ]
    return shown(found)


def pinned(service):
    """Whether an image is built here, or has a version."""
    return "build" in service or re.search(r":v?\d[\w.-]*$", service["image"]) is not None


def mighty(services):
    """Services that could do more than they must."""
    found = []
    for name, service in services.items():
        if service.get("privileged") or service.get("network_mode") == "host" or service.get("cap_add"):
            found.append(f"{name} has rights of the machine's own")
        if "no-new-privileges:true" not in service.get("security_opt", []):
            found.append(f"{name} may gain rights")
        # RabbitMQ writes beside its data.
        if not service.get("read_only") and name != "queue":
            found.append(f"{name} may change its image")
        # These two begin as root to hand their data to the user that they run as.
        if service.get("cap_drop") != ["ALL"] and name not in ("database", "queue"):
            found.append(f"{name} keeps root's rights")
    return shown(found)


def all_doors_here(services):
    """Whether every port that is open outside is one of this machine alone."""
    ports = [port for service in services.values() for port in service.get("ports", [])]
    return bool(ports) and all(str(port if isinstance(port, str) else port.get("host_ip")).startswith("127.0.0.1") for port in ports)


def variables():
    """What .env.example sets."""
    lines = (DOCKER / ".env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value.strip('"') for name, value in pairs}


def unknown_settings(services):
    """Settings of the program that the configuration reference does not name."""
    reference = (ROOT / "docs" / "configuration.md").read_text()
    settings = {key for service in services.values() for key in service.get("environment", {}) if key.startswith("OCELLUS__")}
    names = {key.removeprefix("OCELLUS__").removesuffix("_FILE").lower().replace("__", ".") for key in settings}
    return shown([name for name in sorted(names) if f"`{name}`" not in reference])


def secrets_fit(services):
    """Whether what each service reads below /run/secrets is what is made for it."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        read = secrets(folder)
        made = {path.relative_to(folder): path.read_text() for path in folder.rglob("*") if path.is_file()}
        secrets(folder)
        kept = all(read(path) == content and content for path, content in made.items())
    # A volume `api-secrets` is filled by the service `secrets` at /secrets/api.
    targets = dict(volume.split(":")[:2] for volume in services["secrets"]["volumes"])
    missing = []
    for name, service in services.items():
        volumes = dict(volume.split(":")[:2] for volume in service.get("volumes", []))
        place = next((targets.get(source) for source, target in volumes.items() if target == SECRETS), None)
        words = [str(value) for value in service.get("environment", {}).values()] + service.get("command", [])
        for file in re.findall(rf"{SECRETS}/([\w.]+)", " ".join(words)):
            if place is None or pathlib.Path(place).relative_to("/secrets") / file not in made:
                missing.append(f"{name} reads {file}, which nobody makes")
    return kept and not shown(missing)


def proxy_fits(services):
    """Whether nginx.conf and compose.yaml speak of the same machines."""
    servers = set(re.findall(r"server (\S+):8080 ", (DOCKER / "nginx.conf").read_text()))
    apis = {name for name, service in services.items() if "OCELLUS__HTTP__TRUSTED_PROXIES" in service.get("environment", {})}
    proxy = services["proxy"]["networks"]["inside"]["ipv4_address"]
    trusted = {services[name]["environment"]["OCELLUS__HTTP__TRUSTED_PROXIES"] for name in apis}
    # Their names are looked up once, so their addresses must not change.
    fixed = all("ipv4_address" in services[name]["networks"]["inside"] for name in apis)
    return servers == apis and trusted == {f"{proxy}/32"} and fixed


def nginx_takes_it():
    """Whether nginx understands its configuration."""
    if NGINX is None:
        print("nginx is missing, so nginx.conf is not checked; tools/install_packages.sh test installs it")
        return [report("nginx is there", False)] if os.environ.get("CI") == "true" else []
    with tempfile.TemporaryDirectory() as name:
        configuration = nginx_configuration(pathlib.Path(name), 8080, [8081, 8082])
        return [report("nginx understands nginx.conf", subprocess.run([NGINX, "-q", "-t", "-c", configuration], check=False).returncode == 0)]


if __name__ == "__main__":
    sys.exit(main())
