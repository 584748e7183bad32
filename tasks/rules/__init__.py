"""Routing rules: work that moves by itself. What admins write is in tasks.models.setup.

events.py       what has happened: a version that was written, or a wait that got too long
conditions.py   of which events a rule is about
waits.py        from the versions of Tasks and messages, how long something has waited
acts.py         what a rule does, through the same actions as people
engine.py       once for each event, in one transaction
rehearsal.py    what a rule would have done, without doing it
"""
