"""Columns of text become ids, numbers and times, with an account of every repair."""
