"""What the scripts share at the terminal: arguments, reports, progress, exit codes."""
