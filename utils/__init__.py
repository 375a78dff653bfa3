"""Helpers of the book "From Lines to Labels": `data`, `training`, `plotting` and `explore`.

Everything that a lesson teaches is written out in the lesson first; what stands here is what later
lessons use so that they need not write it again.
"""
