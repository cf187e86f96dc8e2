"""Two Ownroom servers, each on a homeserver of its own, with nothing between them but ActivityPub.

alice lives in the one, bert in the other; they follow each other. What one of them does in Element
must stand in the other's rooms, and what is for few must stand nowhere else.
"""
