"""Composition: loads zones, binds addresses, wires transports to the responder, ends in order.

Here and nowhere else settings meet the layers that obey them. Knows what each layer is for and
nothing of its inside; prints nothing, which is the command's business.
"""
