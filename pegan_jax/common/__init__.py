"""Holds what every part of the program uses: errors, files, the command line."""
