"""Decide: is a new model good enough to ship, how large must an experiment be, what did it say, which settings to take.

Above `audit` and `explain`, whose figures, tests and ledgers it joins: `gate`, `plan`, `read` (of an experiment's log),
`search`.
"""
