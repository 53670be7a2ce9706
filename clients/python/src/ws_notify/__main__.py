"""`python -m ws_notify` is `ws-notify`."""

from ws_notify.cli.main import main

raise SystemExit(main())
