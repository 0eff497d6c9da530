"""Every stage in one command, from folders to a page with the answer."""
