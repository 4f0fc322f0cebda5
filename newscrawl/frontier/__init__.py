"""Feed Scrapy from the crawl state: through ``start()`` and a spider middleware, with no private API.

`FrontierMiddleware` puts what a spider asks for into the frontier, hands the engine what can be claimed, and
acks a lease when all that its page gave has come to an end. What it needs of a spider is nothing: requests
are written down as Scrapy itself writes them (`Request.to_dict`).
"""

from newscrawl.frontier.hosts import HostMiddleware
from newscrawl.frontier.middleware import FrontierMiddleware
from newscrawl.frontier.versions import Versions

__all__ = ["FrontierMiddleware", "HostMiddleware", "Versions"]
