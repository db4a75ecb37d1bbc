"""What puts a release in force or keeps it back: publication, rollback and promotion, schedules,
break-glass with its review debt, freeze windows.
"""
