"""The command line of AKKD: parses, shows progress, translates errors; holds no science."""
