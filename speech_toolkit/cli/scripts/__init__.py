"""The scripts: a module for each command, called by the file of its name at the top."""
