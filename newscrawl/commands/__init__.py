"""Commands of the Scrapy project, added through COMMANDS_MODULE."""
