"""Collects experience: by this process, by several, or by Ray's actors, with one and the same result.

A worker computes the policy for the whole row of environments at each step, and has only its share of them: products of
matrices of other sizes are summed in another order, and the last bit of a probability would depend on how many workers
there are. The random numbers of an iteration come from its number, those of an episode from the environment's and its
own; so a share is a function of the parameters and of where its environments are, and is simply done again where a
worker dies.
"""
