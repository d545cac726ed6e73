"""The machine underneath: threads."""

from saegim.runtime.threads import set_threads, threads

__all__ = ["set_threads", "threads"]
