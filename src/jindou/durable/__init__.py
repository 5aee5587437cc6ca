"""Work that survives the process."""
