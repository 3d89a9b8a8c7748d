"""The one exception that is meant for the user's eyes: bad input, told in a single clear line."""

import errno

FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}  # Windows has not all


class UserError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what to do.

    The programs print it as one line and exit with status 2; nothing else is caught that way.
    """


def why(error: OSError) -> str:
    """Return the system's own reason for an error; only of a full disk, that room must be made."""
    reason = error.strerror or str(error)
    return f"{reason}; make room" if error.errno in FULL else reason
