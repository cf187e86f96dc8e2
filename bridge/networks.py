"""The networks. A third is one folder and one line here."""

from bridge.activitypub.network import ActivityPub
from bridge.matrix.network import Matrix
from bridge.network import Network

NETWORKS: dict[str, Network] = {"activitypub": ActivityPub(), "matrix": Matrix()}
