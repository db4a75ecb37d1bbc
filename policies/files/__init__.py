"""Documents from and to files: YAML, whole workflows, archives, documents to start from. Pure."""
