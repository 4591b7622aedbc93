"""YAML files, variables and overlays -> models; every mistake with its file, line, column and key."""
