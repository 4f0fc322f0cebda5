"""The exceptions newscrawl raises; expected trouble with a page is a `Rejected` value instead.

NewscrawlError
├── UsageError       the caller asked for something that cannot be done (exit code 2)
├── InputError       a file or line that cannot be read as what it was said to be
├── StateError       the crawl state is damaged, locked, too new, or cannot be written
│   └── TakenError   another run is at work on the source
├── ArchiveError     raw responses cannot be kept
├── ClusterError     an executor is not there or was lost, or a worker is not as this machine is
├── ReportError      a report, its page or the metrics cannot be written, or a notice not be sent
└── DataError        a file of our own reference data, or of the user's, is wrong
"""


class NewscrawlError(Exception):
    """Anything newscrawl raises on purpose; its text is one line that says what to do."""


class UsageError(NewscrawlError):
    """A command or call that makes no sense as given."""


class InputError(NewscrawlError):
    """An input that is not there, not readable, or not of the stated form."""


class ArchiveError(NewscrawlError):
    """The archive of raw responses cannot be written."""


class ClusterError(NewscrawlError):
    """A cluster that does not answer or was lost, or a worker whose lines would be others than this machine's."""


class ReportError(NewscrawlError):
    """A report that cannot be written, or a notice that cannot be sent; what was crawled is not touched by it."""


class StateError(NewscrawlError):
    """A crawl state that cannot be used as it is; the text says what to do."""


class NoStateError(StateError):
    """There is no crawl state yet."""


class TakenError(StateError):
    """A source that another run is at work on."""


class DataError(NewscrawlError):
    """A reference file that breaks its own format; the text names file and key."""
