"""The command line. Each command is one small file: arguments -> library call -> output."""
