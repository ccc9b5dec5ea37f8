"""Reading delimited text: encodings, dialects, the fast way and the careful way."""
