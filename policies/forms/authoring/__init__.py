"""The studio's controls: names of inputs are paths into the document; the one parser answers."""
