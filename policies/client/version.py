"""Which client this is, as its wheel and its requests say it."""

VERSION = "0.2.0"
