"""Ray's own command, which takes 127.0.0.1 for a slip and listens at the machine's other address instead. Where all nodes are
processes of one machine the loopback address is meant."""
import sys

from ray._private import services

services.resolve_ip_for_localhost = lambda host: host

from ray.scripts.scripts import main  # noqa: E402  pylint: disable=wrong-import-position

sys.argv[0] = "ray"
sys.exit(main())
