"""The machine underneath: its threads."""

from saegim.runtime.threads import follow_environment, set_threads, threads

__all__ = ["follow_environment", "set_threads", "threads"]
