"""What the catalogue says: as a document of a day, and of models that retire. Reads only."""
