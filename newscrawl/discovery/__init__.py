"""Find articles: feeds, sitemaps, and links on pages. Pure functions over what was fetched."""
