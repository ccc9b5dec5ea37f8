"""Reports: self-contained pages for people and JSON for programs, made from results."""
