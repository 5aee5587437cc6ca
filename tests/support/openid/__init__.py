"""OpenID providers for tests: a real one in a process of its own, and one of ours that does what no honest one does."""
