"""What every other room stands on: errors, registry, settings, files, text, progress."""
