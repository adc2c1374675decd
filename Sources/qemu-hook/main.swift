import Glibc

// Nothing is buffered, so nothing is left to do at exit.
_exit(Hook.run(arguments: CommandLine.arguments))
