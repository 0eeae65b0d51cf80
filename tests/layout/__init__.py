"""The processes of docker/compose.yaml, started without containers."""
