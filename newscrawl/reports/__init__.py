"""What runs did and what the cleaner did to a page, for people and for machines."""
