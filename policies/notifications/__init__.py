"""What is told to whom, and in which words: pure, without a database or a network."""
