"""How fast, and how much at once, questions are kept: measured inside a replica, on both databases."""
