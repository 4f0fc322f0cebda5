"""Scrapy settings: polite by default, within limits, and all stages in ITEM_PIPELINES."""

import os
from importlib.metadata import version

# Scrapy takes names in capitals for settings.
from newscrawl.state.place import DEFAULT as default_state

BOT_NAME = "newscrawl"
SPIDER_MODULES = ["newscrawl.spiders"]
NEWSPIDER_MODULE = "newscrawl.spiders"
# Makes a spider of each publisher file.
SPIDER_LOADER_CLASS = "newscrawl.spiders.source.SourceSpiderLoader"
COMMANDS_MODULE = "newscrawl.commands"

# The name is what sites address in robots.txt; add an address to write to with -s USER_AGENT=….
USER_AGENT = f"newscrawl/{version('newscrawl')} (news article crawler; obeys robots.txt)"
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "newscrawl"

# One request at a time and host, and as long between them as the host takes to answer.
CONCURRENT_REQUESTS = 32
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 0.5
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0

DOWNLOAD_TIMEOUT = 30
DOWNLOAD_MAXSIZE = 20_000_000
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_FAIL_ON_DATALOSS = True
REDIRECT_MAX_TIMES = 5
RETRY_TIMES = 2
DEPTH_LIMIT = 8
COOKIES_ENABLED = False
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "*",
}
# Neither may be reached from the network.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# Scrapy would make the delay shorter as often as longer.
DOWNLOAD_DELAY_JITTER = 0.0

ADDONS = {"newscrawl.addons.Politeness": 90, "newscrawl.addons.CrawlState": 100}
TWISTED_DNS_RESOLVER = "newscrawl.downloading.guard.GuardedResolver"

ITEM_PIPELINES = {
    "newscrawl.pipelines.InWorkers": 50,
    "newscrawl.pipelines.Extract": 100,
    "newscrawl.pipelines.NormaliseDates": 200,
    "newscrawl.pipelines.NormaliseAttribution": 300,
    "newscrawl.pipelines.CleanText": 400,
    "newscrawl.pipelines.Judge": 500,
    "newscrawl.pipelines.InRange": 600,
}
EXTENSIONS = {
    "newscrawl.extensions.Accounting": 100,
    "newscrawl.extensions.ProgressLine": 110,
    "newscrawl.recording.Recorder": 120,
}
FEED_EXPORTERS = {
    "jsonl": "newscrawl.exporters.ArticleLinesExporter",
    "jsonlines": "newscrawl.exporters.ArticleLinesExporter",
    "jl": "newscrawl.exporters.ArticleLinesExporter",
}
FEED_EXPORT_ENCODING = "utf-8"
LOG_LEVEL = "INFO"

# The crawl state: a file, or postgresql://… for one that many machines share; empty for none: then each crawl is
# Scrapy's own and fetches everything again. The environment may name it, so that a password stands in no file.
NEWSCRAWL_STATE = default_state
# Whether a crawl shares its job with others that are at work on it, and the number of the worker that runs it.
NEWSCRAWL_JOINS = False
NEWSCRAWL_WORKER = 0
# Whether a crawl only puts what it starts with, for those who take what is due.
NEWSCRAWL_LATER = False
# Whether raw responses are kept, as WARC files; and for single sources, by registered domain.
NEWSCRAWL_ARCHIVE = True
NEWSCRAWL_ARCHIVE_SOURCES: dict[str, bool] = {"default": True}
# Their folder; empty for `raw` beside the state, and without a state none are kept.
NEWSCRAWL_ARCHIVE_FOLDER = ""
# gz, which every tool reads, or zst; and the bytes of a file from which on another is begun.
NEWSCRAWL_ARCHIVE_PACKING = "gz"
NEWSCRAWL_ARCHIVE_BYTES = 1_000_000_000
# The folder of the article files; empty for `articles` beside the state. Shared storage is named by an address of fsspec,
# such as s3://bucket/articles.
NEWSCRAWL_ARTICLES = os.environ.get("NEWSCRAWL_ARTICLES", "")
# Ages at which articles are looked at again, by source; a publisher file may state its own.
NEWSCRAWL_REVISITS = {"default": "1h 6h 24h 7d"}

