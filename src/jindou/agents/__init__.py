"""Work assistants and what they do."""
