"""The spiders: `articles` for any site or page, and one for each site that needs its own."""
