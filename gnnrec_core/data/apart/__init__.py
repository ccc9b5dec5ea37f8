"""Reading a source in a child process with caps on memory and time."""
