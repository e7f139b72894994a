"""Statistics of binary diagnostic scores: one method per module, each with its source.

Conventions everywhere: positive class = 1; a higher score is more positive and the direction is never
flipped; positive means score >= threshold; a difference is first minus second; arithmetic is float64.
What is not defined comes back as None beside a `status` and a `reason`; it is never a console warning.
"""
