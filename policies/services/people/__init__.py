"""What belongs to one person, whatever their teams: personal tokens."""
