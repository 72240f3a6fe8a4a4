"""Which recordings a run is about: files, directories and manifests, checked before all else."""
