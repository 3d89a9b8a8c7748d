"""The one exception that is meant for the user's eyes: bad input, told in a single clear line."""


class UserError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what to do.

    The programs print it as one line and exit with status 2; nothing else is caught that way.
    """
