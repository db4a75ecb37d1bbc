"""What is measured of outcomes: pure functions over exact sums. No Django here."""
