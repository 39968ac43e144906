"""Tests against the real server, its real agent runtime and the scripted model."""
