"""A process at a terminal."""

import os
import pty
import select
import signal


class Terminal:
    """A process at a terminal, whose keyboard and screen are ours."""

    def __init__(self, forking, *arguments):
        keyboard, screen = pty.openpty()
        self._process = forking.start("as_installed", arguments, screen=screen)
        os.close(screen)
        self._keyboard = keyboard
        self.screen = ""

    def wait_for(self, text):
        while text not in self.screen:
            assert self._read(), self.screen

    def _read(self):
        ready, _, _ = select.select([self._keyboard], [], [], 30)
        assert ready, self.screen
        try:
            self.screen += os.read(self._keyboard, 65536).decode()
        except OSError:  # the process has ended
            return False
        return True

    def type(self, text):
        os.write(self._keyboard, text.encode())

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def end(self):
        try:
            while self._read():
                pass
        except AssertionError:
            self._process.kill()
            raise
        code = self._process.wait(30)
        self._process.close()
        os.close(self._keyboard)
        return code
