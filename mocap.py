"""Motion capture in the shell: `python3 mocap.py capture VIDEO --output DIR`. Needs only Python 3.11 or later."""

import sys

if sys.version_info < (3, 11):
    sys.exit("mocap.py needs Python 3.11 or later; this is Python %d.%d (%s). Run it with a newer one, for example: "
             "python3.12 mocap.py" % (sys.version_info[0], sys.version_info[1], sys.executable))

from mpsnet_blender.client.terminal import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
