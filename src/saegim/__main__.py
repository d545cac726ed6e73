"""`python -m saegim` is the command `saegim`."""

from __future__ import annotations

from saegim.cli.main import main

raise SystemExit(main())
