"""The downloader's side of the crawl: which addresses are asked for, how often, and with what headers."""
