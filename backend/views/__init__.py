"""Two to four videos of one moment become one: time, people, cameras, and one body from all pictures."""
