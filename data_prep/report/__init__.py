"""Says what a folder holds before a build, and what a build did."""
