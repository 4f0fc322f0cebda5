"""The project under a real scrapyd: deployed as the wheel that is built here, and beside a scrapy.cfg."""

import json
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import uuid
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from tests.conftest import ROOT, proxied
from tests.test_due import BASE, HOST, TITLES
from tests.web import Web, site

FAST: Final = ("AUTOTHROTTLE_ENABLED=0", "DOWNLOAD_DELAY=0")
CONFIGURATION: Final = """
[scrapyd]
http_port = {port}
poll_interval = 0.2
max_proc = 1
eggs_dir = eggs
logs_dir = logs
items_dir = items
dbs_dir = dbs
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what is deployed, as docs/scheduling.md says."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a Python that has all packages that the project needs, scrapyd, and not the project."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "newscrawl" not in entry.name:
            (packages / entry.name).symlink_to(entry)
    python = folder / "bin" / "python"
    result = subprocess.run(
        [python, "-c", "import newscrawl"], cwd=folder, check=False, capture_output=True, text=True
    )
    assert "No module named 'newscrawl'" in result.stderr
    return python


class Scrapyd:
    """A scrapyd that runs, and its API."""

    project = "newscrawl"

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def get(self, name: str, **values: str) -> dict[str, Any]:
        return self._answer(f"{self.url}/{name}?{urlencode(values)}")

    def post(self, name: str, **values: str | tuple[str, ...]) -> dict[str, Any]:
        return self._answer(f"{self.url}/{name}", urlencode(values, doseq=True).encode())

    def deploy(self, egg: Path) -> dict[str, Any]:
        """Upload a file as `curl -F egg=@…` does."""
        mark = uuid.uuid4().hex
        fields = {"project": self.project, "version": "1"}
        head = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += f'--{mark}\r\nContent-Disposition: form-data; name="egg"; filename="{egg.name}"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        body = head.encode() + egg.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        request = urllib.request.Request(
            f"{self.url}/addversion.json",
            body,
            {"Content-Type": f"multipart/form-data; boundary={mark}"},
        )
        return self._answer(request)

    def run(self, spider: str, *settings: str, **arguments: str) -> str:
        """Schedule a crawl, wait for its end, and give its log."""
        settings = (f"NEWSCRAWL_STATE={self.folder / 'state' / 'state.db'}", *FAST, *settings)
        job = self.post("schedule.json", project=self.project, spider=spider, setting=settings, **arguments)["jobid"]  # fmt: skip
        until = time.monotonic() + 60
        while job not in self.finished():
            assert time.monotonic() < until, self.get("listjobs.json", project=self.project)
            time.sleep(0.1)
        self.job = job
        path = self.folder / "logs" / self.project / spider / f"{job}.log"
        return path.read_text(encoding="utf-8")

    def finished(self) -> list[str]:
        return [job["id"] for job in self.get("listjobs.json", project=self.project)["finished"]]

    def items(self, spider: str) -> list[str]:
        """Give the titles in the feed of the last job."""
        path = self.folder / "items" / self.project / spider / f"{self.job}.jl"
        return sorted(json.loads(line)["title"] for line in path.read_bytes().splitlines())

    def stored(self) -> list[str]:
        paths = (self.folder / "state" / "articles").rglob("*.jsonl")
        return sorted(
            json.loads(line)["title"] for path in paths for line in path.read_bytes().splitlines()
        )

    def _answer(self, request: Any, data: bytes | None = None) -> dict[str, Any]:
        with self.open(request, data, timeout=60) as response:
            answer: dict[str, Any] = json.loads(response.read())
        assert answer["status"] == "ok", answer
        return answer


@contextmanager
def scrapyd(python: Path | str, folder: Path, proxy: str) -> Iterator[Scrapyd]:
    """Start scrapyd in a folder, on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "scrapyd.conf").write_text(CONFIGURATION.format(port=port), encoding="utf-8")
    said = (folder / "said.txt").open("wb")
    process = subprocess.Popen(
        [python, "-m", "scrapyd"], cwd=folder, env={**proxied(proxy), "HOME": str(folder)}, stdout=said, stderr=said
    )  # fmt: skip
    service = Scrapyd(folder, port)
    try:
        _wait_for(service, process)
        yield service
    finally:
        process.terminate()
        process.wait(timeout=20)
        said.close()


def _wait_for(service: Scrapyd, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while True:
        try:
            service.get("daemonstatus.json")
            return
        except OSError:
            assert process.poll() is None, (service.folder / "said.txt").read_text()
            assert time.monotonic() < until
            time.sleep(0.1)


def test_the_wheel_is_deployed_and_its_spiders_run(
    tmp_path: Path, wheel: Path, bare_python: Path
) -> None:
    with Web(site(HOST, TITLES)) as web, scrapyd(bare_python, tmp_path, web.proxy) as service:
        assert service.deploy(wheel)["spiders"] > 80
        spiders = service.get("listspiders.json", project="newscrawl")["spiders"]
        assert {"articles", "newsgram", "reuters.com"} <= set(spiders)

        # A worker is a process of its own, which has to find the wheel too.
        log = service.run("articles", "NEWSCRAWL_WORKERS=1", site=f"{BASE}/")
        assert "Traceback" not in log
        assert "'newscrawl/totals_add_up': True" in log
        assert service.stored() == service.items("articles") == sorted(TITLES)

        log = service.run("articles", site=f"{BASE}/")
        assert "'newscrawl/totals_add_up': True" in log
        assert service.stored() == sorted(TITLES)
        assert service.items("articles") == []

        asked = len(web.log)
        service.run("articles", "NEWSCRAWL_DUE=1", site=f"{BASE}/")
        assert len(web.log) == asked


def test_scrapyd_beside_the_project_needs_no_deployment(tmp_path: Path) -> None:
    shutil.copy(ROOT / "scrapy.cfg", tmp_path)
    with Web(site(HOST, TITLES)) as web, scrapyd(sys.executable, tmp_path, web.proxy) as service:
        assert service.get("listprojects.json")["projects"] == ["default"]
        service.project = "default"
        log = service.run("articles", url=next(url for url in web.pages if "/2026/" in url))
        assert "'newscrawl/totals_add_up': True" in log
        assert len(service.stored()) == 1
