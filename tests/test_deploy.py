"""What is in deploy/: read by the linters and schemas of those who run it, and held against the program that it calls.

No engine and no cluster is needed, and no network. `kubectl`, which puts the manifests together, and `systemd-analyze` are used
where they are installed.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import tomli
import yaml
from compose_spec import PyCompose
from packaging.requirements import Requirement

from newscrawl import settings
from newscrawl.cli import _parser
from newscrawl.scheduling import GRACE, Plan
from newscrawl.scheduling.kubernetes import FOLDER, kubernetes_files

ROOT: Final = Path(__file__).parents[1]
DEPLOY: Final = ROOT / "deploy"
MANIFESTS: Final = tuple(
    path for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")) if path.stem != "kustomization"
)
SCRIPTS: Final = tuple(sorted((DEPLOY / "image").iterdir()))
UNIT: Final = DEPLOY / "systemd" / "newscrawl-worker@.service"
CONTAINERFILE: Final = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
GUIDE: Final = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
BIN: Final = Path(sys.executable).parent
RELEASES: Final = ("1.27", "1.32", "1.37")
"""Of Kubernetes: the first that knows all the manifests use, and the last whose schema is installed, among them."""
LEAVES: Final = 10
"""Seconds within which a worker has left."""
CALLED: Final = re.compile(
    r"^newscrawl (?=\w)|\S+/bin/newscrawl |-- newscrawl |compose exec (?:-T )?worker newscrawl "
    # Its words stand behind the entrypoint of the image.
    r"|compose run --rm worker "
)
"""In a line for a shell, where the words begin that newscrawl gets."""
NOT_KEPT: Final = ("deploy/.env", "deploy/secrets/", "deploy/kubernetes/secret.env")


class Strict(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Refuses a key that stands twice, of which YAML's reader would take the last without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: a key stands twice: {keys}"
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def read(path: Path) -> list[dict[str, Any]]:
    return list(yaml.load_all(path.read_text(encoding="utf-8"), Strict))


def compose() -> dict[str, Any]:
    [found] = read(DEPLOY / "compose.yaml")
    return found


def resources() -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for path in MANIFESTS for one in read(path)}


def pod(kind: str) -> dict[str, Any]:
    spec = resources()[kind]["spec"]
    found: dict[str, Any] = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]["spec"]
    return found


def containers() -> dict[str, dict[str, Any]]:
    return {kind: pod(kind)["containers"][0] for kind in ("Deployment", "CronJob", "StatefulSet")}


def instruction(name: str) -> list[str]:
    """Give what the last instruction of a name says, in the image that comes out."""
    found = re.findall(rf"^{name} (.*)$", CONTAINERFILE, re.MULTILINE)[-1]
    words: list[str] = yaml.safe_load(found) if found.startswith("[") else shlex.split(found)
    return words


def unit() -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE))


# -- their own linters ---------------------------------------------------------------------------


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    said = subprocess.run(
        [BIN / "hadolint", "--no-color", "--failure-threshold", "style", DEPLOY / "Containerfile"],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in_the_scripts(script: Path) -> None:
    said = subprocess.run(
        [BIN / "shellcheck", "--norc", "--enable", "quote-safe-variables", script],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert (said.returncode, said.stdout) == (0, "")
    assert os.access(script, os.X_OK)


def test_the_compose_file_follows_the_compose_specification() -> None:
    # It reads no merged keys (<<); YAML's reader has put them in.
    read_back = PyCompose.from_yaml(yaml.safe_dump(compose()))
    assert sorted(read_back.service_names()) == ["postgres", "scheduler", "worker"]
    with pytest.raises(ValueError, match="restrat"):
        PyCompose.from_yaml("services: {worker: {image: 'newscrawl:1', restrat: always}}")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_manifests_follow_the_schemas_of_kubernetes(path: Path, release: str) -> None:
    for resource in read(path):
        kubernetes_validate.validate(resource, release, strict=True)


def test_kubernetes_schemas_refuse_what_kubernetes_would() -> None:
    [job] = read(DEPLOY / "kubernetes" / "cronjob.yaml")
    job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["restartPolicies"] = "Never"
    with pytest.raises(kubernetes_validate.ValidationError, match="restartPolicies"):
        kubernetes_validate.validate(job, RELEASES[-1], strict=True)


def test_the_kustomization_names_every_manifest() -> None:
    [found] = read(DEPLOY / "kubernetes" / "kustomization.yaml")
    assert sorted(found["resources"]) == [path.name for path in MANIFESTS]
    assert found["images"] == [{"name": "newscrawl", "newTag": version("newscrawl")}]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl")
def test_kubectl_puts_the_manifests_together(tmp_path: Path) -> None:
    folder = tmp_path / "kubernetes"
    shutil.copytree(DEPLOY / "kubernetes", folder, ignore=shutil.ignore_patterns("secret.env"))
    (folder / "secret.env").write_text("PGPASSWORD=not a secret\n", encoding="utf-8")
    said = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, check=True, text=True
    ).stdout
    found = list(yaml.load_all(said, Strict))
    names = {one["kind"]: one["metadata"]["name"] for one in found}
    assert set(names) == {*resources(), "ConfigMap", "Secret"}
    for one in found:
        kubernetes_validate.validate(one, RELEASES[-1], strict=True)
    # Who reads them follows when their names change with what is in them.
    assert said.count(f"configMapRef:\n{' ' * 12}name: {names['ConfigMap']}\n") == 1
    assert len(re.findall(rf"\bname: {names['Secret']}$", said, re.MULTILINE)) == 4


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_worker(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    # It says too where the program of ExecStart is not there.
    copy.write_text(text.replace("/srv/venv/bin/newscrawl", "/bin/sh"), encoding="utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, check=False, text=True,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "info"},
    )  # fmt: skip
    complaints = [line for line in said.stderr.splitlines() if str(tmp_path) in line]
    assert (said.returncode, complaints) == (0, [])


# -- the program that is called ------------------------------------------------------------------


def calls() -> Iterator[tuple[str, list[str]]]:
    """Give every command line of newscrawl in deploy/ and its guide, and where it stands."""
    entry = instruction("ENTRYPOINT")
    yield "Containerfile", [*entry, *instruction("CMD")]
    for name in ("worker", "scheduler"):
        service = compose()["services"][name]
        yield f"compose: {name}", [*service.get("entrypoint", entry), *service["command"]]
    for kind in ("Deployment", "CronJob"):
        yield kind, containers()[kind]["command"]
    yield UNIT.name, shlex.split(unit()["ExecStart"])
    for line in commands_of(GUIDE):
        if match := CALLED.search(line):
            yield line, ["newscrawl", *shlex.split(line[match.end() :], comments=True)]


def commands_of(text: str) -> list[str]:
    """Give the lines of the blocks that a person copies to a shell, those that go on put together."""
    blocks = re.findall(r"^```(.*?)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = (
        "".join(block for language, block in blocks if not language)
        .replace("\\\n", " ")
        .splitlines()
    )
    return [re.split(r"\s(?:[|>]|&&)\s", line)[0] for line in lines if line.strip()]


CALLS: Final = list(calls())


@pytest.mark.parametrize(("where", "words"), CALLS, ids=[where for where, _ in CALLS])
def test_newscrawl_takes_every_command_line(where: str, words: list[str]) -> None:
    begin = next(at for at, word in enumerate(words) if word.rpartition("/")[2] == "newscrawl")
    arguments = words[begin + 1 :]
    options = _parser(arguments).parse_args(arguments)
    assert options.run, where
    for setting in getattr(options, "settings", []):
        name, equals, _ = setting.partition("=")
        assert equals
        assert hasattr(settings, name), f"{where}: {name}"


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and not path.name.startswith("requirements")]
    + [ROOT / "docs" / "deployment.md"],
    ids=lambda path: path.name,
)  # fmt: skip
def test_every_setting_is_one(path: Path) -> None:
    if path.relative_to(ROOT).as_posix().startswith(NOT_KEPT):
        return
    names = set(re.findall(r"NEWSCRAWL_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
    assert {name for name in names if not hasattr(settings, name)} == set()


def test_the_cron_job_is_the_one_that_is_printed() -> None:
    plan = Plan(name="newscrawl", every=5, max_time=270, folder=FOLDER)
    printed = kubernetes_files(
        plan, image=f"newscrawl:{version('newscrawl')}", claim="newscrawl-data"
    )
    expected = yaml.safe_load(printed.files["newscrawl.yaml"])
    found = resources()["CronJob"]
    for job in (expected, found):
        template = job["spec"]["jobTemplate"]["spec"]["template"]
        [container] = template["spec"]["containers"]
        # Where the state is, and what is to count as a failure; by which labels it is found.
        container.pop("envFrom", None)
        container["command"] = container["command"][:6]
        del job["metadata"]["labels"], template["metadata"]["labels"]
    assert found == expected
    assert resources()["PersistentVolumeClaim"]["metadata"]["name"] == "newscrawl-data"


def test_the_image_and_those_who_run_it_agree() -> None:
    assert instruction("WORKDIR") == [FOLDER]
    [volume] = instruction("VOLUME")
    [user] = instruction("USER")
    assert volume == f"{FOLDER}/data"
    for kind in ("Deployment", "CronJob"):
        container, context = containers()[kind], pod(kind)["securityContext"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == user
        assert f"{context['fsGroup']}" == user.partition(":")[2]
        assert container["workingDir"] == FOLDER
        assert volume in {mount["mountPath"] for mount in container["volumeMounts"]}
    for name in ("worker", "scheduler"):
        assert compose()["services"][name]["volumes"] == [f"data:{volume}"]
    # Only the image's own shell scripts need a shell: signals reach newscrawl itself.
    assert instruction("ENTRYPOINT") == ["newscrawl"]
    assert "exec /opt/newscrawl/bin/newscrawl" in (DEPLOY / "image" / "newscrawl").read_text()


def test_nobody_is_root_or_writes_to_the_image() -> None:
    for kind, container in containers().items():
        assert pod(kind)["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert container["resources"]["limits"]["memory"]
    for name in ("worker", "scheduler"):
        service = compose()["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_there_is_time_to_leave() -> None:
    services = compose()["services"]
    worker, scheduler = (services[name]["stop_grace_period"] for name in ("worker", "scheduler"))
    graces = [worker, unit()["TimeoutStopSec"], pod("Deployment")["terminationGracePeriodSeconds"]]
    assert all(LEAVES < int(str(grace).rstrip("s")) <= 2 * LEAVES for grace in graces)
    assert scheduler == f"{GRACE}s"
    assert pod("CronJob")["terminationGracePeriodSeconds"] == GRACE
    assert all(service["restart"] == "unless-stopped" for service in services.values())
    assert unit()["Restart"] == "always"


def test_there_are_three_workers_of_different_names() -> None:
    assert compose()["services"]["worker"]["scale"] == 3
    assert resources()["Deployment"]["spec"]["replicas"] == 3
    assert "$(POD_NAME)" in containers()["Deployment"]["command"]
    assert "%i" in unit()["ExecStart"]


# -- pins and secrets ----------------------------------------------------------------------------


def test_images_are_pinned() -> None:
    python = re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    [base] = re.findall(r"^ARG PYTHON_IMAGE=(\S+)", CONTAINERFILE, re.MULTILINE)
    assert set(python) == {"${PYTHON_IMAGE}"}
    own = f"newscrawl:{version('newscrawl')}"
    services, pods = compose()["services"], containers()
    assert {services[name]["image"] for name in ("worker", "scheduler")} == {own}
    assert {pods[kind]["image"] for kind in ("Deployment", "CronJob")} == {own}
    assert services["postgres"]["image"] == pods["StatefulSet"]["image"]
    for image in (base, services["postgres"]["image"]):
        assert re.fullmatch(r"[a-z]+:\d+\.\d+[\w.-]*", image), image
    assert int(re.findall(r"postgres:(\d+)", services["postgres"]["image"])[0]) >= 15
    assert own in GUIDE


def pins(name: str) -> dict[str, set[str]]:
    """Give the versions of a file of pins, each of which has hashes."""
    found: dict[str, set[str]] = {}
    for entry in (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "").splitlines():
        requirement, *hashes = entry.split("--hash=")
        project, _, release = requirement.partition(";")[0].strip().partition("==")
        assert release, entry[:80]
        assert hashes, entry[:80]
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", one) for one in hashes)
        found.setdefault(project, set()).add(release)
    return found


def wanted(*extras: str, groups: tuple[str, ...] = ()) -> list[Requirement]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        table = tomli.load(file)
    project = table["project"]
    texts = [text for extra in extras for text in project["optional-dependencies"][extra]]
    texts += [text for group in groups for text in table["dependency-groups"][group]]
    return [Requirement(text) for text in texts + (project["dependencies"] if extras else [])]


@pytest.mark.parametrize(
    ("name", "requirements"),
    [
        ("deploy/requirements.txt", wanted("postgres", "remote", "ops")),
        ("deploy/requirements-s3.txt", wanted("postgres", "remote", "ops", groups=("s3",))),
        ("deploy/requirements-build.txt", wanted(groups=("build",))),
    ],
)
def test_the_image_has_what_the_project_asks_for(
    name: str, requirements: list[Requirement]
) -> None:
    found = pins(name)
    for one in requirements:
        releases = found.get(one.name.lower().replace("_", "-"), set())
        assert releases, f"{one.name} is not in {name}: run make lock"
        assert all(one.specifier.contains(release) for release in releases), f"{one}: make lock"


def test_the_image_has_the_versions_that_are_tested() -> None:
    tested = pins("constraints.txt")
    for name in ("deploy/requirements.txt", "deploy/requirements-build.txt"):
        for project, releases in pins(name).items():
            assert releases <= tested[project], f"{project} in {name}: run make lock"
    plain, remote = pins("deploy/requirements.txt"), pins("deploy/requirements-s3.txt")
    # What s3fs does not take as the others have it.
    assert {name for name in plain if plain[name] != remote[name]} <= {"python-dateutil"}


def test_no_secret_is_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert set(NOT_KEPT) <= set(ignored)
    example = (DEPLOY / "kubernetes" / "secret.env.example").read_text(encoding="utf-8")
    assert re.findall(r"^#?(\w+)=(.+)$", example, re.MULTILINE) == []
    for name, service in compose()["services"].items():
        for variable, value in service["environment"].items():
            assert "PASSWORD" not in variable or value.startswith("/run/secrets/"), (name, variable)
    assert "Secret" not in resources()
    for kind, container in containers().items():
        for one in container["env"]:
            assert "PASSWORD" not in one["name"] or "valueFrom" in one, (kind, one)


def test_the_build_sees_what_it_copies_and_no_more() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.*) \S+$", CONTAINERFILE, re.MULTILINE)
    for source in " ".join(copied).replace("${REQUIREMENTS}", "requirements.txt").split():
        assert (ROOT / source).exists(), source
        assert any(source.startswith(rule.partition("*")[0]) for rule in kept), source


# -- the scripts of the image, run ---------------------------------------------------------------


def test_every_calls_again_and_hands_the_signal_on(tmp_path: Path) -> None:
    called = tmp_path / "called"
    script = (
        f"import pathlib, signal, sys, time\npath = pathlib.Path({str(called)!r})\n"
        "count = len(path.read_text()) if path.exists() else 0\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), path.write_text('ended'), sys.exit(1)))\n"
        "path.write_text('x' * (count + 1))\nif count == 2: time.sleep(60)\nsys.exit(4)\n"
    )
    process = subprocess.Popen([DEPLOY / "image" / "every", "0", sys.executable, "-c", script])
    try:
        wait_until(lambda: called.exists() and called.read_text() == "xxx")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
    # It has waited for the command to end.
    assert called.read_text() == "ended"


def test_every_leaves_at_once_while_it_waits(tmp_path: Path) -> None:
    called = tmp_path / "called"
    process = subprocess.Popen([DEPLOY / "image" / "every", "600", "touch", called])
    try:
        wait_until(called.exists)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
    finally:
        process.kill()


def wait_until(is_so: Any) -> None:
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"PGPASSWORD_FILE": "{file}"}, "it's 100% \\n $HOME"),
        ({"PGPASSWORD_FILE": "{file}", "PGPASSWORD": "mine"}, "mine"),
        ({}, "none"),
    ],
)
def test_the_password_is_read_from_the_secret(
    tmp_path: Path, given: dict[str, str], expected: str
) -> None:
    (tmp_path / "secret").write_text("it's 100% \\n $HOME\n", encoding="utf-8")
    (tmp_path / "newscrawl").write_text(
        '#!/bin/sh\nprintf "%s\\n" "${PGPASSWORD-none}" "$@"\n', encoding="utf-8"
    )
    (tmp_path / "newscrawl").chmod(0o755)
    text = (DEPLOY / "image" / "newscrawl").read_text(encoding="utf-8")
    script = tmp_path / "script"
    script.write_text(text.replace("/opt/newscrawl/bin", str(tmp_path)), encoding="utf-8")
    variables = {name: value.format(file=tmp_path / "secret") for name, value in given.items()}
    said = subprocess.run(
        ["/bin/sh", script, "status", "a b"], env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    assert said.splitlines() == [expected, "status", "a b"]


def test_a_secret_that_cannot_be_read_is_no_empty_password(tmp_path: Path) -> None:
    said = subprocess.run(
        ["/bin/sh", DEPLOY / "image" / "newscrawl", "status"], capture_output=True, check=False, text=True,
        env={"PATH": "/usr/bin:/bin", "PGPASSWORD_FILE": str(tmp_path / "gone")},
    )  # fmt: skip
    assert said.returncode != 0
    assert "gone" in said.stderr
