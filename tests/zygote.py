"""Runs commands of newscrawl at a time of one's choosing, each in a process of its own, without waiting for imports.

It reads a JSON object a line from standard input, forks, lets the child's clock begin at the time that is asked for, and
calls the command line there: locks, signals, exit codes and memory are those of real processes.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import time_machine

from newscrawl.demo.site import load_publishers, publisher_resources
from newscrawl.items import Page
from newscrawl.stages import clean

LOADED = (
    "newscrawl.cli.crawl", "newscrawl.cli.run", "newscrawl.cli.report", "newscrawl.spiders.articles", "newscrawl.pipelines",
    "newscrawl.extensions", "newscrawl.recording", "newscrawl.addons", "newscrawl.cli.status", "scrapy.core.engine",
    "scrapy.extensions.logstats", "scrapy.core.downloader.handlers.http11", "twisted.names.client", "scrapy.extensions.remote_control", "fastwarc.warc", "isal.igzip", "newscrawl.settings",
    "newscrawl.spiders.source", "newscrawl.spiders.newsgram", "scrapy.downloadermiddlewares.cookies",
    "scrapy.downloadermiddlewares.httpcache", "scrapy.downloadermiddlewares.httpcompression", "scrapy.downloadermiddlewares.httpproxy", "scrapy.extensions.throttle", "scrapy.extensions.feedexport",
)  # fmt: skip


def main() -> None:
    """Serve until standard input ends."""
    for name in LOADED:
        import_module(name)
    # Models and word lists are read with the first page of a language.
    for publisher in load_publishers():
        url = publisher.articles[0].url
        clean(Page(body=publisher_resources(publisher)[url].body, url=url))
    assert "twisted.internet.reactor" not in sys.modules
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _run(asked: dict[str, Any]) -> dict[str, Any]:
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _be_child(asked)
    killer = None
    if asked.get("kill_after"):
        killer = threading.Timer(asked["kill_after"], os.kill, (pid, signal.SIGKILL))
        killer.start()
    _, status, usage = os.wait4(pid, 0)
    if killer:
        killer.cancel()
    return {
        "code": os.waitstatus_to_exitcode(status), "rss": usage.ru_maxrss, "cpu": usage.ru_utime + usage.ru_stime,
        "seconds": time.monotonic() - begun,
    }  # fmt: skip


def _be_child(asked: dict[str, Any]) -> None:
    from newscrawl.cli import main as call

    code = 70
    try:
        os.chdir(asked["folder"])
        os.environ.update(asked.get("environment", {}))
        time.tzset()
        said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(said, stream)
        with time_machine.travel(asked["now"], tick=True):
            code = call(asked["arguments"])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
