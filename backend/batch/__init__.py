"""Many videos: which they are, what became of each, the processes that capture them, and a page that shows the results."""
