"""What work costs, and who pays."""
