"""What work needs of the outside: credentials."""
