"""What a program takes from a terminal and writes to it, whichever program it is."""
