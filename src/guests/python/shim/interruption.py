"""What SIGINT and SIGTERM do in this process."""


class Interruption:
    """
    Nothing, because a supervisor may signal the whole group, and when to stop is told over the control channel. Except once, for the
    main thread of a script that serves in another one.
    """

    is_due = False

    def __call__(self, _number, _frame):
        if self.is_due:
            self.is_due = False
            raise KeyboardInterrupt


interruption = Interruption()
