"""The floor plan of docs/architecture.md as data: which room may include which."""

# A room is a folder, or one header of a folder. "base" means base/ without base/net.
ALLOWED = {
    "base": (),
    "base/net": ("base",),
    "rules": ("base",),
    "probes": ("base", "base/net", "rules/signal.h"),
    "daemon/oncall": ("base",),
    "daemon/incident": ("base", "rules", "daemon/oncall"),
    "daemon/http": ("base", "base/net"),
    "daemon/store": ("base", "rules", "daemon/oncall", "daemon/incident"),
    "daemon/alerts": ("base", "base/net", "rules", "daemon/http"),
    "daemon/deliver": ("base", "base/net", "rules", "daemon/oncall", "daemon/incident", "daemon/store"),
    "daemon/page": ("base", "base/net", "rules", "daemon/oncall", "daemon/incident", "daemon/http"),
    "daemon/admin": ("base", "base/net", "rules", "daemon/oncall", "daemon/incident", "daemon/http"),
    "daemon/config": ("base", "base/net", "rules", "probes", "daemon/oncall", "daemon/incident", "daemon/http",
                      "daemon/store", "daemon/alerts", "daemon/deliver", "daemon/page", "daemon/admin"),
    "daemon/ctl": ("base", "base/net", "rules", "probes", "daemon/store", "daemon/config"),
    # The files directly in daemon/ wire everything together; candorctl is another program.
    "daemon": ("base", "base/net", "rules", "probes", "daemon/oncall", "daemon/incident", "daemon/http", "daemon/store",
               "daemon/alerts", "daemon/deliver", "daemon/page", "daemon/admin", "daemon/config"),
}

# Functions of (state, input, now): no I/O, so not these either, although they lie in base.
PURE = ("rules", "daemon/oncall", "daemon/incident")
NOT_FOR_PURE = ("base/log.h",)


def room_of(path):
    """The room that a file (relative, with slashes) belongs to; None outside the house."""
    parts = path.split("/")[:-1]
    while parts:
        room = "/".join(parts)
        if room in ALLOWED:
            # daemon/ itself is only for the files directly in it; an unknown folder below it is no room.
            return None if room == "daemon" and path.count("/") > 1 else room
        parts.pop()
    return None


def may_include(room, path):
    """Whether a file of `room` may include the header `path`."""
    if room in PURE and path in NOT_FOR_PURE:
        return False
    target = room_of(path)
    return target == room or target in ALLOWED[room] or path in ALLOWED[room]


def library_of(room):
    """The CMake library of a room: the last part of its name."""
    return "candor_" + room.rsplit("/", 1)[-1]


LIBRARIES = {library_of(room): room for room in ALLOWED}
