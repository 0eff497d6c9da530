"""Devices, processes, compilation and memory."""
