"""What a hostile pickle holds; readers under test must refuse it. It only makes a file, in the tests' folder."""

import os


class Call:
    """Pickles as a call of os.system."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)
