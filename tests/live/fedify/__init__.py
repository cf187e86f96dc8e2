"""Fedify as a peer: another implementation, both directions, over both kinds of signature.

What comes there is compared as its own classes read it (`read`), what goes out is made by them.
"""
