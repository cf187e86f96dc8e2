"""Names of event types and keys that this project writes; permanent. Pure."""

NS = "social.ownroom"

# State
BRIDGE = f"{NS}.bridge"  # the lease: which bot may publish a room
PROFILE = f"{NS}.profile"  # the owner's wishes; its existence is the consent
ACTOR = f"{NS}.actor"  # what the world sees: id, keys, day of creation
KEY = f"{NS}.key"  # control room: a sealed key and where its actor's rooms are
DECISION = f"{NS}.decision"  # control room: what the admins decided, of whom
MIRROR = f"{NS}.mirror"  # whose posts a room repeats
GHOST = f"{NS}.actor"  # in a ghost's profile: the remote actor it speaks for

# Events, and keys within them
OBJECT = f"{NS}.object"
POST = f"{NS}.post"
ALT = f"{NS}.alt"  # of a file: what it shows, for who cannot see it
FOCUS = f"{NS}.focus"  # of a picture: what must stay in sight, "0.5,-0.25"
PART = f"{NS}.part"  # of a file of a post: which one, and whence it is
RECEIPT = f"{NS}.receipt"
LEDGER = f"{NS}.ledger"
TOMBSTONE = f"{NS}.tombstone"

MESSAGE_PROFILE = "com.beeper.per_message_profile"  # MSC4144, while it is open

# MSC4501 is open and its names may still change: they live here alone.
SOCIAL = "org.matrix.msc4501.social"
PROFILE_ROOM_TYPE = f"{SOCIAL}.profile"
GROUP_ROOM_TYPE = f"{SOCIAL}.group"
PROFILE_USER = f"{SOCIAL}.profile_user_id"

# So are MSC4221 and MSC3245.
BANNER = "page.codeberg.everypizza.room.banner"
VOICE = "org.matrix.msc3245.voice"
AUDIO = "org.matrix.msc1767.audio"
BRIDGED = ("m.bridge", "uk.half-shot.bridge")  # MSC2346, as it is called and as clients read it
# The owner's custom emoji: as the specification names it, and as clients still do.
PACKS = ("m.room.image_pack", "im.ponies.room_emotes")
