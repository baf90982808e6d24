"""A reporter for tests that do not look at messages."""


class QuietReporter:
    def progress(self, *_):
        pass

    def check(self):
        pass
