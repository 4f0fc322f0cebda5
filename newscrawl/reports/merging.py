"""Put the reports of several runs together: what was done is added up, how things are is the latest's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from newscrawl.reports.building import merged_host, merged_mishaps, top_pages
from newscrawl.reports.model import Report, SourceReport
from newscrawl.reports.record import HostReport


def merged(reports: Sequence[Report]) -> Report:
    """Put reports together, the oldest first; its exit code is the worst one.

    >>> merged([Report(run="a", code=4, reasons=("x",)), Report(run="b", code=0)]).code
    4
    """
    if len(reports) == 1:
        return reports[0]
    last = reports[-1]
    sources = dict[str, SourceReport]()
    for report in reports:
        for name, source in report.sources.items():
            sources[name] = _both(sources[name], source) if name in sources else source
    bad = Counter(report.code for report in reports if report.code)
    # In the order in which one run would choose.
    code = next((code for code in (1, 5, 4, 3) if code in bad), 0)
    codes = ", ".join(f"{number} with {code}" for code, number in sorted(bad.items(), key=str))
    return replace(
        last,
        run=f"{reports[0].run}–{last.run}",
        started=reports[0].started,
        runs=sum(report.runs for report in reports),
        code=code,
        reasons=_latest_reasons(reports),
        line=f"{len(reports)} runs{f'; not all ended with 0: {codes}' if codes else ''}",
        crawls=tuple(crawl for report in reports for crawl in report.crawls),
        sources=sources,
        slowest=top_pages((page for report in reports for page in report.slowest), "seconds"),
        heaviest=top_pages((page for report in reports for page in report.heaviest), "bytes"),
        mishaps=merged_mishaps([one for report in reports for one in report.mishaps]),
    )


def _latest_reasons(reports: Sequence[Report]) -> tuple[str, ...]:
    """Give each reason once, as it was said last: how long a source is quiet changes from run to run."""
    found = dict[str, str]()
    for report in reports[::-1]:
        for why in report.reasons:
            found.setdefault(why.partition(": ")[0], why)
    return tuple(found.values())


def _both(before: SourceReport, after: SourceReport) -> SourceReport:
    hosts = dict[str, HostReport](before.hosts)
    for name, host in after.hosts.items():
        hosts[name] = merged_host(hosts[name], host) if name in hosts else host
    return replace(
        after,
        ends=dict(sorted((Counter(before.ends) + Counter(after.ends)).items())),
        is_asked=before.is_asked or after.is_asked,
        # Who was not asked in the last run is as the last one found that asked.
        troubles=after.troubles if after.is_asked else before.troubles,
        hosts=hosts,
    )
