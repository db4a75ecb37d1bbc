"""Teams, what they own and the rules they set: members, workflows and environments, contracts of
components, answers to the decision questions.

Stands above `review/`, because a changed rule, owner or role settles the open change requests.
"""