# Seconds between two requests that a robots.txt may ask for; what asks for more gets this.
NEWSCRAWL_MAX_CRAWL_DELAY = 120.0
# Requests at a time to all hosts of one registered domain.
NEWSCRAWL_CONCURRENT_REQUESTS_PER_SOURCE = 4
# Requests to one host in a run; what is found beyond is counted, and left for a later one.
NEWSCRAWL_MAX_PAGES_PER_HOST = 100_000
# Seconds that a run waits for a host that asks to be left alone; what is longer is left for the next run.
NEWSCRAWL_PATIENCE = 120.0
# Whether hosts of private networks may be asked: for a site of one's own, never for strangers' links.
NEWSCRAWL_PRIVATE_ADDRESSES = False
# Folders and list files of publisher files, with colons between them; empty for what the environment variable
# of the same name says, else data/sources.
NEWSCRAWL_SOURCES = ""
# Headers for a source alone, by registered domain: {"example.org": {"Cookie": "consent=yes"}}.
NEWSCRAWL_HEADERS: dict[str, dict[str, str]] = {}
# Sources whose pages are drawn by scripts, by registered domain: they are rendered in Chromium (extra "render").
NEWSCRAWL_RENDER: list[str] = []
# The browser; empty for the system's Chromium.
NEWSCRAWL_BROWSER = ""
# Domains besides its own that a source may lead to, by registered domain: {"example.org": ["example.net"]}.
NEWSCRAWL_ALLOWED: dict[str, list[str]] = {}
# Whether lists, too, are looked at only when their time has come; `newscrawl run --due` sets it.
NEWSCRAWL_DUE = False

# Seconds and requests after which a crawl asks for nothing more, and ends what is under way; 0 for no limit. What is left is
# for the next run.
NEWSCRAWL_MAX_SECONDS = 0
NEWSCRAWL_MAX_REQUESTS = 0
# Bytes that must stay free on the disks that are written to; a crawl that would take more ends before anything is lost.
NEWSCRAWL_LEAST_FREE = 200_000_000
# Crawls that newscrawl run has under way at a time.
NEWSCRAWL_CRAWLS_AT_ONCE = 4

# From when on a source is in trouble: failures in a row of all its lists; ages such as "12h" without anything new, or
# "never", by registered domain. A source that is not named is quiet when its pause is none of its own habit.
NEWSCRAWL_FAILING_AFTER = 3
NEWSCRAWL_QUIET_AFTER: dict[str, str] = {}
# Shares that newscrawl run lets pass before its exit code says so: of pages that failed by a bug (1), of the sources that
# were asked and are in trouble (4), or quiet (3).
NEWSCRAWL_MOST_FAILED = 0.0
NEWSCRAWL_MOST_DEGRADED = 0.0
NEWSCRAWL_MOST_QUIET = 0.0

# Run reports: whether each crawl writes its own (newscrawl run writes one for all), their folder (empty for `runs` beside
# the state), and the days for which they are kept.
NEWSCRAWL_REPORT = True
NEWSCRAWL_REPORTS = ""
NEWSCRAWL_REPORT_DAYS = 90
# Whether newscrawl run writes the page for people too, as latest.html.
NEWSCRAWL_REPORT_PAGE = False
# A file of metrics for Prometheus' node exporter, written when newscrawl run ends; empty for none.
NEWSCRAWL_METRICS = ""
# What newscrawl run tells when sources come into trouble or out of it, or when it fails: a command that gets JSON on its
# standard input, an address that JSON is posted to, addresses to write to (by Scrapy's MAIL_* settings).
NEWSCRAWL_NOTICE_COMMAND = ""
NEWSCRAWL_NOTICE_WEBHOOK = ""
NEWSCRAWL_NOTICE_MAIL: list[str] = []
# Exit codes that are told, and the age after which a trouble that lasts is told again.
NEWSCRAWL_NOTICE_CODES = [1, 3, 4, 5]
NEWSCRAWL_NOTICE_AGAIN = "1d"
# Days for which raw responses are kept; 0 for ever.
NEWSCRAWL_ARCHIVE_DAYS = 0

# Processes that clean the pages, so that the crawl goes on meanwhile; 0 to clean in the crawl's own. With
# them, pipelines between 50 and 500 get articles, not drafts.
NEWSCRAWL_WORKERS = 0
# Seconds and bytes that a page may take a worker.
NEWSCRAWL_PAGE_SECONDS = 60.0
NEWSCRAWL_PAGE_MEMORY = 2_000_000_000

# A file that refused pages are added to, one JSON line each; empty for none.
NEWSCRAWL_REJECTS = ""
# A file made by `newscrawl profile`; what it knows to recur on a source is dropped. Empty for none.
NEWSCRAWL_PROFILES = ""
# The progress line on a terminal.
NEWSCRAWL_PROGRESS = True
