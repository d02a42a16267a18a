"""What was heard lately, once more."""
